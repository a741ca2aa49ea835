//! The messages of the control channel.
//!
//! A process listens on a Unix socket in the private directory named by
//! [`CONTROL_DIR_VAR`](crate::names::CONTROL_DIR_VAR). A client connects, says [`Request::Hello`] with the token,
//! and then sends one request at a time; each gets exactly one [`Reply`].
//! On the wire a message is its length as a little-endian `u32`, then that many bytes.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::generation::{History, Live};
use crate::manifest::PatchId;

/// The longest message, in bytes. A longer one closes the connection.
pub const MAX_LEN: usize = 4 << 20;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The first message of every connection.
    Hello {
        /// [`ABI_VERSION`](crate::version::ABI_VERSION) of the client.
        abi_version: u32,
        /// The token of this run.
        token: String,
    },
    /// Commit the patch file at this absolute path.
    Apply {
        /// Absolute path of the patch file.
        path: String,
    },
    /// Describe the process.
    Status,
    /// Take all functions back, or forward, to what they ran in another generation.
    RollBack {
        /// The generation; `None` for the one before that whose code is live.
        to: Option<u64>,
    },
    /// Describe the generations.
    History,
    /// Say what is live as soon as it is another generation than this one. Until then the client says nothing more: one
    /// that does is disconnected.
    Await {
        /// The generation that the client knows of; [`u64::MAX`] asks for an answer at once.
        generation: u64,
    },
}

/// What the process answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer to a good [`Request::Hello`].
    Welcome(Identity),
    /// The patch is live.
    Applied {
        /// The generation that the patch made.
        generation: u64,
        /// The identity of the patch.
        patch: PatchId,
        /// The full paths of the functions that switched.
        functions: Vec<String>,
        /// Nanoseconds from the request to the switch, inside the process.
        nanos: u64,
        /// What the process has to say of it: sentences without their subject, which is the process.
        notes: Vec<String>,
    },
    /// The request was refused; the process runs what it ran.
    Refused {
        /// A code of [`crate::code`], for example `HP0102`.
        code: String,
        /// Reason, state and next step.
        message: String,
    },
    /// The answer to [`Request::Status`].
    Status(Status),
    /// The roll-back is live.
    RolledBack {
        /// The generation that the roll-back made.
        generation: u64,
        /// The generation whose code it runs.
        to: u64,
        /// The patch whose code it runs; `None` for the program as built.
        head: Option<PatchId>,
        /// The full paths of the functions that switched.
        functions: Vec<String>,
        /// Nanoseconds from the request to the switch, inside the process.
        nanos: u64,
        /// What the process has to say of it: sentences without their subject, which is the process.
        notes: Vec<String>,
    },
    /// The answer to [`Request::History`].
    History(History),
    /// The answer to [`Request::Await`].
    Live(Live),
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// [`ABI_VERSION`](crate::version::ABI_VERSION) of the runtime in the process.
    pub abi_version: u32,
    /// The process id.
    pub pid: u32,
    /// The build id of the program.
    pub build_id: Vec<u8>,
    /// The path of the program.
    pub program: String,
    /// The generation that is live.
    pub generation: u64,
    /// The patch that made it; `None` for the program as built.
    pub head: Option<PatchId>,
}

/// A process and its hot functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Who the process is.
    pub identity: Identity,
    /// Its hot functions, in the order of their slots.
    pub functions: Vec<FunctionStatus>,
    /// Its patch images, oldest first.
    pub images: Vec<ImageStatus>,
}

/// One patch image of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageStatus {
    /// The file that it was loaded from.
    pub path: String,
    /// The address space that it takes, in bytes.
    pub bytes: u64,
    /// Why it is still in the process: one fragment of a sentence for each reason.
    pub resident: Vec<String>,
}

/// One hot function of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionStatus {
    /// The full path.
    pub path: String,
    /// The signature as written.
    pub signature: String,
    /// The generation whose commit made the body that is live.
    pub generation: u64,
    /// The address of the live body; 0 where the process does not know it (a method that was never patched).
    pub address: u64,
    /// The file of the image that holds the body.
    pub image: String,
}

impl Request {
    /// Encodes the request, without the length in front.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Self::Hello { abi_version, token } => {
                w.u8(1);
                w.u32(*abi_version);
                w.bytes(token.as_bytes());
            }
            Self::Apply { path } => {
                w.u8(2);
                w.bytes(path.as_bytes());
            }
            Self::Status => w.u8(3),
            Self::RollBack { to } => {
                w.u8(4);
                w.option(*to, Writer::u64);
            }
            Self::History => w.u8(5),
            Self::Await { generation } => {
                w.u8(6);
                w.u64(*generation);
            }
        }
        w.bytes
    }

    /// Decodes a request.
    ///
    /// # Errors
    ///
    /// The bytes are not the encoding of a request.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let request = match r.u8("request")? {
            1 => Self::Hello {
                abi_version: r.u32("abi version")?,
                token: r.string("token")?,
            },
            2 => Self::Apply {
                path: r.string("path")?,
            },
            3 => Self::Status,
            4 => Self::RollBack {
                to: r.option("generation", |r| r.u64("generation"))?,
            },
            5 => Self::History,
            6 => Self::Await {
                generation: r.u64("generation")?,
            },
            _ => return Err(r.error("request")),
        };
        r.end()?;
        Ok(request)
    }
}

