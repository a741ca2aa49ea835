use hotpatch::hotpatch;

#[hotpatch(crate)]
fn tick() {}

fn main() {
    tick();
}
