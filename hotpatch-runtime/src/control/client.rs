//! One connection: bytes in, frames out, and never a wait.
//!
//! A client that sends nothing, half a frame, or frames without reading the answers costs its own buffers and nobody
//! else's time.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hotpatch_abi::frame::{MAX_LEN, Reply, Request};

use super::private::Private;
use crate::unload::Uses;

/// How long a client may take to present its token.
const HELLO_TIME: Duration = Duration::from_secs(5);
/// How long it may take if there is no room for others meanwhile.
const HELLO_TIME_IF_FULL: Duration = Duration::from_millis(50);
/// The longest message of a client that has not presented the token.
pub(crate) const MAX_HELLO: usize = 1024;
/// Bytes of the length in front of a message.
const LENGTH: usize = 4;

/// A connected client.
pub(crate) struct Client {
    stream: Private<UnixStream>,
    inbound: Vec<u8>,
    outbound: Vec<u8>,
    since: Instant,
    pub(crate) trust: Trust,
    /// The images that it may refer to in patches to come.
    pub(super) images: Uses,
    /// It waits until another generation than this one is live.
    pub(super) awaits: Option<u64>,
}

/// Whether a client has presented the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Not yet.
    Unknown,
    /// It has.
    Known,
    /// It was refused: the connection ends when the answer is out.
    Refused,
}

/// Whether one more client could connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It could.
    Free,
    /// It waits until another one has gone.
    Full,
}

/// What to do with a connection.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Wait for it.
    Wait,
    /// Answer this request.
    Answer(Request),
    /// Close it.
    Close,
}

