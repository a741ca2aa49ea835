//! Hostile input: damaged, forged and swapped patches, clients that want no good, and deaths at every step of a commit.
//!
//! The counts in `docs/hostile-input.md` are those that are asserted here.

mod channel;
mod damage;
mod headers;
mod interposed;
mod kills;
mod manifests;
mod offers;
#[allow(
    dead_code,
    reason = "shared with the tests of the control channel, which use more of it"
)]
#[path = "../control/process.rs"]
mod process;
mod sealing;
mod swaps;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};

use hotpatch_runtime::call;

hot!(one, ONE, 10);
hot!(two, TWO, 20);

/// What both hot functions return: the second always twice as much as the first, if they are of one generation.
fn both() -> (u64, u64) {
    call(|| (one(), two()))
}

/// What the first of them is built to be.
fn one_as_built() -> extern "C" fn() -> u64 {
    one::built
}

/// Not a test of its own: what the child process of the other tests does.
#[test]
fn child() {
    if std::env::var_os("CHILD").is_none() {
        return;
    }
    match std::env::var("MODE").as_deref() {
        Ok("offers") => return offers::take(),
        Ok(step) => kills::die_at(step),
        Err(_) => {}
    }
    // Whatever comes in on standard input is answered with what the hot functions return now.
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).unwrap() == 1 {
        let (one, two) = both();
        let answer = if two == 2 * one {
            one.to_string()
        } else {
            format!("{one} and {two}")
        };
        std::io::stdout()
            .write_all(format!("<{answer}>\n").as_bytes())
            .unwrap();
    }
}
