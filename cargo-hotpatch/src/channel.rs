//! The control channel of a process, from the side of the tool.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hotpatch_abi::code::{self, Code};
use hotpatch_abi::frame::{Identity, MAX_LEN, Reply, Request};
use hotpatch_abi::generation::{History, Live};
use hotpatch_abi::version::ABI_VERSION;
use rustix::net::{RecvFlags, recv};

use crate::refusal::Refusal;

/// How long a process may take to answer. Loading a patch takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a process.
#[derive(Debug)]
pub(crate) struct Channel(UnixStream);

/// How long to wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Some seconds.
    Limited,
    /// Until the process answers or ends.
    Endless,
}

/// What a process says to a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is live.
    Applied {
        /// The generation it made.
        generation: u64,
        /// The functions that switched.
        functions: Vec<String>,
        /// What the process has to say besides.
        notes: Vec<String>,
    },
    /// The process runs what it ran.
    Refused {
        /// The stable code.
        code: String,
        /// The reason.
        message: String,
    },
}

/// What a process says to a roll-back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// It is live.
    RolledBack {
        /// The generation it made.
        generation: u64,
        /// The generation whose code it runs.
        to: u64,
        /// The functions that switched.
        functions: Vec<String>,
        /// What the process has to say besides.
        notes: Vec<String>,
    },
    /// The process runs what it ran.
    Refused {
        /// The stable code.
        code: String,
        /// The reason.
        message: String,
    },
}

/// What a process has to say besides, as sentences.
pub(crate) fn told(pid: u32, notes: &[String]) -> Vec<String> {
    notes.iter().map(|note| format!("process {pid} {note}")).collect()
}

impl Answer {
    /// A refusal in the name of the process.
    pub(crate) fn refused(code: Code, message: &str) -> Self {
        let (code, message) = (code.to_string(), message.to_owned());
        Self::Refused { code, message }
    }

    /// Whether it is a refusal with this code.
    pub(crate) fn is_refused_for(&self, reason: Code) -> bool {
        matches!(self, Self::Refused { code, .. } if code == reason.as_str())
    }
}

impl Returned {
    /// A refusal in the name of the process.
    pub(crate) fn refused(code: Code, message: &str) -> Self {
        let (code, message) = (code.to_string(), message.to_owned());
        Self::Refused { code, message }
    }
}

