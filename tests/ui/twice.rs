use hotpatch::hotpatch;

#[hotpatch]
#[hotpatch]
fn tick() {}

fn main() {
    tick();
}
