//! Everything that a session reacts to, in one queue.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::frame::Identity;
use hotpatch_abi::generation::Live;

use super::restart::Ready;
use super::signals::Received;
use crate::channel::Channel;
use crate::keyboard::Input;
use crate::testing::Ran;

/// No further file event for so long means that a save is complete.
const QUIET: Duration = Duration::from_millis(5);
/// The same, while a file was written but not yet closed.
const QUIET_WHILE_OPEN: Duration = Duration::from_millis(40);
/// A save that never comes to rest is looked at anyway.
const LONGEST: Duration = Duration::from_millis(400);

/// Something to react to.
#[derive(Debug)]
pub(super) enum Message {
    /// A file may have changed.
    File(FileEvent),
    /// A socket may have appeared.
    Sockets,
    /// A process answered the greeting.
    Attached(Channel, Identity, Live),
    /// A process runs another generation.
    Live(u32, Live),
    /// A process refused the greeting.
    NotAttached(u32, anyhow::Error),
    /// A process has answered to patches, soon or late.
    Answers,
    /// The program ended.
    Exited(ExitStatus),
    /// The tool got a signal.
    Signal(Received),
    /// The program has no hot function: nothing of it can be patched.
    NothingHot,
    /// The next program is built, or could not be.
    Built(Result<Box<Ready>>),
    /// Something about the keys of the terminal.
    Keyboard(Input),
    /// A test binary ended.
    Tested(Ran),
}

/// An event of the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileEvent {
    pub(super) path: PathBuf,
    pub(super) at: Instant,
    /// Whether the file is whole after this event, as after a rename; not so after a write without a close.
    pub(super) whole: bool,
}

impl FileEvent {
    /// An event about no file in particular.
    pub(super) fn now() -> Self {
        Self {
            path: PathBuf::new(),
            at: Instant::now(),
            whole: true,
        }
    }
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Inbox {
    receiver: Receiver<Message>,
    deferred: VecDeque<Message>,
}

impl Inbox {
    /// An empty queue.
    pub(super) fn new() -> (Sender<Message>, Self) {
        let (sender, receiver) = channel();
        (
            sender,
            Self {
                receiver,
                deferred: VecDeque::new(),
            },
        )
    }

    /// The next message; `None` at the deadline.
    pub(super) fn next(&mut self, deadline: Option<Instant>) -> Option<Message> {
        if let Some(message) = self.deferred.pop_front() {
            return Some(message);
        }
        match deadline {
            None => self.receiver.recv().ok(),
            Some(deadline) => self
                .receiver
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                .ok(),
        }
    }

    /// Waits until the file events that began with `first` have come to rest.
    pub(super) fn settle(&mut self, first: FileEvent) {
        let start = first.at;
        let mut open = Vec::new();
        note(&mut open, first);
        while start.elapsed() < LONGEST {
            let quiet = if open.is_empty() { QUIET } else { QUIET_WHILE_OPEN };
            match self.receiver.recv_timeout(quiet) {
                Ok(Message::File(event)) => note(&mut open, event),
                Ok(other) => self.deferred.push_back(other),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Takes what processes have said of what they run.
    pub(super) fn take_live(&mut self) -> Vec<(u32, Live)> {
        self.deferred.extend(self.receiver.try_iter());
        let (live, others) = std::mem::take(&mut self.deferred)
            .into_iter()
            .partition(|message| matches!(message, Message::Live(..)));
        self.deferred = others;
        let live: VecDeque<Message> = live;
        live.into_iter()
            .filter_map(|message| match message {
                Message::Live(pid, live) => Some((pid, live)),
                _ => None,
            })
            .collect()
    }

    /// Takes the file events that are waiting; the first one.
    pub(super) fn take_file_events(&mut self) -> Option<FileEvent> {
        self.deferred.extend(self.receiver.try_iter());
        let mut first = None;
        self.deferred.retain_mut(|message| match message {
            Message::File(event) => {
                first.get_or_insert_with(|| event.clone());
                false
            }
            _ => true,
        });
        first
    }
}

/// Keeps track of the files that are being written.
fn note(open: &mut Vec<PathBuf>, event: FileEvent) {
    open.retain(|path| *path != event.path);
    if !event.whole {
        open.push(event.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, whole: bool) -> FileEvent {
        FileEvent {
            path: path.into(),
            at: Instant::now(),
            whole,
        }
    }

    #[test]
    fn a_save_of_several_files_is_one_edit_and_other_messages_wait() {
        let (sender, mut inbox) = Inbox::new();
        for message in [
            Message::File(file("b.rs", true)),
            Message::NothingHot,
            Message::File(file("a.rs", true)),
        ] {
            sender.send(message).unwrap();
        }
        inbox.settle(file("a.rs", false));
        assert!(matches!(inbox.next(None), Some(Message::NothingHot)));
        assert!(inbox.next(Some(Instant::now())).is_none());
    }

    #[test]
    fn file_events_are_taken_out_of_the_queue() {
        let (sender, mut inbox) = Inbox::new();
        for message in [
            Message::Sockets,
            Message::File(file("a.rs", true)),
            Message::File(file("b.rs", true)),
        ] {
            sender.send(message).unwrap();
        }
        assert_eq!(
            inbox.take_file_events().map(|event| event.path),
            Some("a.rs".into())
        );
        assert!(matches!(inbox.next(None), Some(Message::Sockets)));
        assert!(inbox.take_file_events().is_none());
    }
}
