use hotpatch::hotpatch;

trait Shape {
    #[hotpatch]
    fn area(&self) -> f32;
}

fn main() {
    let _: Option<&dyn Shape> = None;
}
