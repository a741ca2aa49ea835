//! The program itself: where it lies, what it is made of and which build it is.

use std::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;

use libc::{PT_NOTE, dl_phdr_info};

use super::elf::{Access, Segments};

const NT_GNU_BUILD_ID: u32 = 3;

/// The base image of this process.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) load: usize,
    pub(crate) segments: Segments,
    /// The build id; empty if the linker was not asked for one.
    pub(crate) build_id: Vec<u8>,
}

impl Program {
    /// The program of this process, read once.
    pub(crate) fn get() -> &'static Self {
        static PROGRAM: OnceLock<Program> = OnceLock::new();
        PROGRAM.get_or_init(|| {
            let mut program = Self {
                path: std::env::current_exe().unwrap_or_default(),
                ..Self::default()
            };
            // SAFETY: `read_first` treats its argument as the `Program` that it is, only during this call.
            unsafe { libc::dl_iterate_phdr(Some(read_first), (&raw mut program).cast()) };
            program
        })
    }
}

impl Program {
    /// Whether `address` lies in the program itself.
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.segments
            .allow(address.wrapping_sub(self.load) as u64, 1, Access::Refer)
    }
}

/// Whether the program runs with more rights than whoever started it: it must not trust its environment.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: the call has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Reads the first object that the loader reports, which is the program, and stops.
unsafe extern "C" fn read_first(info: *mut dl_phdr_info, _: usize, program: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record, and `Program::get` passes its program.
    let (info, program) = unsafe { (&*info, &mut *program.cast::<Program>()) };
    program.load = info.dlpi_addr as usize;
    // SAFETY: the loader reports as many program headers as there are.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    for header in headers {
        program
            .segments
            .add(header.p_type, header.p_flags, header.p_vaddr, header.p_memsz);
        if header.p_type == PT_NOTE {
            let notes = std::ptr::with_exposed_provenance(program.load.wrapping_add(header.p_vaddr as usize));
            // SAFETY: a note segment is mapped and readable for as long as the program runs.
            let notes = unsafe { std::slice::from_raw_parts::<u8>(notes, header.p_memsz as usize) };
            if let Some(id) = build_id(notes, header.p_align as usize) {
                program.build_id = id.to_vec();
            }
        }
    }
    1
}

/// Finds the build id in a note segment: records of name length, description length, type, then name and description,
/// each padded to the alignment of the segment.
fn build_id(mut notes: &[u8], align: usize) -> Option<&[u8]> {
    let padded = |len: usize| len.next_multiple_of(align.max(4));
    loop {
        let (header, rest) = notes.split_first_chunk::<12>()?;
        let field =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (name_len, len, kind) = (field(0) as usize, field(4) as usize, field(8));
        let at = padded(12 + name_len) - 12;
        let description = rest.get(at..at.checked_add(len)?)?;
        if kind == NT_GNU_BUILD_ID && rest.starts_with(b"GNU\0") {
            return Some(description);
        }
        notes = rest.get(padded(12 + at + len) - 12..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Program, build_id};

    fn note(kind: u8, name: &[u8; 4], description: &[u8; 4]) -> Vec<u8> {
        [&[4, 0, 0, 0, 4, 0, 0, 0, kind, 0, 0, 0][..], name, description].concat()
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let notes = [
            note(1, b"GNU\0", b"abcd"),
            note(3, b"XYZ\0", b"efgh"),
            note(3, b"GNU\0", b"ijkl"),
        ]
        .concat();
        assert_eq!(build_id(&notes, 4), Some(&b"ijkl"[..]));
        for len in 0..notes.len() {
            assert_eq!(build_id(&notes[..len], 4), None, "{len} bytes");
        }
    }

    #[test]
    fn this_program_contains_its_own_code() {
        let program = Program::get();
        let address = build_id as *const () as usize;
        assert!(
            program
                .segments
                .allow((address - program.load) as u64, 1, super::super::Access::Execute)
        );
    }
}
