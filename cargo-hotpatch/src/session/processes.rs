//! The processes that are attached to a session, and the patches that each of them has.
//!
//! Invariant: a process gets the patches of the session in order, one delivery at a time, and answers for itself. None
//! of them waits for another.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_abi::code;
use hotpatch_abi::frame::{Identity, Reply, Request, Status};
use hotpatch_abi::generation::Live;
use hotpatch_abi::manifest::PatchId;
use rustix::process::Signal;

use super::attached::{self, Attached, Errand, Moved};
use super::delivery::{Cause, Delivery, Step, Stepped, Verdict};
use super::inbox::Message;
use super::program::signal;
use crate::build_id::BuildId;
use crate::channel::{Answer, Channel};
use crate::control_dir::{self, ControlDir, Socket};

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
    /// The patch that must be live when it is taken; `None` if it fits at any generation.
    pub(super) parent: Option<PatchId>,
    /// The patches whose images it refers to.
    pub(super) images: Vec<PatchId>,
}

/// What the processes that can be offered a patch run now.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The patches that are live, each once; `None` for the program as built.
    pub(super) heads: Vec<Option<PatchId>>,
    /// The processes that run a patch which this session does not know.
    pub(super) strangers: Vec<(u32, PatchId)>,
}

/// The processes.
#[derive(Debug)]
pub(super) struct Processes {
    attached: Vec<Attached>,
    /// The sockets that were greeted.
    seen: Vec<Socket>,
    patches: Vec<SessionPatch>,
    /// The patch that the session has brought its processes to; one that joins is brought there. `None` is the program as
    /// built.
    head: Option<PatchId>,
    /// The last patch that was offered, as long as no process is known to have it.
    offered: Option<SessionPatch>,
    /// What processes did by themselves and nobody was told yet.
    moved: Vec<Moved>,
    steps: Vec<Stepped>,
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
            head: None,
            offered: None,
            moved: Vec::new(),
            steps: Vec::new(),
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
                thread::spawn(move || {
                    attached::converse(&socket, &token, &session);
                });
            }
        }
    }

    /// Takes in a process. It gets the patches of the session that it lacks; what it answers soon.
    pub(super) fn attach(&mut self, channel: Channel, identity: &Identity, live: Live) -> Vec<Verdict> {
        self.attached.retain(|process| process.pid != identity.pid);
        self.attached.push(Attached {
            channel: Arc::new(channel),
            pid: identity.pid,
            build_id: BuildId::from_bytes(&identity.build_id),
            live,
            heard: None,
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
        errands.any(|errand| errand.last == Some(patch))
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
        let id = patch.id;
        self.offered = Some(patch);
        for process in &mut self.attached {
            process.declined = false;
        }
        self.deliver();
        let mut verdicts = self.await_answers();
        verdicts.extend(self.strangers(id));
        verdicts
    }

    /// The refusals of the processes that cannot be offered anything.
    fn strangers(&self, patch: PatchId) -> Vec<Verdict> {
        let standing = self.standing();
        let refused = standing.strangers.iter().map(|(pid, stranger)| Verdict {
            pid: *pid,
            patch,
            answer: Answer::refused(
                code::PARENT,
                &format!(
                    "it runs patch `{stranger}`, which this session did not make; `cargo hotpatch rollback --pid {pid}` \
                     takes it back"
                ),
            ),
            time: Duration::ZERO,
            overtaken: false,
        });
        refused.collect()
    }

    /// What processes have answered since, and soon answer to what they still lack.
    pub(super) fn answers(&mut self) -> Vec<Verdict> {
        let mut verdicts = self.await_answers();
        self.deliver();
        verdicts.extend(self.await_answers());
        verdicts
    }

    /// Has every process of the program that is free go a step. What they answer soon is in [`steps`](Self::steps).
    pub(super) fn step(&mut self, step: Step) -> Vec<Verdict> {
        for index in 0..self.attached.len() {
            if self.attached[index].build_id == self.program && self.attached[index].busy.is_none() {
                self.send(index, None, move |pid, channel| {
                    Delivery::step(pid, &channel, step)
                });
            }
        }
        self.await_answers()
    }

    /// What processes have answered to steps since this was asked last.
    pub(super) fn steps(&mut self) -> Vec<Stepped> {
        std::mem::take(&mut self.steps)
    }

    /// A process says what it runs now. Whether it went there by itself is told by [`moves`](Self::moves).
    pub(super) fn hear(&mut self, pid: u32, live: Live) {
        let process = self.attached.iter_mut().find(|process| process.pid == pid);
        if let Some(process) = process {
            let moved = process.hear(live);
            let is_own = process.build_id == self.program;
            self.note(moved.filter(|_| is_own));
        }
    }

    /// Where processes went by themselves since this was asked last.
    pub(super) fn moves(&mut self) -> Vec<Moved> {
        std::mem::take(&mut self.moved)
    }

    fn note(&mut self, moved: Option<Moved>) {
        if let Some(moved) = moved {
            if self.knows(moved.generation.head) {
                self.settle(moved.generation.head);
            }
            self.moved.push(moved);
        }
    }

    /// Processes have left the patch that the session has brought them to. Once none runs it, those that join are brought
    /// to what the others run.
    fn settle(&mut self, head: Option<PatchId>) {
        if !self.heads().any(|own| own == self.head) {
            self.head = head;
        }
    }

    /// Whether a patch is one of this session, or none.
    pub(super) fn knows(&self, head: Option<PatchId>) -> bool {
        let is_known = |head| self.patches.iter().any(|patch| patch.id == head);
        head.is_none_or(is_known)
    }

    /// What can be compared with what.
    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        for process in self.own().filter(|process| process.busy.is_none()) {
            let head = process.live.generation.head;
            match head {
                Some(stranger) if !self.knows(head) => standing.strangers.push((process.pid, stranger)),
                // It is behind, and gets what it lacks first.
                _ if process.lacks(self.head) => {}
                _ if standing.heads.contains(&head) => {}
                _ => standing.heads.push(head),
            }
        }
        if standing.heads.is_empty() && standing.strangers.len() < self.count() {
            standing.heads.push(self.head);
        }
        standing
    }

    /// The patches that the processes of the program run.
    pub(super) fn heads(&self) -> impl Iterator<Item = Option<PatchId>> {
        self.own().map(|process| process.live.generation.head)
    }

    /// The newest generation of them.
    pub(super) fn generation(&self) -> Option<u64> {
        self.own().map(|process| process.live.generation.number).max()
    }

    /// Sends every process that is free what it lacks.
    fn deliver(&mut self) {
        let cause = match self.offered {
            Some(_) => Cause::Offer,
            None => Cause::CatchUp,
        };
        let Some(target) = self.offered.as_ref().map_or(self.head, |patch| Some(patch.id)) else {
            return;
        };
        let mut patches = self.patches.clone();
        patches.extend(self.offered.clone());
        for index in 0..self.attached.len() {
            let process = &self.attached[index];
            let head = process.live.generation.head;
            let is_there = match cause {
                Cause::Offer => head == Some(target),
                // One that has it and runs something else went away by itself.
                Cause::CatchUp => !process.lacks(Some(target)),
            };
            let is_able = process.build_id == self.program && process.busy.is_none() && !process.declined;
            if !is_able || is_there || !self.knows(head) {
                continue;
            }
            let patches = patches.clone();
            self.send(index, Some(target), move |pid, channel| {
                Delivery::bring(pid, &channel, &patches, target, cause)
            });
        }
    }

    fn send(
        &mut self,
        index: usize,
        last: Option<PatchId>,
        errand: impl FnOnce(u32, Arc<Channel>) -> Delivery + Send + 'static,
    ) {
        let process = &mut self.attached[index];
        process.busy = Some(Errand {
            since: Instant::now(),
            last,
        });
        let (pid, channel) = (process.pid, process.channel.clone());
        let (done, session) = (self.done.clone(), self.session.clone());
        thread::spawn(move || {
            let _ = done.send(errand(pid, channel));
            let _ = session.send(Message::Answers);
        });
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
        let taken = applied.map(|verdict| verdict.patch);
        if taken.is_some() && taken == self.offered.as_ref().map(|patch| patch.id) {
            self.head = taken;
            let offered = self.offered.take();
            self.patches.retain(|patch| Some(patch.id) != taken);
            self.patches.extend(offered);
        }
        let is_step = delivery.stepped.is_some();
        self.steps.extend(delivery.stepped);
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
            if !is_step {
                process.declined = !delivery.verdicts.last().is_some_and(Verdict::is_applied);
            }
            let moved = process.is_back(delivery.live, delivery.made);
            let head = process.live.generation.head;
            match moved {
                None if is_step && self.knows(head) => self.settle(head),
                moved => self.note(moved),
            }
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
