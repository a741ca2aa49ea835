use hotpatch::hotpatch;

struct Stack<'a, T, const N: usize>(&'a [T; N]);

impl<'a, T: Copy, const N: usize> Stack<'a, T, N> {
    #[hotpatch]
    fn first(&self) -> T {
        self.0[0]
    }

    #[hotpatch]
    fn new() -> usize {
        N
    }
}

fn main() {
    Stack(&[1, 2]).first();
    Stack::<u8, 3>::new();
}
