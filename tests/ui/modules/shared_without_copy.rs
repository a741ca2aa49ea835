use hotpatch_module::Shared;

#[derive(Shared)]
#[repr(C)]
pub struct Order {
    pub id: u64,
}

fn main() {}
