use hotpatch::hotpatch;

#[hotpatch]
fn show<T: std::fmt::Debug, U>(value: T, _: U) {
    println!("{value:?}");
}

fn main() {
    show(1, 2);
}
