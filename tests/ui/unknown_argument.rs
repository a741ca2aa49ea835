use hotpatch::hotpatch;

#[hotpatch(name = "tick")]
fn tick() {}

fn main() {
    tick();
}
