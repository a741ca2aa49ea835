use hotpatch::hotpatch;

#[hotpatch]
mod game {
    pub fn tick() {}
}

fn main() {
    game::tick();
}
