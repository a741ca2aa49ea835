//! The parts of an ELF file that matter before it is loaded: its segments, and whether loading would run code.

use libc::{PF_W, PF_X, PT_DYNAMIC, PT_GNU_RELRO, PT_LOAD};

/// Bytes of an `Elf64_Ehdr` and an `Elf64_Phdr`.
const HEADER_LEN: usize = 64;
const PROGRAM_HEADER_LEN: usize = 56;
const EM_X86_64: u16 = 62;
const ET_DYN: u16 = 3;
const PAGE: u64 = 4096;

/// The dynamic tags that make the loader run code of the image when their value is not zero.
const INITIALISERS: [(u64, &str); 5] = [
    (12, "DT_INIT"),
    (13, "DT_FINI"),
    (27, "DT_INIT_ARRAYSZ"),
    (28, "DT_FINI_ARRAYSZ"),
    (33, "DT_PREINIT_ARRAYSZ"),
];

/// What is to be done with a place in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its address is taken.
    Refer,
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
    /// The name of the first dynamic tag that would make the loader run code.
    pub(crate) initialiser: Option<&'static str>,
}

impl Layout {
    /// Reads the headers of a shared object for this machine. `None` if it is none.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        let ident = b"\x7fELF\x02\x01\x01";
        if !file.starts_with(ident) || u16_at(file, 16)? != ET_DYN || u16_at(file, 18)? != EM_X86_64 {
            return None;
        }
        let headers = usize::try_from(u64_at(file, 32)?).ok()?;
        if u16_at(file, 54)? as usize != PROGRAM_HEADER_LEN || headers < HEADER_LEN {
            return None;
        }
        let mut layout = Self::default();
        for index in 0..usize::from(u16_at(file, 56)?) {
            let header = file.get(headers.checked_add(index * PROGRAM_HEADER_LEN)?..)?;
            let kind = u32_at(header, 0)?;
            layout
                .segments
                .add(kind, u32_at(header, 4)?, u64_at(header, 16)?, u64_at(header, 40)?);
            if kind == PT_DYNAMIC {
                let start = usize::try_from(u64_at(header, 8)?).ok()?;
                let end = start.checked_add(usize::try_from(u64_at(header, 32)?).ok()?)?;
                layout.initialiser = initialiser(file.get(start..end)?);
            }
        }
        Some(layout)
    }
}

fn initialiser(dynamic: &[u8]) -> Option<&'static str> {
    let (tags, _) = dynamic.as_chunks::<16>();
    tags.iter().find_map(|tag| {
        let (number, value) = (u64_at(tag, 0)?, u64_at(tag, 8)?);
        INITIALISERS
            .iter()
            .find(|tag| tag.0 == number && value != 0)
            .map(|tag| tag.1)
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u32::from_le_bytes(*field))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests {
    use libc::{PF_R, PF_W, PF_X, PT_GNU_RELRO, PT_LOAD};

    use super::{Access, Layout, Segments};

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
        assert!(Layout::read(&file).is_some_and(|layout| layout.initialiser.is_some()));
        for len in 0..4096 {
            let _ = Layout::read(&file[..len]);
        }
    }
}
