//! The parts of an ELF file that matter before it is loaded: its segments, and what loading would do besides.

use std::ops::Range;

use libc::{PF_R, PF_W, PF_X, PT_DYNAMIC, PT_GNU_RELRO, PT_GNU_STACK, PT_LOAD, PT_TLS};

use super::bytes::{u16_at, u64_at};
use super::dynamic;
use super::file_image::{Part, Parts};

/// Bytes of an `Elf64_Ehdr` and an `Elf64_Phdr`.
const HEADER_LEN: usize = 64;
const PROGRAM_HEADER_LEN: usize = 56;
const EM_X86_64: u16 = 62;
const ET_DYN: u16 = 3;
const PAGE: u64 = 4096;
/// Linkers make about ten. A patch must not cost time by their number.
const MAX_PROGRAM_HEADERS: u16 = 64;

/// What is to be done with a place in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its address is taken.
    Refer,
    /// It is read.
    Read,
    /// It is written, after the loader has sealed what it seals.
    Write,
    /// It is called.
    Execute,
}

/// A mapped part of an image, as offsets from the load address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) flags: u32,
}

/// The mapped parts of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments {
    mapped: Vec<Segment>,
    /// What the loader makes read-only after relocation.
    sealed: Option<(u64, u64)>,
}

impl Segments {
    /// Adds what one program header says.
    pub(crate) fn add(&mut self, kind: u32, flags: u32, start: u64, len: u64) {
        let end = start.saturating_add(len);
        match kind {
            PT_LOAD => self.mapped.push(Segment { start, end, flags }),
            PT_GNU_RELRO => self.sealed = Some((start & !(PAGE - 1), end & !(PAGE - 1))),
            _ => {}
        }
    }

    /// Whether `start` lies on a page behind all that was added, if each of them lay behind the others: a mapping there
    /// replaces none of them.
    fn is_behind(&self, start: u64) -> bool {
        self.mapped
            .last()
            .is_none_or(|segment| segment.end.div_ceil(PAGE) <= start / PAGE)
    }

    /// Where the last of them ends.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn end(&self) -> Option<u64> {
        self.mapped.iter().map(|segment| segment.end).max()
    }

    /// The address space that they take: whole pages.
    pub(crate) fn mapped_len(&self) -> u64 {
        let pages = self
            .mapped
            .iter()
            .map(|segment| segment.end.div_ceil(PAGE) - segment.start / PAGE);
        pages.sum::<u64>().saturating_mul(PAGE)
    }

    /// Whether the `len` bytes at `offset` lie in one segment that allows `access`.
    pub(crate) fn allow(&self, offset: u64, len: u64, access: Access) -> bool {
        let Some(end) = offset.checked_add(len) else {
            return false;
        };
        let sealed = self
            .sealed
            .is_some_and(|(start, until)| offset < until && end > start);
        self.mapped.iter().any(|segment| {
            segment.start <= offset
                && end <= segment.end
                && match access {
                    Access::Refer => true,
                    Access::Read => segment.flags & PF_R != 0,
                    Access::Write => segment.flags & PF_W != 0 && !sealed,
                    Access::Execute => segment.flags & PF_X != 0 && offset < segment.end,
                }
        })
    }
}

/// What the headers of a shared object say.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) segments: Segments,
    /// The parts that stay in memory as they are in the file: where they lie, and which bytes of the file they are.
    pub(crate) constants: Vec<(u64, Range<usize>)>,
    /// The first thing found that would make loading do more than map and relocate the object.
    pub(crate) effect: Option<&'static str>,
}

impl Layout {
    /// Reads the headers of a shared object for this machine. `None` if it is none, or if `file` does not hold all that
    /// the loader maps and reads.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        let ident = b"\x7fELF\x02\x01\x01";
        if !file.starts_with(ident) || u16_at(file, 16)? != ET_DYN || u16_at(file, 18)? != EM_X86_64 {
            return None;
        }
        let headers = usize::try_from(u64_at(file, 32)?).ok()?;
        if u16_at(file, 54)? as usize != PROGRAM_HEADER_LEN || headers < HEADER_LEN {
            return None;
        }
        let count = u16_at(file, 56).filter(|count| *count <= MAX_PROGRAM_HEADERS)?;
        let mut segments = Segments::default();
        let (mut parts, mut others) = (Vec::new(), Vec::new());
        for index in 0..usize::from(count) {
            let part = Part::read(file.get(headers.checked_add(index * PROGRAM_HEADER_LEN)?..)?)?;
            if part.kind != PT_LOAD {
                others.push(part);
            } else if segments.is_behind(part.address) && part.can_be_mapped(file.len() as u64) {
                parts.push(part);
            } else {
                return None;
            }
            segments.add(part.kind, part.flags, part.address, part.len);
        }
        let parts = Parts { file, parts };
        if !others.iter().all(|part| parts.hold(part, headers)) {
            return None;
        }
        // The loader takes the last of its kind.
        let last = |kind: u32| others.iter().rev().find(|part| part.kind == kind);
        // The loader makes the stacks of all threads executable, also if nothing is said.
        let effect = if last(PT_GNU_STACK).is_none_or(|stack| stack.flags & PF_X != 0) {
            Some("an executable stack")
        } else if last(PT_TLS).is_some() {
            Some("thread-locals of its own")
        } else {
            last(PT_DYNAMIC).and_then(|part| dynamic::effect(part.address, &parts))
        };
        let constants = parts.parts.iter().filter(|part| part.flags & PF_W == 0);
        Some(Self {
            constants: constants.map(|part| (part.address, part.file_range())).collect(),
            segments,
            effect,
        })
    }
}

