//! Taking patch images out of the process again, where the program allows it.
//!
//! An image is kept in the process by whatever may reach it: the tables that name it, the images that were bound to it,
//! and the handles and futures that are counted in its [`Uses`](crate::image::Uses). First it leaves the live table, when
//! neither the live generation nor a kept one needs it. Then the tables that name it are freed, each when no scope that
//! may use it is open any more. When nothing is left that keeps it, it is closed.

mod close;
mod departure;
mod handle;
mod keeper;
mod policy;
mod reasons;

pub(crate) use departure::depart;
pub use handle::hold;
pub(crate) use handle::{Uses, hold_all};
pub(crate) use keeper::{alone_in_child, is_free, look_again, tidy};
pub use policy::unload;
pub use reasons::images;
