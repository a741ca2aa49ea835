use hotpatch::hotpatch;

#[hotpatch]
mod game;

fn main() {}
