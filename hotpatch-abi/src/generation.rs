//! A generation as a process describes it to others.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::manifest::PatchId;

/// One generation of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationStatus {
    /// Its number.
    pub number: u64,
    /// What made it.
    pub origin: Origin,
    /// The patch whose code it runs; `None` for the program as built.
    pub head: Option<PatchId>,
    /// The full paths of the functions that switched when it was made.
    pub functions: Vec<String>,
    /// When it was made, in milliseconds since 1970.
    pub since: u64,
}

/// What made a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program as built.
    Built,
    /// A patch.
    Patch(PatchId),
    /// A roll-back, to what this earlier generation ran.
    RollBack(u64),
}

/// The generations of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Those that it can go to, oldest first. The last one is live.
    pub generations: Vec<GenerationStatus>,
    /// How many of them do not fit into the message: those that follow on the first one.
    pub left_out: u64,
}

/// What a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The generation.
    pub generation: GenerationStatus,
    /// The patches whose images the process has, oldest first, whether functions run their code or not.
    pub patches: Vec<PatchId>,
}

impl GenerationStatus {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.u64(self.number);
        match self.origin {
            Origin::Built => w.u8(0),
            Origin::Patch(patch) => {
                w.u8(1);
                w.u64(patch.0);
            }
            Origin::RollBack(to) => {
                w.u8(2);
                w.u64(to);
            }
        }
        w.option(self.head, |w, head| w.u64(head.0));
        w.list(&self.functions, |w, function| w.bytes(function.as_bytes()));
        w.u64(self.since);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            number: r.u64("generation")?,
            origin: match r.u8("origin")? {
                0 => Origin::Built,
                1 => Origin::Patch(PatchId(r.u64("patch")?)),
                2 => Origin::RollBack(r.u64("generation")?),
                _ => return Err(r.error("origin")),
            },
            head: r.option("head", |r| r.u64("head").map(PatchId))?,
            functions: r.list("functions", |r| r.string("function"))?,
            since: r.u64("time")?,
        })
    }
}

impl History {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.list(&self.generations, |w, generation| generation.write(w));
        w.u64(self.left_out);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            generations: r.list("generations", GenerationStatus::read)?,
            left_out: r.u64("count of generations")?,
        })
    }
}

impl Live {
    pub(crate) fn write(&self, w: &mut Writer) {
        self.generation.write(w);
        w.list(&self.patches, |w, patch| w.u64(patch.0));
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            generation: GenerationStatus::read(r)?,
            patches: r.list("patches", |r| r.u64("patch").map(PatchId))?,
        })
    }
}
