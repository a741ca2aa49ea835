//! A host of plugins. A line on stdin is a command, a word for the plugins or `state`, which `main` answers itself;
//! the answer is one line.

mod builtin;
mod bus;
mod command;
mod event;
mod filter;
mod host;
mod plugin;
mod snapshot;

use std::io;

use host::Host;

/// What a run begins with: plugins, and the hooks that every event passes.
fn assemble() -> Host {
    let mut host = Host::new("main");
    host.register(Box::new(builtin::Counter::default()));
    host.register(Box::new(builtin::Echo::new(2)));
    host.register(Box::new(builtin::Greeter::new("hello")));
    host.register(Box::new(builtin::History::default()));
    filter::install(&mut host);
    for word in ["alpha", "beta", "7", "tick"] {
        host.publish(word);
    }
    host
}

fn main() -> io::Result<()> {
    let mut host = assemble();
    for line in io::stdin().lines() {
        let line = line?;
        let answer = match line.as_str() {
            "state" => snapshot::of(&host),
            line => hotpatch::call(|| command::answer(&mut host, line)),
        };
        println!("{answer}");
    }
    Ok(())
}
