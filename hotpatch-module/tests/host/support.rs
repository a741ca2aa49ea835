//! Hosts whose modules tell what happens to them.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{CallErrorKind, Function, ModuleHost};

/// Longer than anything takes: a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);

type Answer = Box<dyn Fn(&str) -> i32 + Send + Sync>;

/// The state of a host: what its modules told, and what they are answered.
#[repr(C)]
pub(crate) struct Told {
    /// Where this lies.
    context: *const Told,
    tell: unsafe extern "C" fn(*const Told, *const c_char, u64) -> i32,
    lines: Mutex<Vec<String>>,
    answer: Mutex<Option<Arc<Answer>>>,
}

// SAFETY: the pointer is to the value itself, which is shared.
unsafe impl Sync for Told {}
// SAFETY: as for `Sync`.
unsafe impl Send for Told {}

unsafe extern "C" fn tell(told: *const Told, what: *const c_char, number: u64) -> i32 {
    // SAFETY: modules pass the context that they got, and a C string.
    let (told, what) = unsafe { (&*told, CStr::from_ptr(what)) };
    let what = what.to_str().unwrap();
    let line = if number == 0 {
        what.to_owned()
    } else {
        format!("{what} {number}")
    };
    told.lines
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    let answer = told.answer.lock().unwrap().clone();
    answer.map_or(0, |answer| answer(what))
}

impl Told {
    fn new() -> &'static Self {
        let told = Box::leak(Box::new(Self {
            context: ptr::null(),
            tell,
            lines: Mutex::default(),
            answer: Mutex::default(),
        }));
        told.context = told;
        // Kept, so that nobody takes it for lost.
        static ALL: Mutex<Vec<&'static Told>> = Mutex::new(Vec::new());
        ALL.lock().unwrap().push(told);
        told
    }

    /// What modules are answered from now on, by what they tell.
    pub(crate) fn answer(&self, answer: impl Fn(&str) -> i32 + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Some(Arc::new(Box::new(answer)));
    }

    /// What was told since this was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

pub(crate) const fn version(major: u32, minor: u32, patch: u32) -> ModuleVersion {
    ModuleVersion::new(major, minor, patch)
}

/// A host of version 1.2.3.
pub(crate) fn host() -> ModuleHost {
    ModuleHost::new(version(1, 2, 3))
}

/// The same, and what its modules tell.
pub(crate) fn telling_host() -> (ModuleHost, &'static Told) {
    let told = Told::new();
    // SAFETY: the state is never freed, and what modules call takes turns.
    let host = unsafe { ModuleHost::with_state(version(1, 2, 3), ptr::from_ref(told).cast_mut().cast()) };
    (host, told)
}

/// Calls a function of the tests: one number goes in, one comes out.
pub(crate) fn call(function: &Function, input: u64) -> Result<u64, CallErrorKind> {
    let mut output = u64::MAX;
    // SAFETY: all functions of these tests take and give a number of eight bytes.
    let outcome = unsafe { function.call((&raw const input).cast(), (&raw mut output).cast()) };
    outcome.map(|()| output).map_err(|error| error.kind())
}

/// A fallback that gives back 99.
pub(crate) unsafe extern "C" fn ninety_nine(_: *mut c_void, _: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: see `call`.
    unsafe { output.cast::<u64>().write(99) };
    0
}

/// Waits until all that have left are gone.
pub(crate) fn settle(host: &ModuleHost) {
    assert!(host.settle(LONG).unwrap(), "somebody does not leave");
}
