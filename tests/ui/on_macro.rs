use hotpatch::hotpatch;

macro_rules! nothing {
    () => {};
}

#[hotpatch]
nothing! {}

fn main() {}
