//! Knows its callers.

use std::panic::Location;

/// Where it was called.
#[track_caller]
pub fn traced() -> bool {
    Location::caller().line() > 0
}
