//! What the server holds, as one line: what a client can see of it, ` | `, and what every request moves.

use std::sync::atomic::Ordering;

use tokio::runtime::Runtime;

use crate::layer::{HERE, RECENT, SERVED};
use crate::limits::REACHED;
use crate::store::Shared;

pub fn of(runtime: &Runtime, shared: &Shared) -> String {
    // The thread-locals of the thread that serves, not of this one.
    let on_worker = runtime.spawn(async { (HERE.get(), RECENT.with_borrow(|recent| format!("{} of {}", recent[0], recent.len()))) });
    let (here, recent) = runtime.block_on(on_worker).expect("nothing panics there");
    let store = shared.lock();
    let notes: Vec<String> = store
        .notes
        .iter()
        .map(|note| {
            let (kind, weight) = (&note.kind, note.weight);
            format!("{} {} {:?} {kind:?} {:?} {weight:?}", note.id, note.owner, note.text, note.priority)
        })
        .collect();
    let sessions: Vec<String> = store
        .sessions
        .iter()
        .map(|(token, session)| format!("t{} {} {}", token.0, session.user, session.opened))
        .collect();
    let tries = store.tries.get("eve");
    let requests: u32 = store.sessions.values().map(|session| session.requests).sum();
    let reached = REACHED.lock().expect("nobody panics with it").len();
    format!(
        "{notes:?} {sessions:?} {tries:?} recent {recent} | {requests} {} {} {here} {reached}",
        store.opened(),
        SERVED.load(Ordering::Relaxed)
    )
}
