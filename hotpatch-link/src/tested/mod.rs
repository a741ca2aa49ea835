//! Which tests of a test binary an edit concerns: those whose function leads to code that changed.

mod descriptors;
mod reverse;
mod seen;

mod test_code;

pub use test_code::{Concerned, TestCode};
