//! The wait of a commit for the calls that run, and what it says of those that do not end.

use std::thread;
use std::time::{Duration, Instant};

use super::door::{CONSISTENT, Closed, STATE};
use super::{setting, track};
use crate::platform::thread_id;
use crate::refusal::{Refusal, refuse};
use crate::report::{Drain, OnTimeout, StillInside, Thread};

/// How often it looks, at first and later.
const SOON: Duration = Duration::from_micros(50);
const LATER: Duration = Duration::from_millis(5);

/// How long a commit that migrates waits for those who use a [`State`](crate::State), unless [`drain`](crate::drain) says
/// it.
const FOR_VALUES: Drain = Drain {
    timeout: Duration::from_secs(2),
    on_timeout: OnTimeout::Refuse,
};

/// What a commit does to the values of [`State`](crate::State)s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    Stay,
    /// It makes them anew: nobody may use one meanwhile.
    Migrate,
}

/// The functions that a commit switches: the address of the entry or of the body as built, and the path.
pub(crate) type Affected = Vec<(usize, String)>;

/// The end of the wait. The door stays closed until this is dropped.
#[derive(Default)]
pub(crate) struct Drained {
    pub(crate) door: Option<Closed>,
    /// Who is inside all the same.
    pub(crate) inside: Vec<StillInside>,
}

/// Waits as far as the program wants it, or as values need it. Belongs to whoever has the turn.
pub(crate) fn wait(affected: impl FnOnce() -> Affected, values: Values) -> Result<Drained, Refusal> {
    let setting = setting::get();
    let migrates = values == Values::Migrate;
    let Some(drain) = setting.or(migrates.then_some(FOR_VALUES)) else {
        return Ok(Drained::default());
    };
    let mut affected = setting.map(|_| affected()).unwrap_or_default();
    if migrates {
        if track::is_inside(STATE) || track::is_inside(CONSISTENT) {
            refuse!(
                BUSY,
                "it migrates values, and this thread uses one, or is inside `hotpatch::consistent`; apply it from another \
                 thread, or after the closure has returned"
            );
        }
        affected.push((STATE, "hotpatch::State::with".into()));
    }
    let door = Closed::close(
        affected.iter().map(|function| function.0).collect(),
        drain.timeout,
    );
    let started = Instant::now();
    let mut pause = SOON;
    loop {
        let inside = still_inside(&door, &affected);
        let is_over = started.elapsed() >= drain.timeout && drain.on_timeout == OnTimeout::Proceed;
        // It may have been turned off meanwhile. Values are not migrated under the eyes of others.
        let may_proceed = !migrates && (is_over || setting::get().is_none());
        if inside.is_empty() || may_proceed {
            return Ok(Drained {
                door: Some(door),
                inside,
            });
        }
        let Some(left) = drain.timeout.checked_sub(started.elapsed()) else {
            let inside: Vec<String> = inside.iter().map(StillInside::to_string).collect();
            refuse!(
                DRAIN,
                "calls of what it changes did not end within {:?}: {}; apply it again, or give `hotpatch::drain` more time",
                drain.timeout,
                inside.join(", ")
            )
        };
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LATER);
    }
}

fn still_inside(door: &Closed, affected: &Affected) -> Vec<StillInside> {
    let this = thread_id();
    let tracked = track::all().filter_map(|track| {
        let mut paths: Vec<String> = track
            .functions()
            .filter(|function| function.is_none_or(|function| door.is_of(function)))
            .map(|function| path(function, affected))
            .collect();
        paths.dedup();
        (!paths.is_empty()).then_some((track.thread(), paths))
    });
    let untracked = setting::untracked();
    let unknown = untracked.iter().filter(|thread| thread.is_none()).count() + track::hidden();
    let untracked = untracked.iter().flatten().map(|thread| (*thread, Vec::new()));
    let threads = tracked.chain(untracked).filter(|(thread, _)| *thread != this);
    let threads = threads.map(|(thread, functions)| StillInside {
        thread: Some(Thread::of(thread)),
        functions,
    });
    let unknown = (0..unknown).map(|_| StillInside {
        thread: None,
        functions: Vec::new(),
    });
    threads.chain(unknown).collect()
}

fn path(function: Option<usize>, affected: &Affected) -> String {
    match function {
        Some(CONSISTENT) => "hotpatch::consistent".into(),
        Some(place) => {
            let known = affected.iter().find(|affected| affected.0 == place);
            known.map(|known| known.1.clone()).unwrap_or_default()
        }
        None => "functions that are nested too deep".into(),
    }
}
