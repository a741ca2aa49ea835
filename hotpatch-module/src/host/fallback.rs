//! What runs for a function that no loaded module offers.

use std::any::Any;
use std::ffi::c_void;
use std::sync::Arc;

use crate::abi::ModuleFn;
use crate::host::backend::Entry;

/// What runs for a function that no loaded module offers. It stays for as long as the host.
pub(crate) struct Fallback {
    pub(crate) function: ModuleFn,
    /// Its first argument.
    pub(crate) context: *mut c_void,
    /// Owns what `context` points to, where that is the host's.
    pub(crate) _value: Option<Arc<dyn Any + Send + Sync>>,
}

// SAFETY: the function may be called from every thread with the context; whoever registered it promised that of a state, and
// the type says it of a value.
unsafe impl Send for Fallback {}

impl Fallback {
    pub(super) fn entry(&self) -> Entry {
        Entry {
            function: self.function,
            context: self.context,
        }
    }
}
