//! What the host of modules (`hotpatch-module`) needs of this runtime: the protection of calls, and libraries that are loaded
//! from a copy in memory. For that crate alone.
//!
//! # The protocol
//!
//! A host publishes what its calls go to through one atomic pointer of its own. A call is in a scope from before it loads that
//! pointer until it has ended. The host replaces the pointer and then takes a [`Moment`]: when that is over, no call uses
//! what was replaced.

use crate::dispatch;
use crate::platform;
use crate::presence::{After, Inside, Word};
use crate::scope::{self, Since};

pub use crate::platform::module_library::{Library, PrivateCopy};

/// Whether this thread is in a scope in which there is nothing else to do: it is not consistent, and not tracked.
#[inline(always)]
pub fn is_in_usual_scope() -> bool {
    scope::Scope::here().usual().is_some()
}

/// Whether this thread is in a call of a module, near or far: code of one has called. It takes as long as a backtrace,
/// unless the thread is in no scope.
pub fn is_inside_module() -> bool {
    let is_in_scope = !scope::Scope::here().is_outside() || scope::word().is_some_and(Word::is_inside);
    is_in_scope && platform::module_library::is_caller()
}

/// A scope of a thread that is in none, of which the thread itself does not know: hot functions that are called in it open
/// scopes of their own, as if they were called by a signal that came on the way in.
pub struct Unnoticed(&'static Word, After);

impl Unnoticed {
    /// Opens it, if this thread is in no scope and has a word.
    #[inline(always)]
    pub fn open() -> Option<Self> {
        if !scope::Scope::here().is_outside() {
            return None;
        }
        let word = scope::word()?;
        Some(Self(word, word.enter()))
    }

    /// Ends it.
    #[inline(always)]
    pub fn close(self) {
        self.0.leave(self.1);
    }
}

/// A scope, whatever the thread is in.
pub struct Scope(#[expect(dead_code, reason = "held, not read")] scope::Scope);

impl Scope {
    /// Opens it.
    pub fn open() -> Self {
        Self(scope::Scope::open())
    }
}

/// Runs `f` in a consistent scope, in which [`is_in_usual_scope`] is false: calls of modules look for what the thread stays
/// with.
pub fn consistent<R>(f: impl FnOnce() -> R) -> R {
    dispatch::stay(f)
}

/// The scopes that were open at a moment.
pub struct Moment {
    /// `None` until the kernel has told.
    announced: Option<Vec<Inside>>,
    others: Since,
}

impl Moment {
    /// Now: what was replaced before is not used by scopes that open later.
    pub fn now() -> Self {
        let (announced, others) = scope::open_now();
        Self { announced, others }
    }

    /// Whether all of them have ended. It is found out by asking.
    pub fn is_over(&mut self) -> bool {
        if self.announced.is_none() {
            // Those that are open now are more than those that were.
            *self = Self::now();
        }
        let Some(announced) = &mut self.announced else {
            return false;
        };
        announced.retain(|inside| !inside.is_over());
        announced.is_empty() && self.others.is_over()
    }
}

/// Starts a thread that handles no signals of the program.
pub fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    platform::without_signals(f)
}
