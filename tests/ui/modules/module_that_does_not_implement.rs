use hotpatch_module::contract;

#[contract(version = "1.0.0")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

#[derive(Default)]
struct Plain;

hotpatch_module::export_module! {
    name: "pricing",
    contract: Pricing => Plain,
}

fn main() {}
