//! The one thread that serves the control channel.
//!
//! It polls the socket and its clients, so no client can hold up another.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, io, thread};

use hotpatch_abi::frame::Request;
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};

use super::answer::{answer, answer_to_await};
use super::client::{Client, Next, Room, Trust};
use super::fork::{self, Place};
use super::private::{self, Private};
use super::socket;
use super::wake::Wakes;
use crate::platform::{is_privileged, without_signals};
use crate::unload::hold_all;

/// All but the listener and the two ends of [`Wakes`].
const MAX_CLIENTS: usize = private::MAX - 3;
const PAUSE: Duration = Duration::from_millis(50);
/// Room for the dynamic loader and for the event callbacks of the program.
const STACK: usize = 1 << 20;

/// Opens the control channel if the environment asks for one. Runs before `main`.
pub(crate) fn open() {
    let Some(folder) = env::var_os(CONTROL_DIR_VAR).map(PathBuf::from) else {
        return;
    };
    if is_privileged() {
        return;
    }
    // A child may be in another folder when it opens a channel of its own.
    let place = Place {
        folder: std::path::absolute(&folder).unwrap_or(folder),
        token: env::var(CONTROL_TOKEN_VAR).unwrap_or_default(),
    };
    if open_in(&place) {
        fork::note(place);
    }
}

/// Opens the control channel. Returns whether it could.
pub(super) fn open_in(place: &Place) -> bool {
    let opened = try_open(place);
    if let Err(error) = &opened {
        // Who closed standard error does not want to know.
        let _ = writeln!(
            io::stderr(),
            "hotpatch: cannot open the control socket `{}`: {error}; this process will not take patches",
            socket::path_in(&place.folder).display()
        );
    }
    opened.is_ok()
}

fn try_open(place: &Place) -> io::Result<()> {
    let token = place.token.clone();
    if token.is_empty() {
        return Err(io::Error::other(format!(
            "the environment has no `{CONTROL_TOKEN_VAR}`"
        )));
    }
    let listener = Private::new(socket::bind(&place.folder)?)?;
    let server = Server {
        listener,
        wakes: Wakes::open()?,
        token,
        clients: Vec::new(),
    };
    without_signals(|| {
        thread::Builder::new()
            .name("hotpatch".into())
            .stack_size(STACK)
            .spawn(|| server.run())
    })?;
    Ok(())
}

struct Server {
    listener: Private<UnixListener>,
    wakes: Wakes,
    token: String,
    clients: Vec<Client>,
}

impl Server {
    fn run(mut self) {
        while self.wait().is_ok() && !self.listener.is_lost() && !self.wakes.is_lost() {
            // Before the clients are looked at: a generation that comes later wakes the server again.
            self.wakes.drain();
            self.accept();
            let now = Instant::now();
            let (token, room) = (&self.token, self.room());
            self.clients.retain_mut(|client| {
                serve(client, token) && client.deadline(room).is_none_or(|end| now < end)
            });
        }
    }

    fn room(&self) -> Room {
        if self.clients.len() < MAX_CLIENTS {
            Room::Free
        } else {
            Room::Full
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) -> io::Result<()> {
        let mut waiting: Vec<libc::pollfd> = self.clients.iter().map(Client::interest).collect();
        waiting.push(self.wakes.interest());
        if self.room() == Room::Free {
            let (fd, events) = (self.listener.as_raw_fd(), libc::POLLIN);
            waiting.push(libc::pollfd {
                fd,
                events,
                revents: 0,
            });
        }
        if self.clients.iter().any(Client::is_ready) {
            return Ok(());
        }
        let deadline = self
            .clients
            .iter()
            .filter_map(|client| client.deadline(self.room()))
            .min();
        let timeout = deadline.map_or(-1, |end| {
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            i32::try_from(left).map_or(i32::MAX, |left| left.saturating_add(1))
        });
        // SAFETY: the array is as long as told, and its descriptors are open.
        let ready = unsafe { libc::poll(waiting.as_mut_ptr(), waiting.len() as libc::nfds_t, timeout) };
        match io::Error::last_os_error() {
            error if ready < 0 && error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn accept(&mut self) {
        while self.room() == Room::Free {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Without free descriptors the socket stays readable: do not spin on it.
                Err(_) => return thread::sleep(PAUSE),
            };
            if !socket::is_own_peer(&stream) {
                continue;
            }
            self.clients.extend(Client::new(stream));
        }
    }
}

/// Carries a connection on, by one request at most. Answers whether it stays open.
fn serve(client: &mut Client, token: &str) -> bool {
    match client.advance() {
        Next::Wait => tell(client),
        Next::Close => false,
        Next::Answer(Request::Await { generation }) if client.trust == Trust::Known => {
            client.images = hold_all();
            client.awaits = Some(generation);
            tell(client)
        }
        Next::Answer(request) => {
            let brings_images = matches!(request, Request::Apply { .. });
            let reply = answer(token, &mut client.trust, request);
            if client.trust == Trust::Known && brings_images {
                client.images = hold_all();
            }
            client.reply(&reply).is_ok()
        }
    }
}

/// Answers a client that waits for another generation, if there is one. Answers whether it stays connected.
fn tell(client: &mut Client) -> bool {
    let Some(live) = client.awaits.and_then(answer_to_await) else {
        return true;
    };
    client.awaits = None;
    client.reply(&live).is_ok()
}
