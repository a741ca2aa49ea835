//! Recognises `core::panic::Location` constants, so that moved lines do not count as changed code.
//!
//! Layout on 64-bit targets: pointer to the file name, its length, line `u32`, column `u32`. The file name may be
//! followed by a NUL that the length does not count.

use crate::names::Names;
use crate::object_file::{ObjectFile, Role, SectionId, SymbolPlace};

const LEN: usize = 24;
/// How the names begin that thin-local LTO gives to constants without a name, so that all modules of a crate may use
/// them.
const SHARED: &str = "anon.";

/// The file name, if the section is one location and nothing else.
pub(crate) fn file<'a>(object: &'a ObjectFile, names: &Names, id: SectionId) -> Option<&'a [u8]> {
    let section = object.section(id);
    let data: &[u8; LEN] = object.data(id).try_into().ok()?;
    let [relocation] = section.relocations.as_slice() else {
        return None;
    };
    // A named constant of the same shape is the user's own.
    let is_nobodys = |index: &usize| names.text(object.symbols[*index].name).starts_with(SHARED);
    let anonymous = section.definitions.iter().all(is_nobodys);
    if section.role != Role::Constant || relocation.offset != 0 || !anonymous {
        return None;
    }
    let number = |at: usize| data[at..].first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    if number(16)? == 0 || number(20)? == 0 {
        return None;
    }
    let symbol = &object.symbols[relocation.symbol];
    let SymbolPlace::Section(target) = symbol.place else {
        return None;
    };
    let start = usize::try_from((symbol.value as i64).wrapping_add(relocation.addend)).ok()?;
    let len = u64::from_le_bytes(*data[8..].first_chunk()?) as usize;
    let file = object.data(target).get(start..start.checked_add(len)?)?;
    (object.section(target).relocations.is_empty() && file.ends_with(b".rs")).then_some(file)
}
