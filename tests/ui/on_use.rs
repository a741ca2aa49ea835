use hotpatch::hotpatch;

#[hotpatch]
pub(crate) use std::mem::drop as let_go;

fn main() {
    let_go(1);
}
