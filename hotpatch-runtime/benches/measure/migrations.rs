//! What a commit takes that makes ten thousand values anew, and what it costs threads that use none of them.

use std::hint::black_box;
use std::time::Duration;

use hotpatch_abi::manifest::PublishedInstance;
use hotpatch_macros::Migrate;
use hotpatch_runtime::{State, apply, rollback};

use super::commits::quantiles;
use super::disturbance::tail;
use super::figure::Figure;
use crate::support;

pub use hotpatch_runtime::state::generated as __state1;

#[derive(Migrate)]
#[migrate(crate = self)]
struct Before {
    name: String,
    position: [f32; 4],
    id: u64,
    flags: [u8; 12],
    tags: Vec<u32>,
    score: f64,
}

#[derive(Migrate)]
#[migrate(crate = self, down)]
struct After {
    id: u64,
    name: String,
    level: u32,
    tags: Vec<u32>,
    flags: [u8; 12],
    score: f64,
    position: [f32; 4],
}

const VALUES: usize = 10_000;
const ROUNDS: usize = 5;
const MIGRATIONS: usize = 20;
/// How many commits the callers meet.
const COMMITS: usize = 20;
/// Microseconds.
const BAR: f64 = 10_000.0;
const TAIL_BAR: f64 = 20.0;

pub(crate) fn figures() -> Vec<Figure> {
    assert!((88..=100).contains(&size_of::<Before>()) && size_of::<After>() <= 112);
    let folder = support::folder();
    let values: Vec<State<Before>> = (0..VALUES).map(|id| State::new(value(id))).collect();
    let before = rollback(0).expect("generation 0 is kept").generation;
    let patched = apply(patch(folder.path())).expect("a good patch");
    assert_eq!(patched.migrated[0].values, VALUES);
    let (mut live, mut other) = (patched.generation, before);
    let mut turn = || {
        let rolled_back = rollback(other).expect("there is a way in both directions");
        assert_eq!(rolled_back.migrated[0].values, VALUES);
        (live, other) = (rolled_back.generation, live);
        rolled_back.elapsed
    };
    let rounds = (0..ROUNDS).map(|_| quantiles((0..MIGRATIONS).map(|_| turn())));
    let (p99, p50) = rounds.min().expect("a round");
    println!(
        "{VALUES} values of {} bytes migrated: p50 {p50:?}, p99 {p99:?}",
        size_of::<Before>()
    );

    let alone = || tail(vec![None::<()>; COMMITS], |()| ());
    let quietest = |tails: [Duration; 3]| tails.into_iter().min().expect("a round").as_secs_f64() * 1e6;
    let calm = quietest([alone(), alone(), alone()]);
    let there_and_back = std::cell::RefCell::new(turn);
    let disturbed = || {
        tail(vec![Some(()); COMMITS], |()| {
            _ = black_box((there_and_back.borrow_mut())())
        })
    };
    let disturbed = quietest([disturbed(), disturbed(), disturbed()]);
    println!(
        "a call of about a microsecond that uses no value: p99.99 {calm:.1} us, with migrations {disturbed:.1} us"
    );
    drop(values);
    vec![
        Figure::microseconds(
            "10,000 values migrated",
            "a commit that migrates 10,000 values of 100 bytes, p99, from the wish to its being live",
            p99.as_secs_f64() * 1e6,
            BAR,
        ),
        Figure::microseconds(
            "the same every 10 ms, added to p99.99 of others",
            "migrations of 10,000 values every 10 ms: what they add to the p99.99 of a call of 1 us that uses none",
            (disturbed - calm).max(0.0),
            TAIL_BAR,
        ),
    ]
}

fn value(id: usize) -> Before {
    Before {
        name: format!("value {id}"),
        position: [1.0; 4],
        id: id as u64,
        flags: [7; 12],
        tags: vec![1, 2, 3],
        score: 0.5,
    }
}

/// A patch in whose code the one type is the other.
fn patch(folder: &std::path::Path) -> std::path::PathBuf {
    let dylib = support::compile("unsigned long unused(void) { return 0; }\n");
    let mut manifest = dylib.manifest(&[]);
    manifest.instances = vec![PublishedInstance {
        built: support::base(hotpatch_runtime::state::describer::<Before>() as usize),
        body: support::base(hotpatch_runtime::state::describer::<After>() as usize),
        path: "State<bench::Value>".into(),
    }];
    let path = folder.join("migration.so");
    dylib.seal(&path, &manifest);
    path
}
