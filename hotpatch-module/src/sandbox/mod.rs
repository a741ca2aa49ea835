//! The sandbox: modules that are WebAssembly, and can do nothing but compute within limits.

mod flaw;
mod limits;

mod exports;
mod image;
mod open;
mod record;

mod clock;
mod engine;
mod stack;
mod turn;

mod area;
mod cross;
mod guest;
mod plan;
mod sandboxed;
mod stop;

pub use limits::Limits;
pub(crate) use limits::LimitsByName;
pub(crate) use open::{is_for_us, open};
