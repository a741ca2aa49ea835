use hotpatch::hotpatch;

#[hotpatch]
unsafe extern "C" fn log(format: *const u8, _: ...) {
    let _ = format;
}

fn main() {
    unsafe { log(std::ptr::null()) };
}
