use hotpatch::hotpatch;

#[hotpatch]
enum Kind {
    One,
}

fn main() {
    let _ = Kind::One;
}
