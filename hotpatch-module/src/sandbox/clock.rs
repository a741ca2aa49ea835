//! The clock of the sandbox: one thread that advances the epoch of every engine while a call is under way.
//!
//! Code of a module looks at the epoch of its engine at every loop and at every call, and traps once its deadline has come.
//! The thread ends a moment after the last call, so that a program whose modules are idle is not woken up.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::{Engine, EngineWeak};

/// How often the epoch advances: how exact time limits are.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// How many ticks without a call end the thread. Calls that follow each other share one.
const LINGER: u32 = 10;

/// How many ticks are made up for at once where the thread was late. A process that was stopped for a minute does not find
/// all calls overdue.
const MOST_AT_ONCE: u32 = 5;

static CLOCK: Mutex<Clock> = Mutex::new(Clock {
    engines: Vec::new(),
    under_way: 0,
    ticking: false,
});

struct Clock {
    engines: Vec<EngineWeak>,
    /// How many calls run.
    under_way: usize,
    /// Whether there is a thread.
    ticking: bool,
}

/// While it lives, the clock ticks.
#[derive(Debug)]
pub(super) struct Ticking(());

/// Has the clock advance the epoch of an engine too.
pub(super) fn add(engine: &Engine) {
    let mut clock = lock();
    clock.engines.retain(|engine| engine.upgrade().is_some());
    clock.engines.push(engine.weak());
}

/// Begins a call. The error is that of a system that has no thread left.
pub(super) fn start() -> std::io::Result<Ticking> {
    let mut clock = lock();
    if !clock.ticking {
        thread::Builder::new()
            .name("hotpatch-clock".into())
            .stack_size(64 << 10)
            .spawn(tick)?;
        clock.ticking = true;
    }
    clock.under_way += 1;
    Ok(Ticking(()))
}

/// How many ticks a time limit is. The tick that is under way counts for nothing.
pub(super) fn ticks(time: Duration) -> u64 {
    let ticks = time.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX / 2).min(u64::MAX / 2) + 1
}

impl Drop for Ticking {
    fn drop(&mut self) {
        lock().under_way -= 1;
    }
}

fn tick() {
    let mut idle = 0;
    let mut last = Instant::now();
    while idle < LINGER {
        thread::sleep(TICK);
        let now = Instant::now();
        let passed = ((now - last).as_nanos() / TICK.as_nanos()) as u32;
        last += TICK * passed;
        let mut clock = lock();
        for engine in clock.engines.iter().filter_map(EngineWeak::upgrade) {
            for _ in 0..passed.min(MOST_AT_ONCE) {
                engine.increment_epoch();
            }
        }
        idle = if clock.under_way == 0 { idle + 1 } else { 0 };
        // Whoever begins a call after this finds no thread, and starts one.
        clock.ticking = idle < LINGER;
    }
}

fn lock() -> MutexGuard<'static, Clock> {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_never_shorter_than_it_says() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_millis(10)), 2);
        assert_eq!(ticks(Duration::from_millis(11)), 3);
        assert!(ticks(Duration::MAX) > 1 << 62);
    }
}
