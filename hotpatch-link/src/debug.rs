//! The debug sections of an object, cut down to the functions of a patch: addresses of what is left out become
//! tombstones, as a linker would write them for discarded sections.

use hotpatch_abi::code;

use crate::Error;
use crate::elf::x86_64::{self, Kind};
use crate::object_file::{ObjectFile, Relocation, Role, SectionId, SymbolPlace};

/// A debug section, ready to be merged.
#[derive(Debug)]
pub(crate) struct DebugSection {
    pub(crate) bytes: Vec<u8>,
    /// Relocations against kept sections and other debug sections, by section.
    pub(crate) relocations: Vec<(SectionId, i64, Relocation)>,
}

/// Prepares one debug section.
pub(crate) fn prepare(
    object: &ObjectFile,
    id: SectionId,
    is_kept: impl Fn(SectionId) -> bool,
) -> Result<DebugSection, Error> {
    let section = object.section(id);
    let mut prepared = DebugSection {
        bytes: object.data(id).to_vec(),
        relocations: Vec::new(),
    };
    for relocation in &section.relocations {
        let kind = x86_64::kind(relocation.r_type).ok_or_else(|| {
            Error::new(
                code::RELOCATION,
                format!(
                    "unknown relocation: {} in section `{}` of `{}`",
                    x86_64::name(relocation.r_type),
                    section.name,
                    object.label
                ),
            )
        })?;
        let symbol = &object.symbols[relocation.symbol];
        match symbol.place {
            SymbolPlace::Section(target)
                if kind != Kind::WithinThread
                    && (object.section(target).role == Role::Debug || is_kept(target)) =>
            {
                prepared
                    .relocations
                    .push((target, symbol.value as i64, *relocation));
            }
            _ => {
                let at = relocation.offset as usize;
                let width = x86_64::width(relocation.r_type);
                // A zero would end a list of ranges.
                let lists = [".debug_ranges", ".debug_loc"].contains(&section.name.as_str());
                prepared.bytes[at..at + width].fill(0);
                prepared.bytes[at] = u8::from(lists);
            }
        }
    }
    Ok(prepared)
}
