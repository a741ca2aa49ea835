use hotpatch_module::Shared;

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub struct Empty;

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub struct Pair<T> {
    pub one: T,
    pub other: T,
}

#[derive(Shared, Clone, Copy)]
#[repr(C)]
pub union Bits {
    pub number: u32,
    pub float: f32,
}

#[derive(Shared, Clone, Copy)]
#[repr(u8)]
pub enum Shape {
    Circle(f64),
    Square { side: f64 },
    Point,
}

#[derive(Shared, Clone, Copy)]
#[repr(u8)]
pub enum Never {}

fn main() {}
