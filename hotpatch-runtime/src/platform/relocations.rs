//! The relocations that the loader writes into an object.

use std::ops::Range;

use super::bytes::{u32_at, u64_at};
use super::file_image::FileImage;
use super::symbols;

/// Bytes of an `Elf64_Rela`.
pub(super) const RELOCATION_LEN: usize = 24;
/// What one of them writes.
const WRITTEN: u64 = 8;

const R_X86_64_NONE: u32 = 0;
const R_X86_64_64: u32 = 1;
const R_X86_64_GLOB_DAT: u32 = 6;
const R_X86_64_JUMP_SLOT: u32 = 7;
const R_X86_64_RELATIVE: u32 = 8;
const R_X86_64_DTPMOD64: u32 = 16;
const R_X86_64_DTPOFF64: u32 = 17;
const R_X86_64_TPOFF64: u32 = 18;
const R_X86_64_IRELATIVE: u32 = 37;

/// What the dynamic section says of them.
pub(super) struct Table {
    /// Where the section itself lies, which they must not change.
    pub(super) dynamic: Range<u64>,
    /// So many at the start only add the load address; the loader ends the process if one of them does not.
    pub(super) relative: u64,
}

/// Why writing the relocations would do more than fill in data of the object.
/// A plain loop: see [`checksum`](hotpatch_abi::checksum::checksum).
pub(super) fn effect(
    relocations: &[u8],
    symbols: &[u8],
    names: &[u8],
    table: &Table,
    image: &impl FileImage,
) -> Option<&'static str> {
    let (relocations, rest) = relocations.as_chunks::<RELOCATION_LEN>();
    let dynamic = &table.dynamic;
    if table.relative > relocations.len() as u64 {
        return Some("DT_RELACOUNT");
    }
    if !rest.is_empty() {
        return Some("half a relocation");
    }
    // Most lie in the segment in which the last one lay.
    let mut data = (0, 0);
    let mut at = 0;
    while at < relocations.len() {
        let relocation = &relocations[at];
        let (offset, kind) = (u64_at(relocation, 0)?, u32_at(relocation, 8)?);
        let symbol = u32_at(relocation, 12)?;
        if kind != R_X86_64_RELATIVE && (at as u64) < table.relative {
            return Some("DT_RELACOUNT");
        }
        match kind {
            R_X86_64_IRELATIVE => return Some("an indirect function"),
            R_X86_64_NONE | R_X86_64_64 | R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT | R_X86_64_RELATIVE => {}
            // Of a thread-local of another object.
            R_X86_64_DTPMOD64 | R_X86_64_DTPOFF64 | R_X86_64_TPOFF64 if symbol != 0 => {}
            _ => return Some("a relocation that patches do not have"),
        }
        if offset < data.0 || offset >= data.1 {
            let Some(found) = image.data_around(offset) else {
                return Some("a relocation outside the data");
            };
            data = found;
        }
        if data.1 - offset < WRITTEN || (offset < dynamic.end && dynamic.start < offset + WRITTEN) {
            return Some("a relocation outside the data");
        }
        if symbol != 0
            && let Some(effect) = symbols::effect_of(symbols, names, symbol as usize)
        {
            return Some(effect);
        }
        at += 1;
    }
    None
}
