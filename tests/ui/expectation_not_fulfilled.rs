#![deny(warnings)]
use hotpatch::hotpatch;

#[hotpatch]
#[expect(unused_variables)]
fn tick(step: u32) -> u32 {
    step
}

fn main() {
    tick(1);
}
