//! The debug sections of an object that tell about types, with their relocations applied.

use std::borrow::Cow;

use rustc_hash::FxHashMap as HashMap;

use crate::elf::x86_64;
use crate::object_file::{ObjectFile, Role, Section, SectionId, SymbolPlace};

/// A place outside the debug sections: a section, and where in it.
pub(super) type Place = (SectionId, u64);

/// The debug sections. References to other debug sections have their values. References to code and data have numbers
/// that [`place`](Self::place) understands.
pub(super) struct DebugSections<'a> {
    by_name: HashMap<&'a str, Cow<'a, [u8]>>,
    places: Vec<Option<Place>>,
}

/// Those that hold references that matter for types.
const RELOCATED: [&str; 3] = [".debug_info", ".debug_addr", ".debug_str_offsets"];
/// Those that are only looked into.
const PLAIN: [&str; 4] = [".debug_abbrev", ".debug_str", ".debug_line", ".debug_line_str"];

impl<'a> DebugSections<'a> {
    pub(super) fn of(object: &'a ObjectFile) -> Self {
        let mut sections = Self {
            by_name: HashMap::default(),
            places: Vec::new(),
        };
        for section in object
            .sections
            .iter()
            .filter(|section| section.role == Role::Debug)
        {
            let bytes = &object.bytes[section.range.clone()];
            let bytes = if RELOCATED.contains(&section.name.as_str()) {
                Cow::Owned(sections.relocated(object, section, bytes.to_vec()))
            } else if PLAIN.contains(&section.name.as_str()) {
                Cow::Borrowed(bytes)
            } else {
                continue;
            };
            sections.by_name.insert(&section.name, bytes);
        }
        sections
    }

    fn relocated(&mut self, object: &ObjectFile, section: &Section, mut bytes: Vec<u8>) -> Vec<u8> {
        for relocation in &section.relocations {
            let symbol = &object.symbols[relocation.symbol];
            let value = symbol.value.wrapping_add_signed(relocation.addend);
            let value = match symbol.place {
                SymbolPlace::Section(id) if object.section(id).role == Role::Debug => value,
                place => {
                    self.places.push(match place {
                        SymbolPlace::Section(id) => Some((id, value)),
                        _ => None,
                    });
                    self.places.len() as u64
                }
            };
            let at = relocation.offset as usize;
            let width = x86_64::width(relocation.r_type);
            if let Some(field) = bytes.get_mut(at..at + width) {
                field.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        bytes
    }

    pub(super) fn get(&self, name: &str) -> &[u8] {
        self.by_name.get(name).map_or(&[], |bytes| bytes)
    }

    /// The place that an address in these sections stands for.
    pub(super) fn place(&self, address: u64) -> Option<Place> {
        let index = usize::try_from(address).ok()?.checked_sub(1)?;
        self.places.get(index).copied().flatten()
    }
}
