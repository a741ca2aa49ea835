//! The plugins that come with the host.

mod counter;
mod echo;
mod greeter;
mod history;

pub use counter::Counter;
pub use echo::Echo;
pub use greeter::Greeter;
pub use history::History;
