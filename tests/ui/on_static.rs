use hotpatch::hotpatch;

#[hotpatch]
static COUNT: u32 = 1;

fn main() {
    println!("{COUNT}");
}