impl Client {
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        let stream = Private::new(stream)?;
        stream.set_nonblocking(true)?;
        let (inbound, outbound) = (Vec::new(), Vec::new());
        Ok(Self {
            stream,
            inbound,
            outbound,
            since: Instant::now(),
            trust: Trust::Unknown,
            images: Uses::default(),
            awaits: None,
        })
    }

    /// What to wait for: the next request only when the last answer is out.
    pub(super) fn interest(&self) -> libc::pollfd {
        let events = if self.outbound.is_empty() {
            libc::POLLIN
        } else {
            libc::POLLOUT
        };
        libc::pollfd {
            fd: self.fd(),
            events,
            revents: 0,
        }
    }

    /// Whether [`advance`](Self::advance) has something to do without anything more from the peer.
    pub(super) fn is_ready(&self) -> bool {
        let has_request = self.frame_end().is_some_and(|end| end <= self.inbound.len());
        let is_over = self.trust == Trust::Refused || (self.awaits.is_some() && !self.inbound.is_empty());
        self.outbound.is_empty() && (has_request || is_over)
    }

    /// When this client must have presented its token.
    pub(super) fn deadline(&self, room: Room) -> Option<Instant> {
        let time = match room {
            Room::Free => HELLO_TIME,
            Room::Full => HELLO_TIME_IF_FULL,
        };
        (self.trust != Trust::Known).then(|| self.since + time)
    }

    /// Moves bytes as far as they go without waiting, and returns a request when one is complete.
    pub(crate) fn advance(&mut self) -> Next {
        match self.try_advance() {
            Ok(next) => next,
            Err(_) => Next::Close,
        }
    }

    fn try_advance(&mut self) -> io::Result<Next> {
        self.write_out()?;
        if !self.outbound.is_empty() {
            return Ok(Next::Wait);
        }
        if self.trust == Trust::Refused {
            return Ok(Next::Close);
        }
        // What came while it waits must not pile up, nor keep the server awake.
        if self.awaits.is_some() && !self.inbound.is_empty() {
            return Ok(Next::Close);
        }
        loop {
            if let Some(next) = self.take_request() {
                return Ok(next);
            }
            let mut bytes = [0; 4096];
            match (&*self.stream).read(&mut bytes) {
                Ok(_) if self.awaits.is_some() => return Ok(Next::Close),
                Ok(0) => return Ok(Next::Close),
                Ok(len) => self.inbound.extend_from_slice(&bytes[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Wait),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take_request(&mut self) -> Option<Next> {
        let end = self.frame_end()?;
        let limit = if self.trust == Trust::Known {
            MAX_LEN
        } else {
            MAX_HELLO
        };
        if end > LENGTH + limit {
            return Some(Next::Close);
        }
        let request = Request::decode(self.inbound.get(LENGTH..end)?);
        self.inbound.drain(..end);
        Some(request.map_or(Next::Close, Next::Answer))
    }

    fn frame_end(&self) -> Option<usize> {
        self.inbound
            .first_chunk::<LENGTH>()
            .map(|len| LENGTH + u32::from_le_bytes(*len) as usize)
    }

    /// Sends an answer as far as it goes without waiting; [`advance`](Self::advance) sends the rest.
    pub(crate) fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        let message = reply.encode();
        let len = u32::try_from(message.len()).expect("an answer below 4 GiB");
        self.outbound.extend_from_slice(&len.to_le_bytes());
        self.outbound.extend_from_slice(&message);
        self.write_out()
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.stream.is_lost() {
            return Err(ErrorKind::NotConnected.into());
        }
        while !self.outbound.is_empty() {
            match (&*self.stream).write(&self.outbound) {
                Ok(len) => drop(self.outbound.drain(..len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected() -> (UnixStream, Client) {
        let (peer, stream) = UnixStream::pair().unwrap();
        (peer, Client::new(stream).unwrap())
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u32).to_le_bytes(), message].concat()
    }

    #[test]
    fn a_request_may_come_byte_by_byte() {
        let (mut peer, mut client) = connected();
        let frame = framed(&Request::Status.encode());
        for byte in &frame[..frame.len() - 1] {
            peer.write_all(&[*byte]).unwrap();
            assert_eq!(client.advance(), Next::Wait);
        }
        peer.write_all(&frame[frame.len() - 1..]).unwrap();
        assert_eq!(client.advance(), Next::Answer(Request::Status));
    }

    #[test]
    fn two_requests_in_one_packet_are_two_requests() {
        let (mut peer, mut client) = connected();
        let frame = framed(&Request::Status.encode());
        peer.write_all(&[frame.clone(), frame].concat()).unwrap();
        assert_eq!(client.advance(), Next::Answer(Request::Status));
        assert_eq!(client.advance(), Next::Answer(Request::Status));
        assert_eq!(client.advance(), Next::Wait);
    }

    #[test]
    fn an_unknown_client_may_not_send_much() {
        let (mut peer, mut client) = connected();
        peer.write_all(&2000_u32.to_le_bytes()).unwrap();
        assert_eq!(client.advance(), Next::Close);
    }

    #[test]
    fn garbage_and_endless_frames_close_the_connection() {
        for bytes in [framed(b"garbage"), framed(&[]), u32::MAX.to_le_bytes().to_vec()] {
            let (mut peer, mut client) = connected();
            client.trust = Trust::Known;
            peer.write_all(&bytes).unwrap();
            assert_eq!(client.advance(), Next::Close, "{bytes:?}");
        }
    }

    #[test]
    fn a_client_that_does_not_read_is_not_listened_to() {
        let (mut peer, mut client) = connected();
        let functions = vec!["x".repeat(1 << 20)];
        let patch = hotpatch_abi::manifest::PatchId(1);
        client
            .reply(&Reply::Applied {
                generation: 1,
                patch,
                functions,
                nanos: 1,
                notes: Vec::new(),
            })
            .unwrap();
        peer.write_all(&framed(&Request::Status.encode())).unwrap();
        assert_eq!(client.advance(), Next::Wait);
        assert_eq!(client.interest().events, libc::POLLOUT);
    }

    #[test]
    fn a_client_that_waits_says_nothing_more() {
        let (mut peer, mut client) = connected();
        client.awaits = Some(0);
        assert_eq!(client.advance(), Next::Wait);
        assert_eq!(client.interest().events, libc::POLLIN);
        peer.write_all(&framed(&Request::Status.encode())[..1]).unwrap();
        assert_eq!(client.advance(), Next::Close);

        // Nor does it say something behind the request, in the same packet.
        let (mut peer, mut client) = connected();
        let request = Request::Await { generation: 0 };
        let frames = [framed(&request.encode()), framed(&Request::Status.encode())];
        peer.write_all(&frames.concat()).unwrap();
        assert_eq!(client.advance(), Next::Answer(request));
        client.awaits = Some(0);
        assert!(client.is_ready());
        assert_eq!(client.advance(), Next::Close);
    }

    #[test]
    fn a_closed_connection_is_closed() {
        let (peer, mut client) = connected();
        drop(peer);
        assert_eq!(client.advance(), Next::Close);
    }
}
