//! What a host holds, as one line: what stays as it is, ` | `, and what events move.

use std::sync::atomic::Ordering;

use crate::builtin::{Counter, Greeter, History};
use crate::command::CLAMPED;
use crate::host::{DEPTH, EVENTS, Host, LAST};

pub fn of(host: &Host) -> String {
    let (counter, greeter, history) = (host.find::<Counter>(), host.find::<Greeter>(), host.find::<History>());
    let Some(((counter, greeter), history)) = counter.zip(greeter).zip(history) else {
        return "a plugin is gone".to_owned();
    };
    format!(
        "{} [{}] {} hooks, {} {:?} {:?} depth {} last {} | {} {} {} {} {} {} {} {} {} {}",
        host.name,
        host.names(),
        host.hooks.len(),
        greeter.greeting,
        greeter.known.iter().max(),
        history.texts(),
        DEPTH.get(),
        LAST.with_borrow(String::clone),
        EVENTS.load(Ordering::Relaxed),
        host.seen.get(),
        host.stats.answered,
        host.stats.silent,
        counter.words,
        counter.numbers,
        counter.sum,
        history.forgotten,
        host.bus.size(),
        CLAMPED.with(|clamped| clamped.get()),
    )
}
