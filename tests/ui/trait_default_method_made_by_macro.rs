use hotpatch::hotpatch;

macro_rules! shape {
    ($name:ident) => {
        trait Shape {
            #[hotpatch]
            fn $name(&self) -> f32 {
                0.0
            }
        }
    };
}

shape!(area);

struct Point;

impl Shape for Point {}

fn main() {
    Point.area();
}
