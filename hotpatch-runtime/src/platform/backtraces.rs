//! What the standard library remembers of the images of the process.
//!
//! It looks at them for its first backtrace, and never again: frames of images that were loaded later would have no names.
//! So it is made to forget them with every image, under its own lock. The tool says where both lie in this very program,
//! and only if it is sure.

use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_abi::manifest::BacktraceCache;

use super::Program;
use super::elf::Access;

/// The longest cache that is believed.
const MAX_LEN: usize = 64 << 10;
/// Somebody may be printing a long backtrace; a patch does not wait for its end. The next one tries again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Has the next backtrace look at the images again. What the last one had read stays in memory: only the standard library
/// could free it.
///
/// # Safety
///
/// The places are those of the standard library of this program.
pub(crate) unsafe fn forget_images(places: &BacktraceCache) {
    let program = Program::get();
    let is_variable = |offset: u64, len: usize| program.segments.allow(offset, len as u64, Access::Write);
    let len = places.empty.len();
    if len > MAX_LEN || !is_variable(places.cache, len) || !is_variable(places.lock, size_of::<Mutex<()>>()) {
        return;
    }
    let address = |offset: u64| program.load.wrapping_add(offset as usize);
    let lock = std::ptr::with_exposed_provenance::<Mutex<()>>(address(places.lock));
    let cache = std::ptr::with_exposed_provenance_mut::<u8>(address(places.cache));
    if !lock.is_aligned() {
        return;
    }
    // SAFETY: promised by the caller: it is the lock that the standard library takes for every backtrace.
    let Some(_guard) = wait(unsafe { &*lock }) else {
        return;
    };
    // SAFETY: promised by the caller; nobody else reads or writes it while we have the lock, and the bytes are those of the
    // value that it had before the first backtrace.
    unsafe { std::ptr::copy_nonoverlapping(places.empty.as_ptr(), cache, len) };
}

fn wait(lock: &Mutex<()>) -> Option<impl Sized + '_> {
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}
