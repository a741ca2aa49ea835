use hotpatch::hotpatch;

#[hotpatch]
pub unsafe trait Shape {
    fn area(&self) -> f32;
}

fn main() {
    let _: Option<&dyn Shape> = None;
}
