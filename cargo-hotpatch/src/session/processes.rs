//! The processes that are attached to a session, and the patches that each of them has.
//!
//! Invariant: a process gets the patches of the session in order, one delivery at a time, and answers for itself. None
//! of them waits for another.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_abi::frame::{Identity, Reply, Request, Status};
use hotpatch_abi::manifest::PatchId;
use rustix::process::Signal;

use super::delivery::{Delivery, Verdict};
use super::inbox::Message;
use super::program::signal;
use crate::build_id::BuildId;
use crate::channel::Channel;
use crate::control_dir::{self, ControlDir, Socket};

/// How long a new socket is given to accept connections.
const ARRIVAL: Duration = Duration::from_secs(2);

/// How long the session waits for the answers of processes that run. Those that come later are told when they come.
const ANSWER: Duration = Duration::from_secs(2);

/// How often the session looks whether a process that has not answered was stopped.
const LOOK: Duration = Duration::from_millis(20);

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
    channel: Arc<Channel>,
    pid: u32,
    build_id: BuildId,
    head: Option<PatchId>,
    /// What is on its way to it.
    busy: Option<Errand>,
    /// It did not take the last patch that it was offered, and gets it again with the next one.
    declined: bool,
}

/// Patches that a process has not answered to yet.
#[derive(Clone, Copy, Debug)]
struct Errand {
    since: Instant,
    last: PatchId,
}

/// The processes.
#[derive(Debug)]
pub(super) struct Processes {
    attached: Vec<Attached>,
    /// The sockets that were greeted.
    seen: Vec<Socket>,
    patches: Vec<SessionPatch>,
    /// The last one that was offered, as long as no process is known to have it.
    offered: Option<SessionPatch>,
    program: BuildId,
    deliveries: Receiver<Delivery>,
    done: Sender<Delivery>,
    session: Sender<Message>,
}

impl Processes {
    /// No processes yet, of a program with this build id.
    pub(super) fn new(program: BuildId, session: Sender<Message>) -> Self {
        let (done, deliveries) = channel();
        Self {
            attached: Vec::new(),
            seen: Vec::new(),
            patches: Vec::new(),
            offered: None,
            program,
            deliveries,
            done,
            session,
        }
    }

    /// Connects to the sockets that have appeared; each answer becomes a message.
    pub(super) fn greet(&mut self, control: &ControlDir) {
        let sockets = control_dir::sockets(control.path());
        self.seen.retain(|socket| sockets.contains(socket));
        for socket in sockets {
            if !self.seen.contains(&socket) {
                self.seen.push(socket.clone());
                let (token, session) = (control.token().to_owned(), self.session.clone());
                thread::spawn(move || drop(session.send(greeted(&socket, &token))));
            }
        }
    }

    /// Takes in a process. It gets the patches of the session that it lacks; what it answers soon.
    pub(super) fn attach(&mut self, channel: Channel, identity: &Identity) -> Vec<Verdict> {
        self.attached.retain(|process| process.pid != identity.pid);
        self.attached.push(Attached {
            channel: Arc::new(channel),
            pid: identity.pid,
            build_id: BuildId::from_bytes(&identity.build_id),
            head: identity.head,
            busy: None,
            declined: false,
        });
        self.deliver();
        self.await_answers()
    }

    /// Whether a process of the program is attached. Those that have ended are forgotten.
    pub(super) fn any(&mut self) -> bool {
        self.attached.retain(|process| control_dir::is_alive(process.pid));
        self.own().next().is_some()
    }

    /// How many processes of the program are attached.
    pub(super) fn count(&self) -> usize {
        self.own().count()
    }

    /// Whether it is open whether a process takes the last patch that was offered.
    pub(super) fn is_open(&self) -> bool {
        self.offered
            .as_ref()
            .is_some_and(|patch| self.is_on_its_way(patch.id))
    }

    fn is_on_its_way(&self, patch: PatchId) -> bool {
        let mut errands = self.attached.iter().filter_map(|process| process.busy);
        errands.any(|errand| errand.last == patch)
    }

    /// Whether one of them can be offered a patch now.
    pub(super) fn any_free(&self) -> bool {
        self.own().any(|process| process.busy.is_none())
    }

    /// The processes that have not answered yet.
    pub(super) fn busy(&self) -> Vec<u32> {
        let busy = self.own().filter(|process| process.busy.is_some());
        busy.map(|process| process.pid).collect()
    }

    /// How the processes of the program describe themselves: those that can.
    pub(super) fn statuses(&self) -> Vec<Status> {
        let able = self
            .own()
            .filter(|process| process.busy.is_none() && !control_dir::stands_still(process.pid));
        able.filter_map(|process| match process.channel.ask(&Request::Status) {
            Ok(Reply::Status(status)) => Some(status),
            _ => None,
        })
        .collect()
    }