/// Checks the headers of a library that is a module, of which `head` is the beginning: that it is one for this machine, and
/// that the file has all that they say. What they lead to is for the loader to believe, as with every library.
pub(crate) fn check_module(head: &[u8], file_len: u64) -> Result<(), String> {
    let field = |at| u16_at(head, at).unwrap_or_default();
    if !head.starts_with(b"\x7fELF") {
        return Err("it is no shared library".into());
    }
    if !head.starts_with(b"\x7fELF\x02\x01\x01") || field(18) != EM_X86_64 {
        return Err("it is for another kind of machine than this one, which is x86-64".into());
    }
    if field(16) != ET_DYN {
        return Err("it is no shared library: link it with `-shared`".into());
    }
    let torn = || "its headers do not fit: it was cut short, or is still being written".to_owned();
    let headers = u64_at(head, 32)
        .and_then(|at| usize::try_from(at).ok())
        .filter(|at| *at >= HEADER_LEN && field(54) as usize == PROGRAM_HEADER_LEN)
        .ok_or_else(torn)?;
    let mut segments = Segments::default();
    for index in 0..usize::from(field(56).min(MAX_PROGRAM_HEADERS)) {
        let part = headers
            .checked_add(index * PROGRAM_HEADER_LEN)
            .and_then(|at| Part::read(head.get(at..)?))
            .ok_or_else(torn)?;
        if part.kind == PT_LOAD && !(segments.is_behind(part.address) && part.can_be_mapped(file_len)) {
            return Err(torn());
        }
        segments.add(part.kind, part.flags, part.address, part.len);
    }
    if segments.mapped.is_empty() || field(56) > MAX_PROGRAM_HEADERS {
        return Err(torn());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use libc::{PF_R, PF_W, PF_X, PT_GNU_RELRO, PT_LOAD};

    use super::{Access, Layout, Segments, check_module};

    fn segments() -> Segments {
        let mut segments = Segments::default();
        segments.add(PT_LOAD, PF_R | PF_X, 0x1000, 0x100);
        segments.add(PT_LOAD, PF_R | PF_W, 0x2000, 0x2000);
        segments.add(PT_GNU_RELRO, PF_R, 0x2000, 0x1010);
        segments
    }

    #[test]
    fn code_is_called_and_not_written() {
        assert!(segments().allow(0x1000, 0, Access::Execute));
        assert!(!segments().allow(0x1100, 0, Access::Execute));
        assert!(!segments().allow(0x2000, 0, Access::Execute));
        assert!(!segments().allow(0x1000, 8, Access::Write));
    }

    #[test]
    fn a_place_ends_where_its_segment_ends() {
        assert!(segments().allow(0x3ff8, 8, Access::Write));
        assert!(!segments().allow(0x3ff9, 8, Access::Write));
        assert!(!segments().allow(u64::MAX - 3, 8, Access::Write));
        assert!(segments().allow(0x4000, 0, Access::Refer));
    }

    #[test]
    fn what_the_loader_seals_is_not_written() {
        assert!(!segments().allow(0x2ff8, 8, Access::Write));
        assert!(!segments().allow(0x2ffc, 8, Access::Write));
        assert!(segments().allow(0x3000, 8, Access::Write));
        assert!(segments().allow(0x2ff8, 8, Access::Refer));
    }

    #[test]
    fn every_prefix_of_a_real_object_is_read_without_a_panic() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Layout::read(&file).is_some_and(|layout| layout.effect.is_some()));
        for len in 0..4096 {
            let _ = Layout::read(&file[..len]);
        }
    }

    #[test]
    fn a_module_is_whole_or_refused() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let (head, len) = (&file[..4096], file.len() as u64);
        assert_eq!(check_module(head, len), Ok(()));
        assert!(check_module(head, 4096).is_err());
        assert!(check_module(b"\x7fELF", 4).is_err());
        assert!(check_module(b"#!/bin/sh", 9).is_err());
        for cut in 0..400 {
            assert!(check_module(&head[..cut], cut as u64).is_err());
        }
    }
}
