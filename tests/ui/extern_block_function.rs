use hotpatch::hotpatch;

unsafe extern "C" {
    #[hotpatch]
    safe fn abs(x: i32) -> i32;
}

fn main() {
    abs(-1);
}
