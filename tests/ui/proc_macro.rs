use hotpatch::hotpatch;

#[hotpatch]
#[proc_macro]
fn tick() {}

fn main() {}
