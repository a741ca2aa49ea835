use hotpatch::hotpatch;

#[hotpatch]
const fn answer() -> u32 {
    42
}

const ANSWER: u32 = answer();

fn main() {
    println!("{ANSWER}");
}
