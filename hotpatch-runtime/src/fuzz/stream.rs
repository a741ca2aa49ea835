//! The bytes of a client of the control channel, in pieces of any size.

use std::io::Write;
use std::os::unix::net::UnixStream;

use hotpatch_abi::frame::{MAX_LEN, Reply, Request};

use super::allocator::in_proportion;
use crate::control::{Client, MAX_HELLO, Next, Trust};

/// More than this may not fit into a socket at once.
const LONGEST: usize = 16 << 10;

/// The first byte decides whether the token was presented, the second how long the pieces are. The requests that come out
/// must be those of the stream as a whole, and the connection must end where the stream is wrong.
pub fn client(bytes: &[u8]) {
    let [choice, size, stream @ ..] = bytes else {
        return;
    };
    let stream = &stream[..stream.len().min(LONGEST)];
    let is_known = choice & 1 != 0;
    let pieces = stream.chunks(usize::from(*size) + 1);

    let (mut peer, socket) = UnixStream::pair().expect("a pair of sockets");
    let mut client = Client::new(socket).expect("a free place");
    if is_known {
        client.trust = Trust::Known;
    }
    let mut requests = Vec::new();
    let mut is_closed = false;
    'pieces: for piece in pieces {
        peer.write_all(piece).expect("room in the socket");
        loop {
            // The buffer for reading lies on the stack.
            match in_proportion(stream, || client.advance()) {
                Next::Wait => break,
                Next::Close => {
                    is_closed = true;
                    break 'pieces;
                }
                Next::Answer(request) => requests.push(request),
            }
        }
    }
    assert_eq!((requests, is_closed), expected(stream, is_known));
    if is_known && !is_closed {
        let code = "HP0605".into();
        let message = "no".into();
        client
            .reply(&Reply::Refused { code, message })
            .expect("room in the socket");
    }
    drop(peer);
    while client.advance() != Next::Close {}
}

/// The requests of the stream, and whether something in it closes the connection.
fn expected(mut stream: &[u8], is_known: bool) -> (Vec<Request>, bool) {
    let limit = if is_known { MAX_LEN } else { MAX_HELLO };
    let mut requests = Vec::new();
    while let Some((len, rest)) = stream.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        if len > limit {
            return (requests, true);
        }
        let Some((message, rest)) = rest.split_at_checked(len) else {
            break;
        };
        match Request::decode(message) {
            Ok(request) => requests.push(request),
            Err(_) => return (requests, true),
        }
        stream = rest;
    }
    (requests, false)
}
