//! The one number that makes macro, runtime and tool a matching set.

/// The version of everything in this crate that two parties must agree on.
///
/// Raise it when any of these changes: the layout or meaning of [`Entry`](crate::entry::Entry), the symbol names in
/// [`names`](crate::names), the encoding of [`Manifest`](crate::manifest::Manifest), of the patch file's trailer or
/// of a [`frame`](crate::frame).
pub const ABI_VERSION: u32 = 2;
