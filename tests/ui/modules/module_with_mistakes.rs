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
    name: "my pricing",
    name: "pricing",
    contract: Pricing => Plain,
    depends: ["" >= "1.0.0"],
}

hotpatch_module::export_module! {
    name: "pricing",
    contracts: [Pricing => Plain],
}

fn main() {}
