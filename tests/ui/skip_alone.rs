use hotpatch::hotpatch;

#[hotpatch(skip)]
fn tick() {}

#[hotpatch]
mod game {
    #[cfg_attr(all(), hotpatch(skip))]
    pub fn tick() {}
}

fn main() {
    tick();
    game::tick();
}
