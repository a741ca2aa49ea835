use hotpatch_module::contract;

#[contract(version = "1.0.0")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

#[derive(Default)]
struct Plain;

impl Pricing for Plain {
    fn quote(&self) -> u32 {
        1
    }
}

hotpatch_module::export_module! {
    name: "pricing",
    contract: Pricing => Plain,
    on_load: || "loaded",
}

fn main() {}
