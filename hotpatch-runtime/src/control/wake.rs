//! Waking the server thread when a generation is live, so that clients that wait for one are told.
//!
//! A pair of sockets, one end of which is in the poll set of the server. The sockets are as private as the others: a
//! forked child has none of them until it opens a channel of its own, and one that the program has closed is not touched.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::private::Private;

/// The end that is written to. It is never freed: another thread may be about to use it.
static SENDER: AtomicPtr<Private<UnixStream>> = AtomicPtr::new(ptr::null_mut());

/// The end that the server polls.
pub(super) struct Wakes(Private<UnixStream>);

impl Wakes {
    /// From now on, [`wake`] wakes whoever polls this.
    pub(super) fn open() -> io::Result<Self> {
        let (sender, receiver) = UnixStream::pair()?;
        let (sender, receiver) = (Private::new(sender)?, Private::new(receiver)?);
        receiver.set_nonblocking(true)?;
        // Release: pairs with the Acquire in `wake`.
        SENDER.store(Box::into_raw(Box::new(sender)), Ordering::Release);
        Ok(Self(receiver))
    }

    pub(super) fn interest(&self) -> libc::pollfd {
        libc::pollfd {
            fd: self.fd(),
            events: libc::POLLIN,
            revents: 0,
        }
    }

    fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Whether the program has closed one of the ends.
    pub(super) fn is_lost(&self) -> bool {
        self.0.is_lost()
    }

    /// Takes in what came, so that the next wake is seen.
    pub(super) fn drain(&self) {
        let mut bytes = [0; 64];
        while !self.is_lost() {
            match (&*self.0).read(&mut bytes) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}

/// Wakes the server, if there is one. Waits for nobody and takes no lock.
pub(crate) fn wake() {
    // Acquire: pairs with the Release in `open`.
    let sender = SENDER.load(Ordering::Acquire);
    // SAFETY: a pointer that was stored leads to a value that is never freed.
    let Some(sender) = (unsafe { sender.as_ref() }) else {
        return;
    };
    if !sender.is_lost() {
        // Where the buffer is full, the server is awake already. Where the server has ended, nobody waits.
        // SAFETY: the call reads one byte of a constant.
        unsafe {
            libc::send(
                sender.as_raw_fd(),
                [0_u8].as_ptr().cast(),
                1,
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
    }
}

/// A forked child has no server, and the descriptors may soon be those of others. Does only what may be done in one.
pub(super) fn forget_in_child() {
    // Relaxed: a child begins with one thread.
    SENDER.store(ptr::null_mut(), Ordering::Relaxed);
}
