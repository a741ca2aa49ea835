//! The unwind records of the functions of a patch: those of one object, without the functions that are left out.

use rustc_hash::FxHashMap as HashMap;

use crate::elf::eh_frame::{self, FUNCTION_FIELD, ID_FIELD};
use crate::object_file::{ObjectFile, Relocation, SectionId, SymbolPlace};

/// Records that are kept, with the relocations inside them moved along.
#[derive(Debug, Default)]
pub(crate) struct UnwindRecords {
    pub(crate) bytes: Vec<u8>,
    pub(crate) relocations: Vec<Relocation>,
}

/// Keeps the records of the functions that `is_kept` names. `None` if the section is malformed.
pub(crate) fn keep(
    object: &ObjectFile,
    section: SectionId,
    is_kept: impl Fn(SectionId) -> bool,
) -> Option<UnwindRecords> {
    let bytes = object.data(section);
    let relocations = &object.section(section).relocations;
    let mut kept = UnwindRecords::default();
    let mut common_entries = HashMap::default();
    for record in eh_frame::records(bytes)? {
        let range = record.start as u64..(record.start + record.len) as u64;
        let first = relocations.partition_point(|relocation| relocation.offset < range.start);
        let inside: Vec<_> = relocations[first..]
            .iter()
            .take_while(|relocation| range.contains(&relocation.offset))
            .collect();
        let start = kept.bytes.len();
        if let Some(common) = record.common {
            let function = inside
                .iter()
                .find(|r| r.offset == (record.start + FUNCTION_FIELD) as u64)?;
            match object.symbols[function.symbol].place {
                SymbolPlace::Section(function) if is_kept(function) => {}
                _ => continue,
            }
            kept.bytes.extend(&bytes[record.start..record.start + record.len]);
            let distance = start + ID_FIELD - *common_entries.get(&common)?;
            let field = start + ID_FIELD..start + FUNCTION_FIELD;
            kept.bytes[field].copy_from_slice(&u32::try_from(distance).ok()?.to_le_bytes());
        } else {
            kept.bytes.extend(&bytes[record.start..record.start + record.len]);
            common_entries.insert(record.start, start);
        }
        kept.relocations.extend(inside.iter().map(|r| Relocation {
            offset: r.offset - range.start + start as u64,
            ..**r
        }));
    }
    Some(kept)
}
