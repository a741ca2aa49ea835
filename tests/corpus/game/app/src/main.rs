//! A small game: requests come in, the world goes on.

mod requests;

use std::io::Write;

use requests::Request;
use world::level::World;

fn main() {
    let mut world = World::new();
    for line in std::io::stdin().lines() {
        let line = line.expect("the input is text");
        let answer = match requests::parse(&line) {
            Request::Turn(seed) => hotpatch::call(|| world::level::turn(&mut world, seed)),
            Request::State => state(&world),
            request => hotpatch::call(|| requests::answer(&world, &request)),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("somebody reads");
    }
}

/// The state of the game, read by code that no edit replaces.
fn state(world: &World) -> String {
    format!(
        "{} {} {} | {} {} {}",
        world.describe(),
        world::rules::describe(),
        engine::clock::pace(),
        world.turns(),
        engine::clock::frames(),
        render::frame::drawn(),
    )
}
