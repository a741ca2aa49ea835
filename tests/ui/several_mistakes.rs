use hotpatch::hotpatch;

struct Player;

impl Player {
    #[hotpatch(fast)]
    async fn hurt<T>(&self, by: impl Into<u32>, _: T) {
        by.into();
    }
}

trait Trait {
    #[hotpatch(fast)]
    #[track_caller]
    fn hurt<T>(&self, _: T) {}
}

fn main() {}
