#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {
    const LIMIT: u32;
    type Order;
    fn quote(&self) -> u32;
}

fn main() {}
