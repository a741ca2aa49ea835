use hotpatch::hotpatch;

trait Shape {
    #[hotpatch]
    fn area(&self) -> f32 {
        0.0
    }
}

struct Point;

impl Shape for Point {}

fn main() {
    Point.area();
}
