//! What happens when a module is loaded, replaces another, and leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hotpatch_abi::module::{ModuleVersion, STATUS_PANICKED};

use super::instance::Held;
use super::serve::discard;

/// What `on_load` and `on_reload` of a module may give back.
#[diagnostic::on_unimplemented(
    message = "a hook of a module cannot give back `{Self}`",
    label = "gives back `{Self}`",
    note = "hooks give back nothing, or `Result<(), i32>`, whose error refuses the module"
)]
pub trait HookResult {
    /// 0, or the number of the error. Anything but 0 refuses the module.
    #[doc(hidden)]
    fn status(self) -> i32;
}

impl HookResult for () {
    fn status(self) -> i32 {
        0
    }
}

impl HookResult for Result<(), i32> {
    /// An error refuses the module, even the number 0.
    fn status(self) -> i32 {
        match self {
            Ok(()) => 0,
            Err(0) => 1,
            Err(number) => number,
        }
    }
}

/// Makes the values and runs the hook.
pub fn start<R: HookResult>(held: &[&dyn Held], hook: impl FnOnce() -> R) -> i32 {
    let mut made = Vec::new();
    let started = catch_unwind(AssertUnwindSafe(|| {
        for held in held {
            if held.make() {
                made.push(*held);
            }
        }
        hook().status()
    }));
    let status = started.unwrap_or_else(|payload| {
        discard(payload);
        STATUS_PANICKED
    });
    // A module that is refused leaves nothing behind. What was there before is still being used.
    if status != 0 {
        drop_all(made);
    }
    status
}

/// Makes the values and runs the hook with the version of the module that is replaced.
///
/// # Safety
///
/// `old` is null or points to a version.
pub unsafe fn reload<R: HookResult>(
    held: &[&dyn Held],
    old: *const ModuleVersion,
    hook: impl FnOnce(ModuleVersion) -> R,
) -> i32 {
    // SAFETY: promised by the caller.
    let old = unsafe { old.as_ref() }.copied();
    let old = old.unwrap_or(ModuleVersion {
        major: 0,
        minor: 0,
        patch: 0,
    });
    start(held, || hook(old))
}

/// Runs the hook and drops the values.
pub fn stop(held: &[&dyn Held], hook: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        discard(payload);
    }
    drop_all(held.to_vec());
}

fn drop_all(held: Vec<&dyn Held>) {
    for held in held {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| held.drop())) {
            discard(payload);
        }
    }
}
