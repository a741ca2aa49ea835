//! End to end: build a real program, run it, edit it, and watch what it prints.

mod project;
mod session;

mod constants;
mod edits;
mod examples;
mod layouts;
mod moves;
mod robustness;
mod scripts;
mod state;
mod workspaces;
