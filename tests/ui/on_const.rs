use hotpatch::hotpatch;

#[hotpatch]
const RUN: fn() = main;

fn main() {
    let _ = RUN;
}
