//! The hooks of a change: each module is initialised in order, and if one refuses, those before it are as they were.

use crate::host::error::{ErrorKind, ModuleError};
use crate::host::plan::Initialise;

/// Initialises them in order. If one refuses, takes back what the others were told, in reverse order, and says who it was.
pub(super) fn initialise(modules: &[Initialise]) -> Result<(), Refused<'_>> {
    for (index, module) in modules.iter().enumerate() {
        if let Err(reason) = module.instance.initialise(module.old_version()) {
            return Err(Refused {
                done: &modules[..index],
                module,
                reason,
            });
        }
    }
    Ok(())
}

/// A module refused to be initialised.
pub(super) struct Refused<'a> {
    /// Those that did not.
    done: &'a [Initialise],
    module: &'a Initialise,
    reason: String,
}

impl Refused<'_> {
    /// Takes back what the others were told, in reverse order.
    pub(super) fn take_back(self) -> ModuleError {
        let mut complaints = Vec::new();
        for module in self.done.iter().rev() {
            let mut complain = |outcome: Result<(), String>| complaints.extend(outcome.err());
            if !module.is_anew() {
                complain(module.instance.leave());
            }
            if let Some(before) = &module.before {
                complain(before.initialise(Some(module.instance.version())));
            }
        }
        let role = if self.module.is_anew() {
            "needs a module of this change and was to be initialised anew"
        } else {
            "was to be initialised"
        };
        let mut message = format!("{} {role}, and {}: ", self.module.instance, self.reason);
        if complaints.is_empty() {
            message += "all modules are as they were before";
        } else {
            message += "all modules are those that were there before, but of what they were told again: ";
            message += &complaints.join(", ");
        }
        ModuleError::new(ErrorKind::Hook, message)
    }
}
