//! Requests and their answers.

use hotpatch::hotpatch;
use world::level::World;
use world::{combat, level, rules};

/// What somebody wants to know. A request lives as long as its answer takes.
pub enum Request {
    Turn(u64),
    Fight(u64),
    Visit(u32),
    Use(u8),
    Look(i32),
    Scores,
    Draw,
    Legend,
    Motto,
    State,
    Unknown,
}

pub fn parse(line: &str) -> Request {
    let (name, number) = line.split_once(' ').unwrap_or((line, "0"));
    let number: i32 = number.parse().unwrap_or(0);
    match name {
        "turn" => Request::Turn(number as u64),
        "fight" => Request::Fight(number as u64),
        "visit" => Request::Visit(number as u32),
        "use" => Request::Use(number as u8),
        "look" => Request::Look(number),
        "scores" => Request::Scores,
        "draw" => Request::Draw,
        "legend" => Request::Legend,
        "motto" => Request::Motto,
        "state" => Request::State,
        _ => Request::Unknown,
    }
}

#[hotpatch]
pub fn answer(world: &World, request: &Request) -> String {
    match request {
        Request::Fight(seed) => fight(world, *seed),
        Request::Visit(seed) => level::visit(*seed),
        Request::Use(number) => world.use_item(*number),
        Request::Look(x) => world.look(*x),
        Request::Scores => world.scores(),
        Request::Draw => render::frame::draw(world),
        Request::Legend => render::frame::legend(),
        Request::Motto => format!("{}: {}", rules::NAME, rules::motto()),
        Request::Turn(_) | Request::State | Request::Unknown => "what?".to_owned(),
    }
}

fn fight(world: &World, seed: u64) -> String {
    let creatures = (
        world.creatures.get(&world.hero),
        world.creatures.get(&world.beast),
    );
    let (Some(hero), Some(beast)) = creatures else {
        return "nobody there".to_owned();
    };
    match seed % 2 {
        0 => combat::fight(hero, beast, seed),
        _ => combat::fight(beast, hero, seed),
    }
}
