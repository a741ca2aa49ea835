//! `cargo hotpatch demo`: a small program, some edits, and what happens.

mod project;
mod timeline;

mod program;

mod script;

pub(crate) use script::run;
