//! Knows where it stands.

/// A plain function above.
pub fn above() -> u32 {
    1
}

/// A line of this file.
pub const LINE: u32 = line!();
