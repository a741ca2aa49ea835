use hotpatch::hotpatch;

#[hotpatch]
#[target_feature(enable = "sse2")]
fn tick() {}

fn main() {
    unsafe { tick() };
}
