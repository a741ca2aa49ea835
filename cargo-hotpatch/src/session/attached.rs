//! One process that is attached to a session: what it runs, how it is greeted, and how the session hears of what it does
//! by itself.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::frame::Identity;
use hotpatch_abi::generation::{GenerationStatus, Live, Origin};
use hotpatch_abi::manifest::PatchId;

use super::inbox::Message;
use crate::build_id::BuildId;
use crate::channel::{Channel, Patience};
use crate::control_dir::{self, Socket};

/// How long a new socket is given to accept connections.
const ARRIVAL: Duration = Duration::from_secs(2);

/// A process and the channel to it.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) channel: Arc<Channel>,
    pub(super) pid: u32,
    pub(super) build_id: BuildId,
    /// What it runs, as far as it was heard.
    pub(super) live: Live,
    /// What it said meanwhile.
    pub(super) heard: Option<Live>,
    /// What is on its way to it.
    pub(super) busy: Option<Errand>,
    /// It did not take the last patch that it was offered, and gets it again with the next one.
    pub(super) declined: bool,
}

/// What a process has not answered to yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) since: Instant,
    /// The last patch that it is offered; `None` for a step.
    pub(super) last: Option<PatchId>,
}

/// A process runs another generation, and not because it was asked to by this session.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) pid: u32,
    pub(super) generation: GenerationStatus,
    pub(super) direction: Direction,
}

/// Where another generation lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It runs the code of an earlier one.
    Back,
    /// It runs the code of a later one.
    Forward,
}

impl Attached {
    /// Whether it never had a patch.
    pub(super) fn lacks(&self, patch: Option<PatchId>) -> bool {
        patch.is_some_and(|patch| !self.live.patches.contains(&patch))
    }

    /// It says what it runs. Returns where it went by itself. What comes of an errand is told when that is over.
    pub(super) fn hear(&mut self, live: Live) -> Option<Moved> {
        match self.busy {
            Some(_) => {
                self.heard = Some(live);
                None
            }
            None => self.take_in(live, 0),
        }
    }

    /// An errand is over, after which it runs `live`; `made` is the last generation that it made because of that.
    pub(super) fn is_back(&mut self, live: Option<Live>, made: u64) -> Option<Moved> {
        self.busy = None;
        let moved = live.and_then(|live| self.take_in(live, made));
        let heard = self.heard.take().and_then(|live| self.take_in(live, made));
        heard.or(moved)
    }

    fn take_in(&mut self, live: Live, made: u64) -> Option<Moved> {
        let known = made.max(self.live.generation.number);
        if live.generation.number < self.live.generation.number {
            return None;
        }
        let before = std::mem::replace(&mut self.live, live).generation;
        let generation = &self.live.generation;
        let code = |generation: &GenerationStatus| match generation.origin {
            Origin::RollBack(to) => to,
            Origin::Built | Origin::Patch(_) => generation.number,
        };
        (generation.number > known).then(|| Moved {
            pid: self.pid,
            generation: generation.clone(),
            direction: match code(generation) < code(&before) {
                true => Direction::Back,
                false => Direction::Forward,
            },
        })
    }

    /// Whether it runs: its number may belong to another process by now.
    pub(super) fn is_alive(&self) -> bool {
        self.channel.is_open() && control_dir::is_alive(self.pid)
    }
}

/// Greets a process, then tells the session of every generation that it makes, for as long as it has its channel.
pub(super) fn converse(socket: &Socket, token: &str, session: &Sender<Message>) {
    let message = greeted(socket, token);
    let known = match &message {
        Message::Attached(_, _, live) => Some(live.generation.number),
        _ => None,
    };
    if session.send(message).is_ok()
        && let Some(known) = known
    {
        watch(socket, token, known, session);
    }
}

/// A socket appears a moment before its process listens.
fn greeted(socket: &Socket, token: &str) -> Message {
    let start = Instant::now();
    loop {
        match greet(socket, token) {
            Ok((channel, identity, live)) => return Message::Attached(channel, identity, live),
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

fn greet(socket: &Socket, token: &str) -> Result<(Channel, Identity, Live)> {
    let (channel, identity) = Channel::open(&socket.path, token)?;
    let live = channel.live_after(u64::MAX)?;
    Ok((channel, identity, live))
}

/// Tells the session of every generation of a process from this one on, for as long as the process has its channel.
fn watch(socket: &Socket, token: &str, mut known: u64, session: &Sender<Message>) {
    let Ok((channel, _)) = Channel::open(&socket.path, token) else {
        return;
    };
    if channel.set_patience(Patience::Endless).is_err() {
        return;
    }
    while let Ok(live) = channel.live_after(known) {
        known = live.generation.number;
        if session.send(Message::Live(socket.pid, live)).is_err() {
            return;
        }
    }
}
