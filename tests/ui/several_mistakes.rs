use hotpatch::hotpatch;

struct Player;

impl Player {
    #[hotpatch(fast)]
    const unsafe extern "C" fn hurt(&self, _: ...) {}
}

trait Trait {
    #[hotpatch(fast)]
    #[track_caller]
    #[cfg_attr(all(), unsafe(naked))]
    fn hurt<T>(&self, _: T);
}

fn main() {}
