//! From the offer of a patch with 100 functions to its being live, with everything in between: reading, checking,
//! loading, binding, publishing. `cargo bench --profile dev` measures the runtime as a debug build of a program has it.

#[path = "../tests/support/mod.rs"]
#[allow(unused_macros, reason = "the macro is for tests")]
mod support;

use std::time::Duration;

use hotpatch_abi::entry::{Body, Entry};
use hotpatch_runtime::{Registered, apply};

const FUNCTIONS: usize = 100;
/// The quietest round counts: a neighbour on the machine costs a whole time slice, which is more than the bar.
const ROUNDS: usize = 3;
const OFFERS: usize = 200;
const BAR: Duration = Duration::from_millis(1);

extern "C" fn built() -> u64 {
    0
}

static ENTRIES: [Entry; FUNCTIONS] = [const {
    Entry::new(
        "bench::function",
        "fn() -> u64",
        Some(Body(built as extern "C" fn() -> u64 as *const ())),
    )
}; FUNCTIONS];

macro_rules! register {
    ($($tens:literal)*) => {$(
        register!(@ $tens 0 1 2 3 4 5 6 7 8 9);
    )*};
    (@ $tens:literal $($ones:literal)*) => {$(
        hotpatch_runtime::inventory::submit!(Registered(&ENTRIES[$tens * 10 + $ones]));
    )*};
}

fn main() {
    let names: Vec<String> = (0..FUNCTIONS).map(|index| format!("function_{index}")).collect();
    let source: String = names
        .iter()
        .map(|name| format!("unsigned long (*cell_{name})(void); unsigned long {name}(void) {{ return cell_{name}() + 1; }}\n"))
        .collect();
    let dylib = support::compile(&source);
    let published: Vec<(&'static Entry, &str)> =
        ENTRIES.iter().zip(names.iter().map(String::as_str)).collect();
    let mut manifest = dylib.manifest(&published);
    let target = support::base(built as extern "C" fn() -> u64 as usize);
    manifest.fixups = names
        .iter()
        .map(|name| dylib.fixup(&format!("cell_{name}"), target))
        .collect();

    let folder = support::folder();
    let mut first = None;
    let mut offer = |number: usize| {
        // Another name makes another patch.
        manifest.published[0].path = format!("bench::offer_{number}");
        let path = folder.path().join(format!("{number}.so"));
        dylib.seal(&path, &manifest);
        let applied = apply(path).expect("a good patch");
        assert_eq!(applied.functions.len(), FUNCTIONS);
        first.get_or_insert(applied.elapsed);
        applied.elapsed
    };
    let rounds = (0..ROUNDS).map(|round| {
        let mut elapsed: Vec<Duration> = (0..OFFERS).map(|index| offer(round * OFFERS + index)).collect();
        elapsed.sort_unstable();
        (elapsed[OFFERS * 99 / 100], elapsed[OFFERS / 2])
    });
    let (p99, p50) = rounds.min().expect("a round");
    println!(
        "{FUNCTIONS} functions, patches of {} KiB",
        dylib.bytes.len() / 1024
    );
    println!("first offer to live: {:?}", first.expect("an offer"));
    println!(
        "offer to live: p50 {p50:?}, p99 {p99:?}, bar {BAR:?}: {}",
        if p99 <= BAR { "met" } else { "MISSED" }
    );
}

register!(0 1 2 3 4 5 6 7 8 9);
