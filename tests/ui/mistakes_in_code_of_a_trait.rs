use hotpatch::hotpatch;

trait Shape {
    #[hotpatch]
    fn twice(&self) -> f32 {
        self.area() * self.missing()
    }

    fn area(&self) -> f32;
}

struct Point;

impl Shape for Point {
    #[hotpatch]
    fn area(&self) -> f32 {
        self.x
    }

    #[hotpatch]
    fn unknown(&self) {}
}

fn main() {}
