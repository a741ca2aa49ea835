use hotpatch::hotpatch;

struct Player;

impl Player {
    #[hotpatch]
    fn hurt(&self, by: Missing) -> u32 {
        undefined + by
    }
}

#[hotpatch]
fn tick(world: &mut Absent, step: u32) -> u8 {
    #[deny(unused_variables)]
    let unused = 1;
    step
}

fn main() {}
