//! The sockets of the control channel, which belong to the server thread of this process and to nothing else.
//!
//! A forked child has no server thread. If it kept the sockets, a client would wait for an answer from it after this
//! process has ended, so they are closed there. And a program may close descriptors that it did not open, and then use
//! their numbers for its own: a socket that was lost in that way is not touched any more.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::{io, mem};

use crate::platform::off_standard_streams;

/// The most sockets that a process has open.
pub(super) const MAX: usize = 35;
const NONE: i32 = -1;
/// A place that somebody is about to use.
const TAKEN: i32 = -2;

/// The sockets to close in a forked child. Relaxed everywhere: a place belongs to the thread that took it, and a forked
/// child, which reads them all, looks at its own copy.
static OPEN: [Place; MAX] = [const { Place::free() }; MAX];

struct Place {
    descriptor: AtomicI32,
    device: AtomicU64,
    inode: AtomicU64,
}

/// A socket of the control channel.
pub(super) struct Private<T: AsRawFd> {
    socket: ManuallyDrop<T>,
    place: &'static Place,
}

impl Place {
    const fn free() -> Self {
        Self {
            descriptor: AtomicI32::new(NONE),
            device: AtomicU64::new(0),
            inode: AtomicU64::new(0),
        }
    }

    /// The descriptor, if it still is the socket that it was.
    fn socket(&self) -> Option<i32> {
        let descriptor = self.descriptor.load(Ordering::Relaxed);
        if descriptor < 0 {
            return None;
        }
        let known = (
            self.device.load(Ordering::Relaxed),
            self.inode.load(Ordering::Relaxed),
        );
        (inode(descriptor) == Some(known)).then_some(descriptor)
    }
}

impl<T: AsRawFd + From<OwnedFd> + Into<OwnedFd>> Private<T> {
    pub(super) fn new(socket: T) -> io::Result<Self> {
        let socket = off_standard_streams(socket.into())?;
        let (device, inode) = inode(socket.as_raw_fd()).ok_or(io::ErrorKind::NotFound)?;
        let take = |place: &&Place| {
            let taken = place
                .descriptor
                .compare_exchange(NONE, TAKEN, Ordering::Relaxed, Ordering::Relaxed);
            taken.is_ok()
        };
        let place = OPEN.iter().find(take).ok_or(io::ErrorKind::ResourceBusy)?;
        place.device.store(device, Ordering::Relaxed);
        place.inode.store(inode, Ordering::Relaxed);
        place.descriptor.store(socket.as_raw_fd(), Ordering::Relaxed);
        let socket = ManuallyDrop::new(T::from(socket));
        Ok(Self { socket, place })
    }
}

impl<T: AsRawFd> Private<T> {
    /// Whether the program has closed the descriptor.
    pub(super) fn is_lost(&self) -> bool {
        self.place.socket().is_none()
    }
}

impl<T: AsRawFd> Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.socket
    }
}

impl<T: AsRawFd> Drop for Private<T> {
    fn drop(&mut self) {
        let is_lost = self.is_lost();
        // Before the descriptor is closed, so that no child closes what has its number next.
        self.place.descriptor.store(NONE, Ordering::Relaxed);
        if !is_lost {
            // SAFETY: the socket is dropped here, once, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.socket) };
        }
    }
}

/// Closes the sockets that a forked child has of its parent. Does only what may be done in one.
pub(super) fn close_in_child() {
    for place in &OPEN {
        if let Some(descriptor) = place.socket() {
            // SAFETY: the descriptor is one of ours, and the thread that used it is not part of this process.
            unsafe { libc::close(descriptor) };
        }
        place.descriptor.store(NONE, Ordering::Relaxed);
    }
}

/// What tells a socket from all others.
fn inode(descriptor: i32) -> Option<(u64, u64)> {
    let mut stat = mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the call writes the buffer if it answers zero, and only then is it read.
    unsafe {
        let failed = libc::fstat(descriptor, stat.as_mut_ptr()) != 0;
        (!failed).then(|| (stat.assume_init_ref().st_dev, stat.assume_init_ref().st_ino))
    }
}
