use std::fmt;

use hotpatch::hotpatch;

struct Player;

impl fmt::Display for Player {
    #[hotpatch]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("player")
    }
}

fn main() {
    println!("{Player}");
}
