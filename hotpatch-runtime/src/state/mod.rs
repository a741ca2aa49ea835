//! State whose content survives a change of its layout.
//!
//! A [`State`] owns a value that nobody can refer to except inside of [`State::with`]. When a patch or a roll-back changes
//! the type of the value, the commit makes a new value out of each old one, and takes the new ones live together with the
//! new code; or it is refused, and nothing has changed.
//!
//! What the runtime knows of a type is its `Description`, which `#[derive(Migrate)]` writes. The old code brings the
//! description of the old type and the new code that of the new one, so values are read by the code that knows how they
//! lie in memory, and are made by the code that knows how they will.

#![cfg_attr(not(feature = "live"), allow(dead_code, reason = "nothing is ever migrated"))]

#[cfg(feature = "live")]
mod access;
mod agreement;
mod description;
mod down;
mod failure;
mod leftovers;
mod moves;
mod old;
mod part;
mod probe;
mod recall;
mod value;

mod collections;
mod plain;
mod tuples;
mod wrappers;

#[cfg(feature = "live")]
mod cell;
#[doc(hidden)]
pub mod generated;
#[cfg(feature = "live")]
mod group;
mod handle;
#[cfg(feature = "live")]
mod shift;

pub use description::{
    Describe, Description, Downward, EachItem, EachVariant, Field, Kind, Migrate, Rebuild, Variant,
};
pub use down::Down;
pub use failure::Failure;
pub use handle::State;
pub use old::Old;
pub use part::{Fallback, Part, downed_by, rebuilt_by};
pub use probe::{Probe, ViaDefault, ViaMigrate, ViaNothing, ViaPlain};
pub use value::{migrate_down, migrate_up};

/// The function that describes a type to the runtime, as built: a patch may give it another body. For tests and benches.
#[cfg(feature = "live")]
#[doc(hidden)]
pub fn describer<T: Migrate>() -> Describe {
    access::description::<T>
}

#[cfg(feature = "live")]
pub(crate) use group::{any, is_free};
#[cfg(feature = "live")]
pub(crate) use shift::{Direction, Shift};
