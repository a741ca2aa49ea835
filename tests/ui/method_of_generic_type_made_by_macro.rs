use hotpatch::hotpatch;

struct Stack<T>(T);

macro_rules! method {
    ($name:ident) => {
        #[hotpatch]
        fn $name(&self) -> &T {
            &self.0
        }
    };
}

impl<T> Stack<T> {
    method!(first);
}

fn main() {
    Stack(1).first();
}
