//! A file of an object that is not loaded yet, by the addresses that it will have.

use std::ops::Range;

use libc::{PF_R, PF_W, PT_GNU_RELRO, PT_GNU_STACK, PT_PHDR};

use super::bytes::{u32_at, u64_at};

const PAGE: u64 = 4096;
/// Where the address space of a process ends.
const END: u64 = 1 << 47;

/// The bytes of an object that is not loaded yet, by the addresses that they will have.
pub(super) trait FileImage {
    /// From what will lie at `address` to the end of what its segment has of the file.
    fn at(&self, address: u64) -> Option<&[u8]>;

    /// As [`at`](Self::at), in a segment that is not written.
    fn constant_at(&self, address: u64) -> Option<&[u8]>;

    /// Start and end of the writable segment around `address`.
    fn data_around(&self, address: u64) -> Option<(u64, u64)>;
}

/// A file, and the parts of it that are mapped.
pub(super) struct Parts<'a> {
    pub(super) file: &'a [u8],
    pub(super) parts: Vec<Part>,
}

/// What a program header says.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) kind: u32,
    pub(super) flags: u32,
    offset: u64,
    pub(super) address: u64,
    /// How much of it comes from the file.
    file_len: u64,
    pub(super) len: u64,
    align: u64,
}

impl Part {
    /// Reads one.
    pub(super) fn read(header: &[u8]) -> Option<Self> {
        Some(Self {
            kind: u32_at(header, 0)?,
            flags: u32_at(header, 4)?,
            offset: u64_at(header, 8)?,
            address: u64_at(header, 16)?,
            file_len: u64_at(header, 32)?,
            len: u64_at(header, 40)?,
            align: u64_at(header, 48)?,
        })
    }

    /// The bytes of the file that it is about.
    pub(super) fn file_range(&self) -> Range<usize> {
        self.offset as usize..(self.offset + self.file_len) as usize
    }

    /// Whether the loader can map it from a file of this length.
    pub(super) fn can_be_mapped(&self, file_len: u64) -> bool {
        let is_in_file = self
            .offset
            .checked_add(self.file_len)
            .is_some_and(|end| end <= file_len);
        let is_readable = self.flags & PF_R != 0;
        let is_aligned = self.align.is_power_of_two() && self.align >= PAGE;
        let is_in_memory = self.address.checked_add(self.len).is_some_and(|end| end <= END);
        is_in_file && is_readable && is_aligned && is_in_memory && self.file_len <= self.len
    }
}

impl<'a> Parts<'a> {
    fn find(&self, address: u64) -> Option<(&Part, &'a [u8])> {
        self.parts.iter().find_map(|part| {
            let skip = address
                .checked_sub(part.address)
                .filter(|skip| *skip < part.file_len)?;
            let range = (part.offset + skip) as usize..(part.offset + part.file_len) as usize;
            Some((part, self.file.get(range)?))
        })
    }

    /// Whether something that is no segment of its own lies in one where the loader looks for it.
    pub(super) fn hold(&self, part: &Part, headers: usize) -> bool {
        if part.len == 0 {
            return true;
        }
        match part.kind {
            PT_GNU_STACK => true,
            // The loader changes the rights of whole pages.
            PT_GNU_RELRO => self.parts.iter().any(|segment| {
                let Some(end) = part.address.checked_add(part.len) else {
                    return false;
                };
                let last = (segment.address + segment.len).next_multiple_of(PAGE);
                segment.address / PAGE <= part.address / PAGE && end <= last
            }),
            // It is read from there for every panic.
            PT_PHDR if !self.is_at(part.address, headers) => false,
            _ => self
                .find(part.address)
                .is_some_and(|(_, bytes)| bytes.len() as u64 >= part.len),
        }
    }

    /// Whether the byte at `offset` of the file will lie at `address`.
    fn is_at(&self, address: u64, offset: usize) -> bool {
        self.find(address)
            .is_some_and(|(part, _)| part.offset + (address - part.address) == offset as u64)
    }
}

impl FileImage for Parts<'_> {
    fn at(&self, address: u64) -> Option<&[u8]> {
        self.find(address).map(|(_, bytes)| bytes)
    }

    fn constant_at(&self, address: u64) -> Option<&[u8]> {
        self.find(address)
            .filter(|(part, _)| part.flags & PF_W == 0)
            .map(|(_, bytes)| bytes)
    }

    fn data_around(&self, address: u64) -> Option<(u64, u64)> {
        self.parts
            .iter()
            .map(|part| (part.flags, part.address, part.address + part.len))
            .find(|(flags, start, end)| flags & PF_W != 0 && (start..end).contains(&&address))
            .map(|(_, start, end)| (start, end))
    }
}
