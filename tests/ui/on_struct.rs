use hotpatch::hotpatch;

/// A player.
#[hotpatch]
pub struct Player;

fn main() {
    let _ = Player;
}
