use hotpatch::hotpatch;

struct Player;

#[hotpatch]
impl Player {
    fn hurt(&self) {}
}

fn main() {
    Player.hurt();
}
