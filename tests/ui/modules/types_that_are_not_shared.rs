#[derive(Clone, Copy)]
pub struct Order {
    pub id: u64,
}

#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {
    fn quote(&self, order: &Order) -> u32;
}

#[hotpatch_module::contract(version = "1.0.0")]
pub trait Orders {
    fn next(&self) -> Vec<Order>;
}

fn main() {}
