//! An inn whose books are kept in `State`s, so that their types may change while it is open.

mod answers;
mod book;
mod cellar;
mod desk;
mod guest;
mod mood;
mod room;

use hotpatch::State;

use book::Inn;

fn main() {
    let mut inn = State::new(Inn::opened());
    cellar::fill();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let answer = match line.as_str() {
            "state" => format!("{} {} | {}", inn.with(|inn| inn.kept()), cellar::kept(), inn.with(|inn| inn.visits)),
            request => inn.with_mut(|inn| answers::answer(inn, request)),
        };
        println!("{answer}");
    }
}
