use hotpatch::hotpatch;

#[hotpatch]
#[cfg_attr(all(), track_caller)]
fn tick() {}

fn main() {
    tick();
}
