//! A running process takes new code, and keeps its state.
//!
//! ```
//! use hotpatch::hotpatch;
//!
//! struct World {
//!     age: f32,
//! }
//!
//! #[hotpatch]
//! fn tick(world: &mut World, dt: f32) {
//!     world.age += dt; // Edit me while the program runs.
//! }
//!
//! let mut world = World { age: 0.0 };
//! for _ in 0..60 {
//!     hotpatch::call(|| tick(&mut world, 1.0 / 60.0));
//! }
//! # assert!(world.age > 0.9);
//! ```
//!
//! [`hotpatch`](macro@hotpatch) marks the functions that can be replaced; [`call`] is where the program is ready for
//! it. Under `cargo hotpatch run` every save makes a patch and takes it live; [`apply`] does the same with a patch
//! file, and [`follow`] with those of a folder. [`rollback`] takes all functions back to an earlier generation, and
//! [`consistent`] runs a closure on one generation from beginning to end.
//!
//! Values whose type changes live in a [`State`].
//!
//! # What a thread sees
//!
//! All functions of a commit switch together. A call that runs finishes on the code it began with; every call of a hot
//! function looks at what is live at that moment. So a long `call` may meet an older generation first and a newer one
//! later, never the other way round. Inside `consistent` there is one.
//!
//! # Without patching
//!
//! The feature `enabled` is on by default. Without it (`default-features = false`) the attribute leaves the plain
//! function, `call(f)` is `f()`, and nothing of the runtime is part of the program.
//!
//! # Modules
//!
//! With the feature `modules`, `hotpatch::module` has a host for plugins: libraries that are loaded, replaced as a whole and
//! rolled back while the program runs, whatever language they are written in.
//!
//! # Where to read on
//!
//! The [guide] has a quick start, what can be patched and what cannot, state, async programs, release builds, and what to
//! do when something is not as expected.

pub use hotpatch_abi::code::Code;
pub use hotpatch_abi::manifest::PatchId;
pub use hotpatch_macros::{Migrate, hotpatch};

pub use hotpatch_runtime::{
    Address, Applied, Callable, Changed, Down, Drain, Event, Failure, Followed, Following, Function,
    Generation, Hold, Image, Migrate, Migrated, Old, OnTimeout, Origin, Outcome, Policy, Preparing, Refusal,
    Resident, RolledBack, Serve, State, StillInside, Thread, Unload, apply, call, changed, consistent, drain,
    follow, functions, generation, history, hold, images, keep_generations, migrate_down, migrate_up,
    on_event, ptr, rollback, serve, step_back, unload,
};

#[cfg(feature = "modules")]
pub use hotpatch_module as module;

#[cfg(any(doc, doctest))]
pub mod guide;

#[cfg(feature = "enabled")]
mod private;
#[cfg(feature = "enabled")]
#[doc(hidden)]
pub mod __private2 {
    pub use crate::private::*;
}

#[doc(hidden)]
pub use hotpatch_runtime::state::generated as __state1;
