use hotpatch::hotpatch;

#[hotpatch]
#[unsafe(naked)]
extern "C" fn tick() {
    core::arch::naked_asm!("ret")
}

fn main() {
    tick();
}
