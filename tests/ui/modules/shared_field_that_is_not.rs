use hotpatch_module::Shared;

#[derive(Clone, Copy)]
pub struct Price(f64);

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub struct Order {
    pub id: u64,
    pub price: Price,
}

fn main() {}
