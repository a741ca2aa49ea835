//! The end of an old value: what has not moved into the new one is dropped.

use super::description::{Description, Kind};
use super::moves::Taken;

/// Drops what is left of a value.
///
/// # Safety
///
/// `value` points to a value of this description, out of which this was taken. Nobody uses it from now on.
pub(super) unsafe fn drop_rest(value: *mut u8, description: &'static Description, taken: &Taken<'_>) {
    if !description.needs_drop || taken.is_moved(value, description) {
        return;
    }
    // SAFETY: promised by the caller; parts of the value are values of the descriptions that it has for them. What was
    // opened has code of its own for none of its parts: its drop does not run.
    unsafe {
        if !taken.is_opened(value, description) {
            (description.drop)(value);
            return;
        }
        match &description.kind {
            Kind::Plain => {}
            Kind::Struct(fields) => {
                for field in *fields {
                    drop_rest(value.add(field.offset), (field.describe)(), taken);
                }
            }
            Kind::Enum { variants, visit } => visit(value, &mut |variant, places| {
                for (place, field) in places.iter().zip(variants[variant].fields) {
                    drop_rest(place.cast_mut(), (field.1)(), taken);
                }
            }),
            Kind::Items { of, visit, release } => {
                visit(value, &mut |places| {
                    for (place, describe) in places.iter().zip(*of) {
                        drop_rest(place.cast_mut(), describe(), taken);
                    }
                });
                release(value);
            }
        }
    }
}
