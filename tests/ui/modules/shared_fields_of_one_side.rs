use hotpatch_module::Shared;

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub struct Order {
    pub size: usize,
    pub name: &'static str,
    pub next: *const u8,
    pub pair: (u8, u8),
    pub maybe: Option<u8>,
    pub call: fn(),
    pub many: [isize; 4],
}

fn main() {}
