//! A client that is just large enough: `METHOD PATH TOKEN BODY` becomes a request, and the answer one line.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends one request and returns the status, the stamp of the server and the body, with `;` for the ends of lines.
pub fn ask(address: SocketAddr, line: &str) -> io::Result<String> {
    let mut words = line.splitn(4, ' ');
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or("/");
    let token = words.next().unwrap_or("-");
    let body = words.next().unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nx-token: {token}\r\ncontent-length: \
         {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(shorten(&answer))
}

fn shorten(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("?");
    let stamp = head
        .lines()
        .find_map(|line| line.strip_prefix("x-stamp: "))
        .unwrap_or("-");
    format!("{status} [{stamp}] {}", body.trim_end().replace('\n', "; "))
}
