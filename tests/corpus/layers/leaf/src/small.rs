//! Also read as a text.

/// A plain function.
pub fn small() -> u32 {
    1
}