impl Channel {
    /// Connects to a process and presents the token.
    ///
    /// # Errors
    ///
    /// Nobody listens, or the process does not speak to this client.
    pub(crate) fn open(socket: &Path, token: &str) -> Result<(Self, Identity)> {
        let stream = UnixStream::connect(socket)
            .with_context(|| format!("cannot connect to `{}`", socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let channel = Self(stream);
        let hello = Request::Hello {
            abi_version: ABI_VERSION,
            token: token.to_owned(),
        };
        match channel.ask(&hello)? {
            Reply::Welcome(identity) if identity.abi_version == ABI_VERSION => Ok((channel, identity)),
            Reply::Welcome(identity) => {
                let message = format!(
                    "process {} speaks version {} of the ABI, this tool version {ABI_VERSION}",
                    identity.pid, identity.abi_version
                );
                Err(Refusal::new(code::ABI, message)
                    .help("use the same version of `hotpatch` and `cargo-hotpatch`")
                    .into())
            }
            Reply::Refused { code, message } => bail!("{code}: {message}"),
            reply => bail!("unexpected answer to the greeting: {reply:?}"),
        }
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    ///
    /// The process ended, closed the channel, or does not answer.
    pub(crate) fn ask(&self, request: &Request) -> Result<Reply> {
        let mut stream = &self.0;
        let bytes = request.encode();
        let len = u32::try_from(bytes.len()).context("the request is too long")?;
        stream
            .write_all(&[&len.to_le_bytes()[..], &bytes].concat())
            .context("cannot write to the process")?;
        let mut len = [0; 4];
        stream.read_exact(&mut len).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => anyhow!(
                "the process did not answer within {} s: it was stopped, or is in the middle of a commit; ask again when it \
                 goes on",
                PATIENCE.as_secs()
            ),
            _ => anyhow::Error::new(error).context("the process did not answer"),
        })?;
        let len = u32::from_le_bytes(len) as usize;
        if len > MAX_LEN {
            bail!("the answer of the process is too long: {len} bytes");
        }
        let mut bytes = vec![0; len];
        stream
            .read_exact(&mut bytes)
            .context("the process did not finish its answer")?;
        Reply::decode(&bytes).context("cannot read the answer of the process")
    }

    /// Whether the process still holds its end.
    pub(crate) fn is_open(&self) -> bool {
        // The process says nothing unasked: what arrives now is the end.
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        !matches!(recv(&self.0, &mut [0_u8; 1][..], flags), Ok((0, _)))
    }

    /// Waits for answers for as long as the process holds its end, or not so long again.
    ///
    /// # Errors
    ///
    /// The socket is broken.
    pub(crate) fn set_patience(&self, patience: Patience) -> Result<()> {
        let limit = match patience {
            Patience::Limited => Some(PATIENCE),
            Patience::Endless => None,
        };
        Ok(self.0.set_read_timeout(limit)?)
    }

    /// Offers a patch file.
    pub(crate) fn apply(&self, path: &Path) -> Result<Answer> {
        let path = path
            .to_str()
            .context("the path of the patch is not UTF-8")?
            .to_owned();
        match self.ask(&Request::Apply { path })? {
            Reply::Applied {
                generation,
                functions,
                notes,
                ..
            } => Ok(Answer::Applied {
                generation,
                functions,
                notes,
            }),
            Reply::Refused { code, message } => Ok(Answer::Refused { code, message }),
            reply => bail!("unexpected answer to a patch: {reply:?}"),
        }
    }

    /// Asks for a roll-back: to a generation, or one step back.
    ///
    /// # Errors
    ///
    /// The process ended, closed the channel, or does not answer.
    pub(crate) fn roll_back(&self, to: Option<u64>) -> Result<Returned> {
        match self.ask(&Request::RollBack { to })? {
            Reply::RolledBack {
                generation,
                to,
                functions,
                notes,
                ..
            } => Ok(Returned::RolledBack {
                generation,
                to,
                functions,
                notes,
            }),
            Reply::Refused { code, message } => Ok(Returned::Refused { code, message }),
            reply => bail!("unexpected answer to a roll-back: {reply:?}"),
        }
    }

    /// The generations of the process.
    ///
    /// # Errors
    ///
    /// The process ended, closed the channel, or does not answer.
    pub(crate) fn history(&self) -> Result<History> {
        match self.ask(&Request::History)? {
            Reply::History(history) if !history.generations.is_empty() => Ok(history),
            reply => bail!("unexpected answer to the question for the history: {reply:?}"),
        }
    }

    /// What the process runs, once it is another generation than this one. [`u64::MAX`] is answered at once.
    ///
    /// # Errors
    ///
    /// The process ended, closed the channel, or does not answer.
    pub(crate) fn live_after(&self, generation: u64) -> Result<Live> {
        match self.ask(&Request::Await { generation })? {
            Reply::Live(live) => Ok(live),
            reply => bail!("unexpected answer to the question for what is live: {reply:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Answers each request with the next of `replies`, then hangs up.
    fn serve(replies: Vec<Reply>) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for reply in replies {
                let mut len = [0; 4];
                stream.read_exact(&mut len).unwrap();
                stream
                    .read_exact(&mut vec![0; u32::from_le_bytes(len) as usize])
                    .unwrap();
                let bytes = reply.encode();
                stream.write_all(&(bytes.len() as u32).to_le_bytes()).unwrap();
                stream.write_all(&bytes).unwrap();
            }
        });
        (dir, path)
    }

    fn welcome(abi_version: u32) -> Reply {
        let (pid, generation) = (1, 0);
        Reply::Welcome(Identity {
            abi_version,
            pid,
            build_id: vec![1],
            program: "p".into(),
            generation,
            head: None,
        })
    }

    #[test]
    fn a_patch_is_acknowledged_by_name() {
        let functions = vec!["game::step".to_owned()];
        let patch = hotpatch_abi::manifest::PatchId(1);
        let applied = Reply::Applied {
            generation: 3,
            patch,
            functions: functions.clone(),
            nanos: 1,
            notes: vec!["has migrated 1 value of `game::World`".into()],
        };
        let (_dir, path) = serve(vec![welcome(ABI_VERSION), applied]);
        let (channel, _) = Channel::open(&path, "t").unwrap();
        assert_eq!(
            channel.apply(Path::new("/p")).unwrap(),
            Answer::Applied {
                generation: 3,
                functions,
                notes: vec!["has migrated 1 value of `game::World`".into()],
            }
        );
        assert!(
            channel.apply(Path::new("/p")).is_err(),
            "a closed channel is an error"
        );
    }

    #[test]
    fn another_version_is_refused() {
        let (_dir, path) = serve(vec![welcome(ABI_VERSION + 1)]);
        let error = Channel::open(&path, "t").unwrap_err();
        assert_eq!(
            error.downcast_ref::<Refusal>().map(Refusal::code),
            Some(code::ABI)
        );
    }
}
