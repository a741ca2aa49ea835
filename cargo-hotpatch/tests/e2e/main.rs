//! End to end: build a real program, run it, edit it, and watch what it prints.

mod project;
mod session;

mod check;
mod codes;
mod constants;
mod edits;
mod examples;
mod explain;
mod layouts;
mod moves;
mod restarts;
mod robustness;
mod running;
mod scripts;
mod state;
mod workspaces;
