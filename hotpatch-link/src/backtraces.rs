//! Where the standard library of a program remembers the images of the process, from which backtraces take names and
//! lines. It looks at them once, so without help it would not know those that patches add later.

use std::ops::Range;

use hotpatch_abi::manifest::BacktraceCache;
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, SectionHeader};

use crate::elf::program::{DefinitionKind, LinkedImage};
use crate::names::Names;

/// The last parts of their paths, in `std` and in no copy of it.
const CACHE: [&str; 2] = [
    "std::backtrace_rs::symbolize::gimli::Cache",
    "::with_global::MAPPINGS_CACHE",
];
const LOCK: [&str; 2] = ["std::sys::backtrace::lock", "::LOCK"];

/// The bytes of a `std::sync::Mutex<()>`.
const LOCK_LEN: u64 = size_of::<std::sync::Mutex<()>>() as u64;

/// Finds both in a program. `None` where this standard library does it in another way: then backtraces may lack names.
pub(crate) fn find(program: &[u8], linked: &LinkedImage, names: &Names) -> Option<BacktraceCache> {
    let place = |[start, end]: [&str; 2]| {
        let is_it = |path: &str| path.trim_start_matches('<').starts_with(start) && path.ends_with(end);
        let mut found = linked
            .symbols
            .iter()
            .filter(|(name, _)| is_it(names.path(**name)));
        match (found.next(), found.next()) {
            (Some((_, definitions)), None) => match definitions[..] {
                [definition] if definition.kind == DefinitionKind::Variable => Some(definition),
                _ => None,
            },
            _ => None,
        }
    };
    let (cache, lock) = (place(CACHE)?, place(LOCK)?);
    let empty = initial(program, cache.st_value..cache.st_value + cache.size).ok()??;
    (lock.size == LOCK_LEN).then_some(BacktraceCache {
        lock: lock.st_value,
        cache: cache.st_value,
        empty,
    })
}

/// What a variable of a program begins with.
fn initial(program: &[u8], range: Range<u64>) -> object::Result<Option<Vec<u8>>> {
    let header = elf::FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    for section in header.sections(endian, program)?.iter() {
        let start = section.sh_addr(endian);
        if start == 0 || range.start < start || range.end > start + section.sh_size(endian) {
            continue;
        }
        if section.sh_type(endian) == elf::SHT_NOBITS {
            // Thread-locals without initial values lie there, too, as far as addresses say.
            if section.sh_flags(endian).0 & elf::SHF_TLS.0 != 0 {
                continue;
            }
            return Ok(Some(vec![0; (range.end - range.start) as usize]));
        }
        let bytes = section.data(endian, program)?;
        let range = (range.start - start) as usize..(range.end - start) as usize;
        return Ok(bytes.get(range).map(<[u8]>::to_vec));
    }
    Ok(None)
}
