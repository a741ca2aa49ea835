//! The bars that name a peer, and the committed table.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::chart;
use crate::machine::Machine;
use crate::measure::calls::{
    AROUND_HOT_PATCHED, ATOMIC, CLOSURES, CLOSURES_PATCHED, DIRECT, INSIDE, INSIDE_PATCHED, OUTSIDE_PATCHED,
};
use crate::measure::figure::{Bar, Figure};
use crate::measure::rounds::Medians;
use crate::{arc_swap, hot_lib_reloader, hotpatch_rs, modules, polyplug, subsecond};

/// Everything that one run measured.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) medians: Medians,
    pub(crate) figures: Vec<Figure>,
}

/// A way to call that the chart shows.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) candidate: &'static str,
    pub(crate) is_own: bool,
}

pub(crate) fn against_peers(medians: &Medians) -> Vec<Figure> {
    let worse = |one, other| medians.of(one).max(medians.of(other));
    vec![
        Figure::ratio(
            "inside `call`, against arc-swap",
            "a hot function inside `call`: how often faster than `ArcSwap::load` and a call",
            medians.of(arc_swap::CALL) / worse(INSIDE, INSIDE_PATCHED),
            Bar::AtLeast(8.0),
        ),
        Figure::ratio(
            "`call` of a closure, against subsecond",
            "`call` of a closure: how often faster than `subsecond::call` of the same closure, with a table of 2,000 entries",
            medians.of(subsecond::CALL) / worse(CLOSURES, CLOSURES_PATCHED),
            Bar::AtLeast(4.0),
        ),
    ]
}

/// The bars of module calls.
pub(crate) fn of_modules(medians: &Medians) -> Vec<Figure> {
    vec![
        Figure::ratio(
            "module inside `call`, against hotpatch-rs",
            "a function of a host of modules inside `call`: how often faster than `call_typed` of hotpatch-rs",
            medians.of(hotpatch_rs::CALL) / medians.of(modules::INSIDE),
            Bar::AtLeast(1.0),
        ),
        Figure::ratio(
            "module outside `call`, against hotpatch-rs",
            "a function of a host of modules outside `call`: how often faster than `call_typed` of hotpatch-rs",
            medians.of(hotpatch_rs::CALL) / medians.of(modules::OUTSIDE),
            Bar::AtLeast(1.0),
        ),
        Figure::ratio(
            "module inside `call`, against polyplug",
            "a function of a host of modules inside `call`, against the cached call of polyplug, which is not protected",
            medians.of(modules::INSIDE) / medians.of(polyplug::CACHED),
            Bar::AtMost(1.0),
        ),
        Figure::nanoseconds(
            "typed call of a contract, over a raw one",
            "a call of a function of a contract, inside `call`, over the raw `extern \"C\"` call",
            (medians.of(modules::TYPED) - medians.of(modules::RAW)).max(0.0),
            1.0,
        ),
    ]
}

impl Report {
    /// Writes `bench.md` and `bench.svg`.
    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("bench.md"), self.table()).expect("the table");
        fs::write(folder.join("bench.svg"), chart::draw(self)).expect("the chart");
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        let own = |name, candidate| Call {
            name,
            candidate,
            is_own: true,
        };
        let other = |name, candidate| Call {
            name,
            candidate,
            is_own: false,
        };
        vec![
            other("direct call", DIRECT),
            other("call through an AtomicPtr", ATOMIC),
            own("hotpatch: hot function inside call", INSIDE_PATCHED),
            own("hotpatch: hot function outside call", OUTSIDE_PATCHED),
            own("hotpatch: call of a closure", CLOSURES_PATCHED),
            own("hotpatch: call and in it a hot function", AROUND_HOT_PATCHED),
            own(
                "hotpatch: function of a host of modules inside call",
                modules::INSIDE,
            ),
            own(
                "hotpatch: function of a host of modules outside call",
                modules::OUTSIDE,
            ),
            other("polyplug 0.1.3: cached, not protected", polyplug::CACHED),
            other("polyplug 0.1.3: handle resolved for the call", polyplug::RESOLVED),
            other("arc-swap 1.9.5: load and call", arc_swap::CALL),
            other(
                "subsecond 0.7.10: call of a closure, 2,000 entries",
                subsecond::CALL,
            ),
            other("hotpatch-rs 0.1.0: call_typed", hotpatch_rs::CALL),
            other(
                "hot-lib-reloader 0.8.2: function of a hot_module",
                hot_lib_reloader::CALL,
            ),
        ]
    }

    /// Where, with what and when, and what was called.
    pub(crate) fn caption(&self) -> [String; 3] {
        let Machine {
            hardware,
            compiler,
            moment,
        } = &self.machine;
        [
            format!("{hardware}; {compiler}; {moment}."),
            "One process, release build, rounds of all ways to call alternate, medians of 101 rounds. 2,000 hot functions".into(),
            "and 2,000 instances are patched where hotpatch is called; subsecond is built with its debug assertions.".into(),
        ]
    }

    fn table(&self) -> String {
        let mut text = String::from(HEADER);
        let _ = writeln!(text, "{}\n", self.caption().join(" "));
        text.push_str("![The chart of these figures](bench.svg)\n\n## Bars\n\n");
        text.push_str("| what | measured | bar | |\n|---|---|---|---|\n");
        for figure in &self.figures {
            let (measured, bar, verdict) = (figure.measured(), figure.bar(), figure.verdict());
            let _ = writeln!(text, "| {} | {measured} | {bar} | {verdict} |", figure.what);
        }
        text.push_str("\n## Ways to call\n\n");
        text.push_str(
            "| what | time | against an `AtomicPtr` | against a direct call |\n|---|---|---|---|\n",
        );
        for (name, nanos) in self.medians.iter() {
            let (atomic, direct) = (nanos / self.medians.of(ATOMIC), nanos / self.medians.of(DIRECT));
            let _ = writeln!(text, "| {name} | {nanos:.1} ns | {atomic:.2} x | {direct:.2} x |");
        }
        text
    }
}

const HEADER: &str = "\
# Benchmarks

Written by the benchmark itself, chart and all; nothing here is edited by hand. In the root of the repository:

```console
$ cargo run --release --manifest-path benches/peers/Cargo.toml -- --write docs
```

It takes about a minute beyond the build and needs the network once, for the peers. Each figure is a ratio to something that was
measured in the same rounds, or a time of the quietest of several rounds: on a machine with neighbours the others tell
about the neighbours. `hotpatch-runtime/benches/measure` and `benches/peers` are what is measured; `cargo bench -p
hotpatch-runtime` measures the bars that need no peer.

";
