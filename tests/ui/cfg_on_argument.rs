use hotpatch::hotpatch;

#[hotpatch]
fn tick(#[cfg(debug_assertions)] _step: u32, #[cfg_attr(all(), cfg(any()))] _other: u32) {}

fn main() {
    let _ = tick;
}
