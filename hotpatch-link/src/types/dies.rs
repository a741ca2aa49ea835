//! The debugging information entries of an object, all units in one list.

use std::borrow::Cow;

use gimli::{AttributeValue, DebuggingInformationEntry, DwTag, EndianSlice, LittleEndian, SectionId, Unit};
use rustc_hash::FxHashMap as HashMap;

use crate::elf::x86_64;
use crate::object_file::{ObjectFile, Role, SymbolPlace};

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// An index into [`Dies::all`].
pub(super) type Index = usize;

/// One entry, with what types need of it.
pub(super) struct Die {
    pub(super) tag: DwTag,
    pub(super) parent: Option<Index>,
    pub(super) children: Vec<Index>,
    pub(super) name: Option<String>,
    pub(super) linkage_name: Option<String>,
    pub(super) of: Option<Index>,
    pub(super) containing: Option<Index>,
    pub(super) size: u64,
    pub(super) offset: u64,
    pub(super) value: Option<i128>,
    pub(super) is_declaration: bool,
}

/// The entries of an object.
pub(super) struct Dies {
    pub(super) all: Vec<Die>,
}

impl Dies {
    /// Reads all units of an object. An object without debug information has none.
    pub(super) fn read(object: &ObjectFile) -> Result<Self, gimli::Error> {
        let sections = relocated(object);
        let load = |id: SectionId| {
            let bytes: &[u8] = sections.get(id.name()).map_or(&[], |bytes| bytes);
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load)?;
        let mut reader = Reader {
            dwarf: &dwarf,
            dies: Vec::new(),
            places: Vec::new(),
            by_place: HashMap::default(),
        };
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            reader.unit(&dwarf.unit(header)?)?;
        }
        Ok(reader.finish())
    }
}

/// Where an entry lies in `.debug_info`.
type Place = usize;

/// The places that an entry names: of its type, and of the type that contains it.
type Places = (Option<Place>, Option<Place>);

struct Reader<'a> {
    dwarf: &'a gimli::Dwarf<Slice<'a>>,
    dies: Vec<Die>,
    /// The places of `of` and `containing` of each entry: they may lie further on, or in another unit.
    places: Vec<Places>,
    by_place: HashMap<Place, Index>,
}

impl<'a> Reader<'a> {
    fn unit(&mut self, unit: &Unit<Slice<'a>>) -> Result<(), gimli::Error> {
        let mut parents: Vec<Index> = Vec::new();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            parents.truncate(usize::try_from(entry.depth()).unwrap_or(0));
            let index = self.dies.len();
            if let Some(place) = entry.offset().to_debug_info_offset(unit) {
                self.by_place.insert(place.0, index);
            }
            let parent = parents.last().copied();
            if let Some(parent) = parent {
                self.dies[parent].children.push(index);
            }
            let (die, places) = self.die(unit, entry, parent)?;
            self.dies.push(die);
            self.places.push(places);
            parents.push(index);
        }
        Ok(())
    }

    fn die(
        &self,
        unit: &Unit<Slice<'a>>,
        entry: &Entry<'a>,
        parent: Option<Index>,
    ) -> Result<(Die, Places), gimli::Error> {
        let mut die = Die {
            tag: entry.tag(),
            parent,
            children: Vec::new(),
            name: None,
            linkage_name: None,
            of: None,
            containing: None,
            size: 0,
            offset: 0,
            value: None,
            is_declaration: false,
        };
        let mut places = (None, None);
        for attribute in entry.attrs() {
            let value = attribute.value();
            match attribute.name() {
                gimli::DW_AT_name => die.name = Some(self.text(unit, value)?).filter(|name| !name.is_empty()),
                gimli::DW_AT_linkage_name => die.linkage_name = Some(self.text(unit, value)?),
                gimli::DW_AT_type => places.0 = place(unit, &value),
                gimli::DW_AT_containing_type => places.1 = place(unit, &value),
                gimli::DW_AT_byte_size => die.size = value.udata_value().unwrap_or(0),
                gimli::DW_AT_data_member_location => die.offset = value.udata_value().unwrap_or(0),
                gimli::DW_AT_discr_value | gimli::DW_AT_const_value | gimli::DW_AT_count => {
                    die.value = number(&value);
                }
                gimli::DW_AT_declaration => die.is_declaration = true,
                _ => {}
            }
        }
        Ok((die, places))
    }

    fn text(&self, unit: &Unit<Slice<'a>>, value: AttributeValue<Slice<'a>>) -> Result<String, gimli::Error> {
        Ok(self
            .dwarf
            .attr_string(unit, value)?
            .to_string_lossy()
            .into_owned())
    }

    fn finish(mut self) -> Dies {
        for (die, (of, containing)) in self.dies.iter_mut().zip(self.places) {
            die.of = of.and_then(|place| self.by_place.get(&place).copied());
            die.containing = containing.and_then(|place| self.by_place.get(&place).copied());
        }
        Dies { all: self.dies }
    }
}

fn place<'a>(unit: &Unit<Slice<'a>>, value: &AttributeValue<Slice<'a>>) -> Option<Place> {
    match value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(unit).map(|offset| offset.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}

fn number(value: &AttributeValue<Slice<'_>>) -> Option<i128> {
    value
        .sdata_value()
        .map(i128::from)
        .or_else(|| value.udata_value().map(i128::from))
}

/// The debug sections with their relocations applied, as far as they lead to other debug sections.
fn relocated(object: &ObjectFile) -> HashMap<&str, Cow<'_, [u8]>> {
    let mut sections = HashMap::default();
    for section in &object.sections {
        if section.role != Role::Debug {
            continue;
        }
        let mut bytes = object.bytes[section.range.clone()].to_vec();
        for relocation in &section.relocations {
            let symbol = &object.symbols[relocation.symbol];
            let value = match symbol.place {
                SymbolPlace::Section(id) if object.section(id).role == Role::Debug => {
                    symbol.value.wrapping_add_signed(relocation.addend)
                }
                _ => 0,
            };
            let at = relocation.offset as usize;
            let width = x86_64::width(relocation.r_type);
            if let Some(field) = bytes.get_mut(at..at + width) {
                field.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        sections.insert(section.name.as_str(), Cow::Owned(bytes));
    }
    sections
}
