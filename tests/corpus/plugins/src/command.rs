//! Commands: a table of function pointers.

use std::cell::Cell;
use std::rc::Rc;

use hotpatch::hotpatch;

use crate::builtin::{Counter, Echo, Greeter, History};
use crate::filter::{self, Clamp};
use crate::host::Host;

type Run = fn(&mut Host, &str) -> String;

struct Command {
    name: &'static str,
    run: Run,
}

static COMMANDS: [Command; 11] = [
    Command { name: "list", run: list },
    Command { name: "summary", run: summary },
    Command { name: "who", run: who },
    Command { name: "greet", run: greet },
    Command { name: "forget", run: forget },
    Command { name: "load", run: load },
    Command { name: "unload", run: unload },
    Command { name: "clamp", run: clamp },
    Command { name: "free", run: free },
    Command { name: "history", run: history },
    Command { name: "help", run: help },
];

thread_local! {
    pub static CLAMPED: Rc<Cell<u32>> = Rc::default();
}

/// What the host answers to a line.
#[hotpatch]
pub fn answer(host: &mut Host, line: &str) -> String {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(host, rest),
        None => host.publish(line),
    }
}

fn list(host: &mut Host, _: &str) -> String {
    host.names()
}

fn summary(host: &mut Host, _: &str) -> String {
    host.summary()
}

fn who(host: &mut Host, _: &str) -> String {
    let counts = host.find::<Counter>().map(Counter::verdict);
    counts.unwrap_or_else(|| "nobody counts".to_owned())
}

fn greet(host: &mut Host, greeting: &str) -> String {
    let Some(greeter) = host.find_mut::<Greeter>() else {
        return "nobody greets".to_owned();
    };
    let before = std::mem::replace(&mut greeter.greeting, greeting.to_owned());
    format!("{before} -> {greeting}")
}

fn forget(host: &mut Host, name: &str) -> String {
    let known = host.find_mut::<Greeter>().is_some_and(|greeter| greeter.known.remove(name));
    if known { "forgotten" } else { "never seen" }.to_owned()
}

fn load(host: &mut Host, times: &str) -> String {
    host.register(Box::new(Echo::new(times.parse().unwrap_or(1))));
    "loaded".to_owned()
}

fn unload(host: &mut Host, name: &str) -> String {
    format!("unloaded: {}", host.unregister(name))
}

fn clamp(host: &mut Host, bounds: &str) -> String {
    let mut bounds = bounds.split(' ').filter_map(|bound| bound.parse().ok());
    let (Some(low), Some(high)) = (bounds.next(), bounds.next()) else {
        return "two bounds, please".to_owned();
    };
    let hits = CLAMPED.with(Rc::clone);
    host.hook(filter::clamp(Clamp { low, high }, hits));
    format!("{low}..{high}")
}

fn free(host: &mut Host, _: &str) -> String {
    // Those of `install` stay.
    host.hooks.truncate(2);
    "free".to_owned()
}

fn history(host: &mut Host, _: &str) -> String {
    host.find::<History>().map_or_else(String::new, History::tell)
}

fn help(_: &mut Host, _: &str) -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    names.join(", ")
}
