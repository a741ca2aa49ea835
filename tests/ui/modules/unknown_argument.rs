#[hotpatch_module::contract(version = "1.0.0", name = "pricing")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

fn main() {}
