//! The processes that are attached to a session, and the patches that each of them has.
//!
//! Invariant: a process gets the patches of the session in order, and answers for itself.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_abi::code;
use hotpatch_abi::frame::{Identity, Reply, Request, Status};
use hotpatch_abi::manifest::PatchId;
use rustix::process::Signal;

use super::inbox::Message;
use super::program::signal;
use crate::build_id::BuildId;
use crate::channel::{Answer, Channel};
use crate::control_dir::{self, ControlDir, Socket};

/// How long a new socket is given to accept connections.
const ARRIVAL: Duration = Duration::from_secs(2);

/// How long a process that outlives the program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A patch that at least one process has, or that is offered now.
#[derive(Clone, Debug)]
pub(super) struct SessionPatch {
    pub(super) id: PatchId,
    pub(super) path: PathBuf,
}

/// A process and the channel to it.
#[derive(Debug)]
struct Attached {
    channel: Channel,
    pid: u32,
    build_id: BuildId,
    head: Option<PatchId>,
    lost: bool,
}

/// What one process answered.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) pid: u32,
    pub(super) answer: Answer,
    /// From the offer to the answer.
    pub(super) time: Duration,
}

/// The processes.
#[derive(Debug)]
pub(super) struct Processes {
    attached: Vec<Attached>,
    seen: BTreeSet<u32>,
    patches: Vec<SessionPatch>,
    program: BuildId,
}

impl Processes {
    /// No processes yet, of a program with this build id.
    pub(super) fn new(program: BuildId) -> Self {
        Self {
            attached: Vec::new(),
            seen: BTreeSet::new(),
            patches: Vec::new(),
            program,
        }
    }

    /// Connects to the sockets that have appeared; each answer becomes a message.
    pub(super) fn greet(&mut self, control: &ControlDir, sender: &Sender<Message>) {
        let sockets = control_dir::sockets(control.path());
        self.seen
            .retain(|pid| sockets.iter().any(|socket| socket.pid == *pid));
        for socket in sockets {
            if self.seen.insert(socket.pid) {
                let (token, sender) = (control.token().to_owned(), sender.clone());
                thread::spawn(move || drop(sender.send(greeted(&socket, &token))));
            }
        }
    }

    /// Takes in a process. It gets the patches of the session that it lacks.
    pub(super) fn attach(&mut self, channel: Channel, identity: &Identity) -> Vec<Verdict> {
        self.attached.retain(|process| process.pid != identity.pid);
        let build_id = BuildId::from_bytes(&identity.build_id);
        let mut process = Attached {
            channel,
            pid: identity.pid,
            build_id,
            head: identity.head,
            lost: false,
        };
        let verdicts = if process.build_id == self.program {
            process.catch_up(&self.patches)
        } else {
            Vec::new()
        };
        self.attached.push(process);
        verdicts
    }

    /// Whether a process of the program is attached. Those that have ended are forgotten.
    pub(super) fn any(&mut self) -> bool {
        self.attached.retain(|process| control_dir::is_alive(process.pid));
        self.attached
            .iter()
            .any(|process| process.build_id == self.program)
    }

    /// How the processes of the program describe themselves.
    pub(super) fn statuses(&mut self) -> Vec<Status> {
        let own = self
            .attached
            .iter_mut()
            .filter(|process| process.build_id == self.program);
        own.filter_map(|process| match process.channel.ask(&Request::Status) {
            Ok(Reply::Status(status)) => Some(status),
            _ => None,
        })
        .collect()
    }

    /// Ends the processes that the program has started and that outlive it: nobody can patch them any more.
    pub(super) fn end_all(&mut self) {
        let mut left = std::mem::take(&mut self.attached);
        for ask in [Signal::TERM, Signal::KILL] {
            let start = Instant::now();
            left.retain(Attached::is_alive);
            for process in &left {
                signal(process.pid, ask);
            }
            while start.elapsed() < GRACE && !left.is_empty() {
                thread::sleep(Duration::from_millis(5));
                left.retain(Attached::is_alive);
            }
        }
    }

    /// Offers a patch to all processes of the program at once. The patch stays with the session when at least one
    /// process has it.
    pub(super) fn offer(&mut self, patch: SessionPatch) -> Vec<Verdict> {
        let mut patches = self.patches.clone();
        patches.push(patch);
        let program = &self.program;
        let takers = self
            .attached
            .iter_mut()
            .filter(|process| process.build_id == *program);
        let verdicts: Vec<Verdict> = thread::scope(|scope| {
            let threads: Vec<_> = takers
                .map(|process| scope.spawn(|| process.catch_up(&patches)))
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().ok())
                .flatten()
                .collect()
        });
        if self
            .attached
            .iter()
            .any(|process| process.head.is_some() && process.head == patches.last().map(|last| last.id))
        {
            self.patches = patches;
        }
        for lost in self.attached.iter().filter(|process| process.lost) {
            self.seen.remove(&lost.pid);
        }
        self.attached.retain(|process| !process.lost);
        verdicts
    }
}

impl Attached {
    /// Whether it runs: its number may belong to another process by now.
    fn is_alive(&self) -> bool {
        self.channel.is_open() && control_dir::is_alive(self.pid)
    }

    /// Offers the patches after the one that this process has, until it refuses one.
    fn catch_up(&mut self, patches: &[SessionPatch]) -> Vec<Verdict> {
        let known = patches
            .iter()
            .position(|patch| Some(patch.id) == self.head)
            .map_or(0, |index| index + 1);
        let mut verdicts = Vec::new();
        for patch in &patches[known..] {
            let start = Instant::now();
            let answer = self.channel.apply(&patch.path).unwrap_or_else(|error| {
                self.lost = true;
                let message = format!("process {} did not answer: {error:#}", self.pid);
                Answer::Refused {
                    code: code::NO_ANSWER.to_string(),
                    message,
                }
            });
            let applied = matches!(answer, Answer::Applied { .. });
            verdicts.push(Verdict {
                pid: self.pid,
                answer,
                time: start.elapsed(),
            });
            if !applied {
                break;
            }
            self.head = Some(patch.id);
        }
        verdicts
    }
}

/// A socket appears a moment before its process listens.
fn greeted(socket: &Socket, token: &str) -> Message {
    let start = Instant::now();
    loop {
        match Channel::open(&socket.path, token) {
            Ok((channel, identity)) => return Message::Attached(channel, identity),
            Err(error) => {
                let early = error.downcast_ref::<std::io::Error>().is_some();
                if !early || start.elapsed() > ARRIVAL {
                    return Message::NotAttached(socket.pid, error);
                }
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}
