use hotpatch::hotpatch;

#[hotpatch]
#[target_feature(enable = "sse2")]
async fn tick() {}

fn main() {
    drop(unsafe { tick() });
}
