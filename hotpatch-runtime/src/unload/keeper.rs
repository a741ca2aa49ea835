//! Whoever looks whether images can go: every commit, and a thread of its own for what becomes possible later.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{close, departure, policy};
use crate::event::Turn;
use crate::image;
use crate::platform::without_signals;
use crate::registry;
use crate::scope::Scope;
use crate::table::Table;

/// How often the thread looks, while something is about to go: at first, and when it takes long.
const SOON: Duration = Duration::from_millis(1);
const LATER: Duration = Duration::from_millis(200);

struct Keeper {
    is_started: bool,
    is_asked: bool,
}

static KEEPER: Mutex<Keeper> = Mutex::new(Keeper {
    is_started: false,
    is_asked: false,
});
static ASKED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Keeper> {
    KEEPER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nobody asks the thread for something.
pub(crate) fn is_free() -> bool {
    KEEPER.try_lock().is_ok()
}

/// In a forked child: the thread is not part of it, and another one is started when something is asked. Does only what may
/// be done there.
pub(crate) fn alone_in_child() {
    if let Ok(mut keeper) = KEEPER.try_lock() {
        keeper.is_started = false;
    }
}

/// Has the thread look, which is started for this if need be.
pub(crate) fn look_again() {
    let mut keeper = lock();
    if !keeper.is_started {
        if !policy::is_on() {
            return;
        }
        let spawn = || thread::Builder::new().name("hotpatch-unload".into()).spawn(run);
        // Without it, images go with later commits.
        keeper.is_started = without_signals(spawn).is_ok();
    }
    keeper.is_asked = true;
    ASKED.notify_one();
}

/// Frees and closes what nobody uses any more. Called with the turn, outside of any scope.
pub(crate) fn tidy(_turn: &Turn) {
    if policy::is_on() {
        Table::reclaim();
        close::close_unused();
        if is_something_leaving() {
            look_again();
        }
    }
}

fn run() {
    let mut pause = SOON;
    loop {
        let asked = {
            let keeper = lock();
            let wait = |keeper: &mut Keeper| !keeper.is_asked;
            let mut keeper = if is_something_leaving() {
                let waited = ASKED.wait_timeout_while(keeper, pause, wait);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else {
                ASKED
                    .wait_while(keeper, wait)
                    .unwrap_or_else(PoisonError::into_inner)
            };
            std::mem::take(&mut keeper.is_asked)
        };
        pause = if asked { SOON } else { (pause * 2).min(LATER) };
        if let Ok(turn) = Turn::wait() {
            {
                let scope = Scope::open();
                departure::depart(&scope, &registry::lock_next());
            }
            Table::reclaim();
            close::close_unused();
            drop(turn);
        }
    }
}

/// Whether an image stays for nothing but what ends without telling: calls, and futures.
fn is_something_leaving() -> bool {
    let mapped = image::mapped();
    policy::is_on() && mapped.iter().any(|image| image.uses.lingers())
}
