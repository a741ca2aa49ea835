//! What a derive can find out about the type of a field without knowing it: whether it migrates, and whether it has a
//! default.
//!
//! Method calls prefer the receiver with fewer references. So `(&&Probe).describe()` finds the method of the first trait
//! below if its bound holds, and that of the second otherwise.

use std::marker::PhantomData;

use super::description::{Describe, Description, Migrate, Rebuild};
use super::part::Fallback;

/// Stands for a type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<F>(pub PhantomData<F>);

/// A type that migrates.
#[doc(hidden)]
pub trait ViaMigrate<F> {
    fn describe(&self) -> Describe;
    fn rebuild(&self) -> Option<Rebuild<F>>;
}

impl<F: Migrate> ViaMigrate<F> for &Probe<F> {
    fn describe(&self) -> Describe {
        F::describe
    }

    fn rebuild(&self) -> Option<Rebuild<F>> {
        Some(F::rebuild)
    }
}

/// Any other type.
#[doc(hidden)]
pub trait ViaPlain<F> {
    fn describe(&self) -> Describe;
    fn rebuild(&self) -> Option<Rebuild<F>>;
}

impl<F: 'static> ViaPlain<F> for Probe<F> {
    fn describe(&self) -> Describe {
        || const { &Description::foreign::<F>() }
    }

    fn rebuild(&self) -> Option<Rebuild<F>> {
        None
    }
}

/// A type that has a default.
#[doc(hidden)]
pub trait ViaDefault<F> {
    fn fallback(&self) -> Fallback<F>;
}

impl<F: Default> ViaDefault<F> for &Probe<F> {
    fn fallback(&self) -> Fallback<F> {
        Fallback::IfNew(F::default)
    }
}

/// A type that has none.
#[doc(hidden)]
pub trait ViaNothing<F> {
    fn fallback(&self) -> Fallback<F>;
}

impl<F> ViaNothing<F> for Probe<F> {
    fn fallback(&self) -> Fallback<F> {
        Fallback::None
    }
}
