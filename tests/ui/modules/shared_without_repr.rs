use hotpatch_module::Shared;

#[derive(Shared, Clone, Copy)]
pub struct Order {
    pub id: u64,
}

#[derive(Shared, Clone, Copy)]
#[repr(Rust)]
pub struct Line(u8);

#[derive(Shared, Clone, Copy)]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub enum Kind {
    Goods,
    Service,
}

#[derive(Shared, Clone, Copy)]
#[repr(usize)]
pub enum Size {
    Small,
    Large,
}

fn main() {}