    /// The processes that cannot describe themselves now.
    pub(super) fn silent(&self) -> Vec<u32> {
        let silent = self
            .own()
            .filter(|process| process.busy.is_some() || control_dir::stands_still(process.pid));
        silent.map(|process| process.pid).collect()
    }

    /// Ends the processes that the program has started and that outlive it: nobody can patch them any more.
    pub(super) fn end_all(&mut self) {
        let mut left = std::mem::take(&mut self.attached);
        for ask in [Signal::TERM, Signal::KILL] {
            let start = Instant::now();
            left.retain(Attached::is_alive);
            for process in &left {
                signal(process.pid, ask);
                // One that stands still could not end.
                signal(process.pid, Signal::CONT);
            }
            while start.elapsed() < GRACE && !left.is_empty() {
                thread::sleep(Duration::from_millis(5));
                left.retain(Attached::is_alive);
            }
        }
    }

    /// Offers a patch to all processes of the program at once; what they answer soon. The patch stays with the session
    /// when at least one process has it.
    pub(super) fn offer(&mut self, patch: SessionPatch) -> Vec<Verdict> {
        self.offered = Some(patch);
        for process in &mut self.attached {
            process.declined = false;
        }
        self.deliver();
        self.await_answers()
    }

    /// What processes have answered since, and soon answer to what they still lack.
    pub(super) fn answers(&mut self) -> Vec<Verdict> {
        let mut verdicts = self.await_answers();
        self.deliver();
        verdicts.extend(self.await_answers());
        verdicts
    }

    /// Sends every process that is free the patches after the one that it has.
    fn deliver(&mut self) {
        let mut patches = self.patches.clone();
        patches.extend(self.offered.clone());
        for process in &mut self.attached {
            if process.build_id != self.program || process.busy.is_some() || process.declined {
                continue;
            }
            let known = patches
                .iter()
                .position(|patch| Some(patch.id) == process.head)
                .map_or(0, |index| index + 1);
            if let Some(last) = patches[known..].last() {
                process.busy = Some(Errand {
                    since: Instant::now(),
                    last: last.id,
                });
                let (pid, channel, missing) =
                    (process.pid, process.channel.clone(), patches[known..].to_vec());
                let (done, session) = (self.done.clone(), self.session.clone());
                thread::spawn(move || {
                    let _ = done.send(Delivery::make(pid, &channel, &missing));
                    let _ = session.send(Message::Answers);
                });
            }
        }
    }

    /// Waits for the answers of the processes that run, and takes in those that are there.
    fn await_answers(&mut self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        loop {
            while let Ok(delivery) = self.deliveries.try_recv() {
                verdicts.extend(self.take(delivery));
            }
            let is_open = self.is_open();
            let is_awaited = |process: &Attached| {
                let is_recent = process.busy.is_some_and(|errand| errand.since.elapsed() < ANSWER);
                is_recent && !control_dir::stands_still(process.pid)
            };
            if !self.attached.iter().any(is_awaited) {
                self.offered.take_if(|_| !is_open);
                return verdicts;
            }
            if let Ok(delivery) = self.deliveries.recv_timeout(LOOK) {
                verdicts.extend(self.take(delivery));
            }
        }
    }

    fn take(&mut self, delivery: Delivery) -> Vec<Verdict> {
        let applied = delivery.verdicts.iter().rfind(|verdict| verdict.is_applied());
        let head = applied.map(|verdict| verdict.patch);
        if head.is_some() && head == self.offered.as_ref().map(|patch| patch.id) {
            self.patches.extend(self.offered.take());
        }
        if delivery.lost {
            self.attached.retain(|process| process.pid != delivery.pid);
            // It may open its channel again.
            self.seen.retain(|socket| socket.pid != delivery.pid);
            let _ = self.session.send(Message::Sockets);
        } else if let Some(process) = self
            .attached
            .iter_mut()
            .find(|process| process.pid == delivery.pid)
        {
            process.busy = None;
            process.declined = !delivery.verdicts.last().is_some_and(Verdict::is_applied);
            process.head = head.or(process.head);
        }
        delivery.verdicts
    }

    /// Those that run the program of the session.
    fn own(&self) -> impl Iterator<Item = &Attached> {
        self.attached
            .iter()
            .filter(|process| process.build_id == self.program)
    }
}

impl Attached {
    /// Whether it runs: its number may belong to another process by now.
    fn is_alive(&self) -> bool {
        self.channel.is_open() && control_dir::is_alive(self.pid)
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
                let stands_still = control_dir::stands_still(socket.pid);
                if !early || (start.elapsed() > ARRIVAL && !stands_still) {
                    return Message::NotAttached(socket.pid, error);
                }
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}
