//! Threads as the kernel knows them.

use std::fs;

/// The number of this thread.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// The name that a thread of this process has, as far as the kernel keeps it: 15 bytes.
pub(crate) fn thread_name(id: u32) -> Option<String> {
    let name = fs::read(format!("/proc/self/task/{id}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().into())
}

/// Whether a debugger is attached to the process.
pub(crate) fn is_traced() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|tracer| tracer.trim() != "0")
}
