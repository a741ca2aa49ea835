//! When to look for patches.

use std::time::Duration;

/// When a process looks for patches by itself. See [`follow`](crate::follow()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// At once, and whenever something changes there: a file was written and closed, or moved there, or the folder itself
    /// was replaced. Also when another generation becomes live, for which a patch may have waited. What happens on another machine is not told by network file systems: use [`Every`](Self::Every) there.
    OnChange,
    /// At once, and whenever the process gets this signal, for example `SIGHUP`. The handlers that the program has for it
    /// run as before; what the signal does by default, it does no more, also when following has ended.
    OnSignal(i32),
    /// At once, and this long after each look.
    Every(Duration),
    /// Only when the program asks, with [`check`](crate::Following::check).
    Manual,
}
