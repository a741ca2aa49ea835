//! The handle of what is followed, and the thread behind it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fmt, io, process};

use super::files;
use super::look::{Looker, Offers};
use super::outcome::Followed;
use super::policy::Policy;
use super::trigger::{Reason, Trigger};
use crate::event;
use crate::platform::{Bell, without_signals};
use crate::refusal::{Refusal, refuse};

/// Room for the dynamic loader and for the event callbacks of the program.
const STACK: usize = 1 << 20;

/// Takes the patches at `path` live by itself, when `policy` says so: a patch file, or all patch files of a folder.
///
/// What lies there is decided at each look. There may be nothing yet; only the folder above must exist. For all policies
/// but [`Manual`](Policy::Manual), the first look is over when this function returns.
///
/// # What is applied
///
/// Files are known by their content. A file that is not whole is no patch yet, and a patch that was once live in this
/// process, refused or passed over is not offered again, whatever becomes of its file; [`retry`](Following::retry) does
/// that. Only a veto (`HP0607`) means "not now": that patch is offered at each look. Sub-folders are not followed, nor
/// names that begin with a dot or end in `~`, `.tmp`, `.part` or `.partial`.
///
/// - A patch that follows on another one waits for that, and is applied after it.
/// - Of patches that fit anywhere and replace everything, as `cargo hotpatch patch` makes them, the one modified last is
///   applied, and nothing if that is live.
/// - Of several that follow on the same patch, the one modified first is applied.
///
/// A patch is loaded from a copy in memory, so its file may be written to, replaced and removed at any time. Removing it
/// does not take it back; [`rollback`](crate::rollback) does, and what was left in that way stays left.
///
/// # Reports
///
/// [`Event::Followed`](crate::Event::Followed) tells what became of a file, once for each content, after the other events
/// of the offer.
///
/// # Trust
///
/// As for [`apply`](crate::apply): who can write there decides what the process runs. Files and folders that everybody can
/// write are refused.
///
/// # Errors
///
/// The folder above does not exist, the path cannot be read or watched, the signal cannot be caught, the interval is zero,
/// the process has no room for a thread or a descriptor, or the call comes from inside an event callback.
///
/// ```no_run
/// use hotpatch_runtime::{Policy, follow};
///
/// let patches = follow("/var/lib/shop/patches", Policy::OnChange)?;
/// // Serve; dropping `patches` ends it.
/// # std::io::Result::Ok(())
/// ```
pub fn follow(path: impl AsRef<Path>, policy: Policy) -> io::Result<Following> {
    if event::in_callback() {
        return Err(io::Error::new(
            io::ErrorKind::Deadlock,
            "following cannot begin inside an event callback, where no patch can be applied",
        ));
    }
    // The program may change its folder.
    let path = std::path::absolute(path)?;
    readable(&path)?;
    let trigger = Trigger::of(policy, &path)?;
    let looker = Arc::new(Mutex::new(Looker::at(path)));
    let Some(mut trigger) = trigger else {
        return Ok(Following { looker, thread: None });
    };
    trigger.arm()?;
    lock(&looker).look(Offers::New);
    let stop = Arc::new(Bell::new()?);
    let (own_looker, own_stop) = (looker.clone(), stop.clone());
    let handle = without_signals(|| {
        thread::Builder::new()
            .name("hotpatch-follow".into())
            .stack_size(STACK)
            .spawn(move || run(trigger, &own_looker, &own_stop))
    })?;
    let thread = Some(Thread {
        stop,
        handle,
        process: process::id(),
    });
    Ok(Following { looker, thread })
}

/// Whether what lies at `path` can be read, if something does.
fn readable(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent()
        && !folder.is_dir()
    {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "there is no folder `{}` for `{}` to be in; make it first",
                folder.display(),
                path.display()
            ),
        ));
    }
    match files::at(path) {
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("`{}` cannot be read: {error}", path.display()),
        )),
        Ok(_) => Ok(()),
    }
}

fn run(mut trigger: Trigger, looker: &Mutex<Looker>, stop: &Bell) {
    let mut armed = Ok(());
    loop {
        match trigger.wait(stop, &armed) {
            Ok(Reason::Stop) => return,
            Ok(Reason::Look) => {}
            Err(error) => {
                lock(looker).cannot(&format!("{error}; it is followed no more"));
                return;
            }
        }
        armed = trigger.arm();
        let mut looker = lock(looker);
        looker.look(Offers::New);
        if let Err(error) = &armed {
            looker.cannot(&error.to_string());
        }
    }
}

/// Patches that are followed. See [`follow`].
///
/// Dropping it ends that, and waits for a look that is under way, unless it is dropped inside an event callback. A forked
/// child has the handle but not the thread: nothing is followed in it, unless it asks.
#[must_use = "following ends when it is dropped"]
pub struct Following {
    looker: Arc<Mutex<Looker>>,
    thread: Option<Thread>,
}

struct Thread {
    stop: Arc<Bell>,
    handle: JoinHandle<()>,
    process: u32,
}

impl Following {
    /// Looks now, as the policy would, and returns where each file stands.
    ///
    /// # Errors
    ///
    /// `HP0605`: inside an event callback.
    pub fn check(&self) -> Result<Vec<Followed>, Refusal> {
        self.look(Offers::New)
    }

    /// Looks now, and offers also what was refused, passed over, rolled back from or replaced before, if it fits what is
    /// live and would be chosen.
    ///
    /// # Errors
    ///
    /// `HP0605`: inside an event callback.
    pub fn retry(&self) -> Result<Vec<Followed>, Refusal> {
        self.look(Offers::All)
    }

    fn look(&self, offers: Offers) -> Result<Vec<Followed>, Refusal> {
        if event::in_callback() {
            refuse!(
                BUSY,
                "patches cannot be looked for from inside an event callback; do it from another thread, or after the callback has returned"
            );
        }
        Ok(lock(&self.looker).look(offers))
    }

    /// Follows for as long as the process lives.
    pub fn detach(mut self) {
        // A thread whose handle is dropped runs on.
        self.thread = None;
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if thread.process != process::id() {
            return;
        }
        thread.stop.ring();
        // Inside a callback the thread may wait for the end of that.
        if !event::in_callback() {
            // A panic in it has been printed.
            let _ = thread.handle.join();
        }
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following").finish_non_exhaustive()
    }
}

fn lock(looker: &Mutex<Looker>) -> MutexGuard<'_, Looker> {
    looker.lock().unwrap_or_else(PoisonError::into_inner)
}
