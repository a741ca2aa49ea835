//! Values that a host and a module may hand to each other: the trait [`Shared`] and what is wrong with bytes that are none.
//!
//! Its invariant: a type that is shared has the same bytes with the same meaning on both sides, whoever compiled them, and
//! nothing of it leads to memory that only one side has.

mod numbers;

use core::fmt;

use crate::layout::Layout;

/// A type whose values may cross between a host and its modules. `#[derive(Shared)]` implements it.
///
/// Shared are the integers of a fixed size, `f32`, `f64`, `bool`, `char`, arrays of shared types, records that are
/// `repr(C)` or `repr(transparent)`, and enums without fields that are `repr(u8)` or of another integer.
///
/// # Safety
///
/// - The layout of the type is fixed by its `repr`, and [`LAYOUT`](Self::LAYOUT) tells it.
/// - It contains no pointers and nothing whose size depends on the machine.
/// - [`check`](Self::check) accepts no bytes that are no value of the type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross between a host and a module",
    label = "is not `Shared`",
    note = "shared are `u8` to `u128`, `i8` to `i128`, `f32`, `f64`, `bool`, `char`, arrays of them, and what has `#[derive(hotpatch_module::Shared)]`"
)]
pub unsafe trait Shared: Copy + 'static {
    /// What the type looks like in memory.
    const LAYOUT: &'static Layout;

    /// Whether these bytes are a value of the type. They may come from a module that is written in C, or from a sandbox.
    ///
    /// # Errors
    ///
    /// They are not.
    ///
    /// # Safety
    ///
    /// `bytes` points to as many bytes as a value has. They need no alignment.
    unsafe fn check(bytes: *const u8) -> Result<(), Invalid>;
}

/// Bytes from the other side that are no value of the type that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Box<Reason>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reason {
    /// The way from the value to what is wrong in it, innermost first.
    path: Vec<String>,
    what: String,
}

impl Invalid {
    #[cold]
    pub(crate) fn new(what: impl Into<String>) -> Self {
        let what = what.into();
        Self(Box::new(Reason {
            path: Vec::new(),
            what,
        }))
    }

    /// A number stands where only some numbers are values.
    #[cold]
    pub(crate) fn number(ty: &str, number: impl fmt::Display) -> Self {
        Self::new(format!("{number} is no value of `{ty}`"))
    }

    /// The same, seen from the value that contains it.
    #[cold]
    pub(crate) fn within(mut self, part: impl Into<String>) -> Self {
        self.0.path.push(part.into());
        self
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason { path, what } = &*self.0;
        if !path.is_empty() {
            let path: String = path.iter().rev().map(String::as_str).collect();
            write!(f, "`{}`: ", path.trim_start_matches('.'))?;
        }
        f.write_str(what)
    }
}

impl std::error::Error for Invalid {}
