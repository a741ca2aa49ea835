use hotpatch_module::contract;

#[contract(version = "1.0.0")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

struct Plain(std::cell::Cell<u32>);

impl Pricing for Plain {
    fn quote(&self) -> u32 {
        self.0.get()
    }
}

hotpatch_module::export_module! {
    name: "pricing",
    contract: Pricing => Plain,
}

fn main() {}
