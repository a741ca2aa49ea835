use hotpatch::hotpatch;

struct Player;

#[hotpatch]
impl Player {
    const fn id(&self) -> u8 {
        1
    }

    #[hotpatch]
    const fn marked(&self) -> u8 {
        1
    }

    fn hurt(&self, by: Missing) -> u32 {
        undefined + by
    }

    #[hotpatch(fast)]
    fn run(&self) {}
}

fn main() {
    let _ = Player.id() + Player.marked();
}
