//! End to end: build a real program, run it, edit it, and watch what it prints.

// Shared with the mutation corpus and the programs of the registry, which use more of them.
#[allow(dead_code)]
mod project;
#[allow(dead_code)]
mod pty;
#[allow(dead_code)]
mod session;

mod apart;
mod check;
mod checkouts;
mod codes;
mod constants;
mod debugging;
mod draining;
mod edits;
mod examples;
mod explain;
mod forms;
mod kills;
mod layouts;
// Shared with a bench, which uses more of it.
#[allow(dead_code)]
mod long;
mod migration;
mod moves;
mod on_refusal;
mod places;
mod processes;
mod reasons;
mod restarts;
mod robustness;
mod rollback;
mod running;
mod scripts;
mod serving;
mod shapes;
mod signatures;
mod state;
mod terminal;
mod testing;
mod threads;
mod toolchains;
mod unloading;
mod workspaces;
mod wrappers;
