//! What the code that `#[derive(Migrate)]` generates refers to, `core` included.

pub use core::default::Default;
pub use core::marker::PhantomData;
pub use core::mem::{ManuallyDrop, offset_of};
pub use core::option::Option::{None, Some};
pub use core::ptr::from_ref;
pub use core::result::Result::{self, Err, Ok};
pub use core::{concat, module_path, stringify};

pub use super::{
    Description, Downward, Failure, Fallback, Field, Kind, Migrate, Old, Part, Probe, Variant, ViaDefault,
    ViaMigrate, ViaNothing, ViaPlain, downed_by, rebuilt_by,
};
