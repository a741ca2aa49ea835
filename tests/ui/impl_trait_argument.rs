use hotpatch::hotpatch;

#[hotpatch]
fn run(f: &mut impl FnMut(), label: &str) {
    println!("{label}");
    f();
}

fn main() {
    run(&mut || {}, "label");
}
