//! Talking to a program: over its standard streams, in its terminal, or through connections that stay open.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::pty::Terminal;
use crate::session::Session;

/// No answer takes this long, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) enum Talk {
    Lines,
    Terminal(Terminal),
    Tcp {
        port: u16,
        connections: BTreeMap<String, Connection>,
    },
}

/// A connection, and what came through it since the last text that was waited for.
pub(crate) struct Connection {
    stream: TcpStream,
    received: String,
}

impl Talk {
    pub(crate) fn tcp(port: u16) -> Self {
        let connections = BTreeMap::new();
        Self::Tcp { port, connections }
    }

    /// Passes over what a terminal has shown: a text UI shows the same again and again.
    pub(crate) fn pass_over(&mut self) {
        if let Self::Terminal(terminal) = self {
            terminal.pass_over();
        }
    }

    /// Sends a text, and waits for one that comes after it. Returns all that came up to there.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub(crate) fn exchange(
        &mut self,
        session: &mut Session,
        on: &str,
        send: &str,
        expect: &str,
    ) -> Result<String, String> {
        let said = |came: &str| format!("`{send:?}` is answered by `{came:?}`, without `{expect:?}`");
        match self {
            Self::Lines => {
                if !send.is_empty() {
                    session.send(send.trim_end_matches('\n'));
                }
                lines_until(session, expect).map_err(|came| said(&came))
            }
            Self::Terminal(terminal) => {
                terminal.types(send);
                terminal
                    .shows_within(expect, PATIENCE)
                    .map_err(|came| said(&came))
            }
            Self::Tcp { port, connections } => {
                if !connections.contains_key(on) {
                    connections.insert(on.to_owned(), Connection::open(*port)?);
                }
                let connection = connections.get_mut(on).expect("it was opened");
                connection.send(send)?;
                connection.receive(expect).map_err(|came| said(&came))
            }
        }
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn lines_until(session: &mut Session, expect: &str) -> Result<String, String> {
    let end = Instant::now() + PATIENCE;
    let mut came = String::new();
    while !came.contains(expect) {
        let Some(line) = session.line_within(end.saturating_duration_since(Instant::now())) else {
            return Err(came);
        };
        came += &line;
        came.push('\n');
    }
    Ok(came)
}

impl Connection {
    /// Waits until the program listens.
    fn open(port: u16) -> Result<Self, String> {
        let start = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > PATIENCE => {
                    return Err(format!("cannot connect: {error}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        };
        let received = String::new();
        Ok(Self { stream, received })
    }

    fn send(&mut self, text: &str) -> Result<(), String> {
        let bytes: Option<Vec<u8>> = text.chars().map(|byte| u8::try_from(byte).ok()).collect();
        let bytes = bytes.ok_or("a character is no byte")?;
        let sent = self.stream.write_all(&bytes);
        sent.map_err(|error| format!("cannot send: {error}"))
    }

    /// Waits for a text, or returns what came.
    fn receive(&mut self, expect: &str) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.received.find(expect) {
                return Ok(self.received.drain(..at + expect.len()).collect());
            }
            let left = end.saturating_duration_since(Instant::now());
            let mut bytes = [0; 4096];
            // A timeout of zero would be none.
            self.stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))
                .unwrap();
            match self.stream.read(&mut bytes) {
                Ok(len @ 1..) => self
                    .received
                    .extend(bytes[..len].iter().map(|byte| char::from(*byte))),
                _ => return Err(self.received.clone()),
            }
        }
    }
}
