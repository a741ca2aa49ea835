//! Units of measure.

/// A value with its unit.
macro_rules! with_unit {
    ($value:expr) => {
        format!("{} {}", $value, $crate::units::NAME)
    };
}

#[cfg(feature = "metric")]
pub const NAME: &str = "C";
#[cfg(not(feature = "metric"))]
pub const NAME: &str = "F";

/// From tenths of a degree.
pub fn degrees(tenths: i32) -> i32 {
    tenths / 10
}
