//! Readings of sensors on their way through stages, made of generics and iterators. A line on stdin is a request, the
//! answer is one line; `state` is answered by `main` itself.

mod engine;
mod grid;
mod parse;
mod query;
mod ring;
mod stage;
mod stats;
mod unit;

use std::io;

use engine::Engine;

fn main() -> io::Result<()> {
    let mut engine = Engine::new();
    for line in io::stdin().lines() {
        let answer = match line?.as_str() {
            "state" => engine.snapshot(),
            request => hotpatch::call(|| query::answer(&mut engine, request)),
        };
        println!("{answer}");
    }
    Ok(())
}
