//! A process under test, and a client of its control channel.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use hotpatch_abi::frame::{Reply, Request};
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};
use hotpatch_abi::version::ABI_VERSION;
use tempfile::TempDir;

use crate::support::{self, folder};

/// A process under test. It ends when its standard input is closed.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) folder: PathBuf,
}

impl Process {
    pub(crate) fn start(folder: &Path, token: Option<&str>) -> Self {
        Self::start_with(folder, |command| {
            command
                .env(CONTROL_DIR_VAR, folder)
                .envs(token.map(|token| (CONTROL_TOKEN_VAR, token)));
        })
    }

    pub(crate) fn start_with(folder: &Path, environment: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["child", "--exact", "--nocapture", "--test-threads=1"]);
        command
            .env("CHILD", "1")
            .env_remove(CONTROL_DIR_VAR)
            .env_remove(CONTROL_TOKEN_VAR);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        environment(&mut command);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let mut process = Self {
            child,
            stdin,
            folder: folder.into(),
        };
        // It has answered, so it is in `main`, and the socket was opened before that.
        assert_eq!(process.ask(), "<10>");
        process
    }

    pub(crate) fn start_with_mode(folder: &Path, mode: &str) -> Self {
        Self::start_with(folder, |command| {
            command
                .env(CONTROL_DIR_VAR, folder)
                .env(CONTROL_TOKEN_VAR, "secret");
            command.env("MODE", mode);
        })
    }

    /// What the hot function of the process returns now.
    pub(crate) fn ask(&mut self) -> String {
        self.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        let mut answer = String::new();
        let stdout = self.child.stdout.as_mut().unwrap();
        let mut byte = [0];
        while !answer.ends_with('>') {
            stdout.read_exact(&mut byte).unwrap();
            if byte[0] == b'<' || !answer.is_empty() {
                answer.push(byte[0].into());
            }
        }
        answer
    }

    /// Has the process do what stands for this, without an answer.
    pub(crate) fn tell(&mut self, what: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(what).unwrap();
    }

    /// The threads of the process: name, and mask of blocked signals.
    pub(crate) fn threads(&self) -> Vec<(String, u64)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let describe = |task: PathBuf| {
            let status = fs::read_to_string(task.join("status")).unwrap();
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim().to_owned()
            };
            (
                field("Name:"),
                u64::from_str_radix(&field("SigBlk:"), 16).unwrap(),
            )
        };
        tasks.map(|task| describe(task.unwrap().path())).collect()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(format!("{}.sock", self.child.id()))
    }

    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// A client whose token was accepted.
    pub(crate) fn attach(&self) -> UnixStream {
        let mut stream = self.connect();
        let Reply::Welcome(identity) = exchange(&mut stream, &hello("secret")) else {
            panic!("not welcome")
        };
        assert_eq!(identity.pid, self.child.id());
        assert_eq!(identity.build_id, support::build_id());
        stream
    }

    /// Ends the process and returns what it wrote to standard error.
    pub(crate) fn end(mut self) -> String {
        self.stdin = None;
        let mut text = String::new();
        self.child
            .stderr
            .as_mut()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        text
    }
}

pub(crate) fn private_folder() -> TempDir {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

pub(crate) fn hello(token: &str) -> Request {
    Request::Hello {
        abi_version: ABI_VERSION,
        token: token.into(),
    }
}

pub(crate) fn send(stream: &mut UnixStream, message: &[u8]) {
    let len = (message.len() as u32).to_le_bytes();
    stream.write_all(&[&len, message].concat()).unwrap();
}

pub(crate) fn receive(stream: &mut UnixStream) -> Reply {
    let mut len = [0; 4];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; u32::from_le_bytes(len) as usize];
    stream.read_exact(&mut message).unwrap();
    Reply::decode(&message).unwrap()
}

pub(crate) fn exchange(stream: &mut UnixStream, request: &Request) -> Reply {
    send(stream, &request.encode());
    receive(stream)
}

/// Reads until the other end closes the connection.
pub(crate) fn expect_close(stream: &mut UnixStream) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

pub(crate) fn refusal_code(reply: Reply) -> String {
    let Reply::Refused { code, message } = reply else {
        panic!("{reply:?}")
    };
    assert!(!message.contains("secret"), "{message}");
    code
}