impl Reply {
    /// Encodes the reply, without the length in front.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Self::Welcome(identity) => {
                w.u8(1);
                write_identity(&mut w, identity);
            }
            Self::Applied {
                generation,
                patch,
                functions,
                nanos,
                notes,
            } => {
                w.u8(2);
                w.u64(*generation);
                w.u64(patch.0);
                w.list(functions, |w, function| w.bytes(function.as_bytes()));
                w.u64(*nanos);
                w.list(notes, |w, note| w.bytes(note.as_bytes()));
            }
            Self::Refused { code, message } => {
                w.u8(3);
                w.bytes(code.as_bytes());
                w.bytes(message.as_bytes());
            }
            Self::Status(status) => {
                w.u8(4);
                write_identity(&mut w, &status.identity);
                w.list(&status.functions, |w, function| {
                    w.bytes(function.path.as_bytes());
                    w.bytes(function.signature.as_bytes());
                    w.u64(function.generation);
                    w.u64(function.address);
                    w.bytes(function.image.as_bytes());
                });
                w.list(&status.images, |w, image| {
                    w.bytes(image.path.as_bytes());
                    w.u64(image.bytes);
                    w.list(&image.resident, |w, reason| w.bytes(reason.as_bytes()));
                });
            }
            Self::RolledBack {
                generation,
                to,
                head,
                functions,
                nanos,
                notes,
            } => {
                w.u8(5);
                w.u64(*generation);
                w.u64(*to);
                w.option(*head, |w, head| w.u64(head.0));
                w.list(functions, |w, function| w.bytes(function.as_bytes()));
                w.u64(*nanos);
                w.list(notes, |w, note| w.bytes(note.as_bytes()));
            }
            Self::History(history) => {
                w.u8(6);
                history.write(&mut w);
            }
            Self::Live(live) => {
                w.u8(7);
                live.write(&mut w);
            }
        }
        w.bytes
    }

    /// Decodes a reply.
    ///
    /// # Errors
    ///
    /// The bytes are not the encoding of a reply.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let reply = match r.u8("reply")? {
            1 => Self::Welcome(read_identity(&mut r)?),
            2 => Self::Applied {
                generation: r.u64("generation")?,
                patch: PatchId(r.u64("patch")?),
                functions: r.list("functions", |r| r.string("function"))?,
                nanos: r.u64("nanoseconds")?,
                notes: r.list("threads inside", |r| r.string("thread inside"))?,
            },
            3 => Self::Refused {
                code: r.string("code")?,
                message: r.string("message")?,
            },
            4 => Self::Status(Status {
                identity: read_identity(&mut r)?,
                functions: r.list("functions", |r| {
                    Ok(FunctionStatus {
                        path: r.string("path")?,
                        signature: r.string("signature")?,
                        generation: r.u64("generation")?,
                        address: r.u64("address")?,
                        image: r.string("image")?,
                    })
                })?,
                images: r.list("images", |r| {
                    Ok(ImageStatus {
                        path: r.string("image")?,
                        bytes: r.u64("bytes of an image")?,
                        resident: r.list("reasons of an image", |r| r.string("reason"))?,
                    })
                })?,
            }),
            5 => Self::RolledBack {
                generation: r.u64("generation")?,
                to: r.u64("generation")?,
                head: r.option("head", |r| r.u64("head").map(PatchId))?,
                functions: r.list("functions", |r| r.string("function"))?,
                nanos: r.u64("nanoseconds")?,
                notes: r.list("threads inside", |r| r.string("thread inside"))?,
            },
            6 => Self::History(History::read(&mut r)?),
            7 => Self::Live(Live::read(&mut r)?),
            _ => return Err(r.error("reply")),
        };
        r.end()?;
        Ok(reply)
    }
}

fn write_identity(w: &mut Writer, identity: &Identity) {
    w.u32(identity.abi_version);
    w.u32(identity.pid);
    w.bytes(&identity.build_id);
    w.bytes(identity.program.as_bytes());
    w.u64(identity.generation);
    w.option(identity.head, |w, head| w.u64(head.0));
}

fn read_identity(r: &mut Reader<'_>) -> Result<Identity, DecodeError> {
    Ok(Identity {
        abi_version: r.u32("abi version")?,
        pid: r.u32("pid")?,
        build_id: r.bytes("build id")?.into(),
        program: r.string("program")?,
        generation: r.u64("generation")?,
        head: r.option("head", |r| r.u64("head").map(PatchId))?,
    })
}

#[cfg(test)]
mod tests;
