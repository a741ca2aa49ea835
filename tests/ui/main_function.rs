#[hotpatch::hotpatch]
fn main() {
    println!("once");
}
