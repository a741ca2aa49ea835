//! Waiting for descriptors, and a descriptor that others ring for.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::task::Wake;
use std::time::{Duration, Instant};

use super::descriptor::off_standard_streams;

/// Waits until one of the descriptors can be read, or the time is over. Answers which ones can.
pub(crate) fn wait_for<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    // The kernel passes over negative descriptors.
    let mut waiting = descriptors.map(|descriptor| libc::pollfd {
        fd: descriptor.map_or(-1, |descriptor| descriptor.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    loop {
        let left = end.map_or(-1, |end| {
            let left = end
                .saturating_duration_since(Instant::now())
                .as_nanos()
                .div_ceil(1_000_000);
            i32::try_from(left).unwrap_or(i32::MAX)
        });
        // SAFETY: the array is as long as told.
        let ready = unsafe { libc::poll(waiting.as_mut_ptr(), N as libc::nfds_t, left) };
        if ready > 0 {
            break;
        }
        if ready == 0 {
            if end.is_some_and(|end| Instant::now() < end) {
                continue;
            }
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    if waiting.iter().any(|one| one.revents & libc::POLLNVAL != 0) {
        return Err(io::Error::other(
            "the program has closed a descriptor that it did not open",
        ));
    }
    Ok(waiting.map(|one| one.revents != 0))
}

/// A descriptor that can be read from when the bell was rung.
#[derive(Debug)]
pub(crate) struct Bell(File);

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the call makes a descriptor and has no other effect.
        let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and ours.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self(File::from(off_standard_streams(descriptor)?)))
    }

    /// Makes it readable. May be called in a signal handler.
    pub(crate) fn ring(&self) {
        // A counter that is full is readable already.
        let _ = (&self.0).write(&1_u64.to_ne_bytes());
    }

    /// Makes it not readable.
    pub(crate) fn silence(&self) {
        let _ = (&self.0).read(&mut [0; 8]);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
