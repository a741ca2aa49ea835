//! A small Lisp that remembers: definitions, closures and lists live as long as the process.

mod builtins;
mod env;
mod eval;
mod parser;
mod print;
mod stats;
mod token;
mod value;

use std::io::Write;

use env::Env;

fn main() {
    let env = Env::global();
    for line in parser::prelude() {
        eval::run(&env, line).expect("the prelude is right");
    }
    for line in std::io::stdin().lines() {
        let line = line.expect("the input is text");
        let answer = match line.as_str() {
            "state" => format!("{} | {}", env.describe(), stats::describe()),
            "help" => help().to_owned(),
            source => answer(&env, source),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("somebody reads");
    }
}

fn answer(env: &Env, source: &str) -> String {
    match hotpatch::call(|| eval::run(env, source)) {
        Ok(value) => hotpatch::call(|| print::show(&value)),
        Err(error) => hotpatch::call(|| print::complaint(&error)),
    }
}

fn help() -> &'static str {
    "(+ 1 2) and so on"
}
