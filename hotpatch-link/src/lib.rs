//! The patch linker: reads the objects of a program, compares them with what runs, binds what changed to the running
//! process and links it into a small dylib.
//!
//! Its steps are pure: bytes in, bytes out. It runs no cargo and talks to no process.
#![forbid(unsafe_code)]

mod error;
mod names;
mod subject;
mod unit;

mod elf;
mod object_file;

mod debug_info;
mod inlined;
mod location;

mod deep;
mod fingerprint;
mod program;

mod types;

mod by_atom;
mod callers;
mod image;
mod live;
mod states;
mod unchanged;

mod constructors;
mod entrances;
mod initial;
mod instances;
mod starts;

mod hot;
mod reach;
mod safety;
mod selection;

mod notes;
mod reasons;
mod renames;
mod signatures;

mod bind;
mod imports;

mod debug;
mod merge;
mod unwind;
mod written;

mod backtraces;
mod tested;

mod built;
mod commit;
mod draft;
mod history;
mod linker;
mod manifest;
mod patcher;

pub use written::author_path;

pub use draft::{Draft, Explanation};
pub use error::Error;
pub use patcher::{Change, Parent, Patch, Patcher};
pub use reasons::{Holder, Reason, Started, Unreached, Way};
pub use subject::Subject;
pub use tested::{Concerned, TestCode};
pub use unit::Unit;
