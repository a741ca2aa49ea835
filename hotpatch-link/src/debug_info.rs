//! The debug sections of an object as a DWARF reader wants them: with their relocations applied.
//!
//! The code and the data of an object lie in many sections, all of which begin at zero. Here each has a range of addresses
//! of its own, so that an address tells the section.

use std::borrow::Cow;

use gimli::{EndianSlice, LittleEndian};
use rustc_hash::FxHashMap as HashMap;

use crate::elf::x86_64;
use crate::object_file::{ObjectFile, Role, Section, SectionId, SymbolPlace};

pub(crate) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// A place outside the debug sections: a section, and where in it.
pub(crate) type Place = (SectionId, u64);

/// How far the sections of code and data are apart.
const DISTANCE: u32 = 32;

/// The debug sections of one object.
pub(crate) struct DebugSections<'a>(HashMap<&'a str, Cow<'a, [u8]>>);

impl<'a> DebugSections<'a> {
    /// Sections of these names: some with what they refer to, and some as they are.
    pub(crate) fn of(object: &'a ObjectFile, relocated_ones: &[&str], plain_ones: &[&str]) -> Self {
        let mut sections = HashMap::default();
        for section in object
            .sections
            .iter()
            .filter(|section| section.role == Role::Debug)
        {
            let bytes = if relocated_ones.contains(&section.name.as_str()) {
                Cow::Owned(relocated(object, section))
            } else if plain_ones.contains(&section.name.as_str()) {
                Cow::Borrowed(&object.bytes[section.range.clone()])
            } else {
                continue;
            };
            sections.insert(section.name.as_str(), bytes);
        }
        Self(sections)
    }

    pub(crate) fn dwarf(&self) -> Result<gimli::Dwarf<Slice<'_>>, gimli::Error> {
        gimli::Dwarf::load(|id: gimli::SectionId| {
            let bytes: &[u8] = self.0.get(id.name()).map_or(&[], |bytes| bytes);
            Ok(EndianSlice::new(bytes, LittleEndian))
        })
    }
}

fn relocated(object: &ObjectFile, section: &Section) -> Vec<u8> {
    let mut bytes = object.bytes[section.range.clone()].to_vec();
    for relocation in &section.relocations {
        let symbol = &object.symbols[relocation.symbol];
        let value = symbol.value.wrapping_add_signed(relocation.addend);
        let value = match symbol.place {
            SymbolPlace::Section(id) if object.section(id).role == Role::Debug => value,
            SymbolPlace::Section(id) => start(id).wrapping_add(value),
            _ => 0,
        };
        let at = relocation.offset as usize;
        let width = x86_64::width(relocation.r_type);
        if let Some(field) = bytes.get_mut(at..at + width) {
            field.copy_from_slice(&value.to_le_bytes()[..width]);
        }
    }
    bytes
}

/// Where a section begins. None begins at zero, which stands for what was left out.
fn start(id: SectionId) -> u64 {
    (u64::from(id.0) + 1) << DISTANCE
}

/// The section that an address lies in, with the offset.
pub(crate) fn place(address: u64) -> Option<Place> {
    let id = u32::try_from((address >> DISTANCE).checked_sub(1)?).ok()?;
    Some((SectionId(id), address & ((1 << DISTANCE) - 1)))
}
