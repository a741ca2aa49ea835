//! Reads the types of an object from its DWARF sections.

use std::borrow::Cow;

use gimli::{
    AttributeValue, DebuggingInformationEntry, DwTag, EndianSlice, LittleEndian, SectionId, Unit, UnitOffset,
};
use rustc_hash::FxHashMap as HashMap;

use super::table::{Member, Type, TypeTable, Variant};
use crate::elf::x86_64;
use crate::hot;
use crate::names::{Name, Names};
use crate::object_file::{ObjectFile, Role, SymbolPlace};

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

impl TypeTable {
    /// Reads the types of an object. An object without debug information has none.
    ///
    /// # Errors
    ///
    /// The debug information is malformed.
    pub(crate) fn read(object: &ObjectFile, names: &mut Names) -> Result<Self, gimli::Error> {
        let sections = relocated(object);
        let load = |id: SectionId| {
            let bytes: &[u8] = sections.get(id.name()).map_or(&[], |bytes| bytes);
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load)?;
        let mut table = Self::default();
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            let unit = dwarf.unit(header)?;
            UnitReader {
                dwarf: &dwarf,
                unit: &unit,
                names,
                dies: Vec::new(),
                by_offset: HashMap::default(),
                full_names: HashMap::default(),
            }
            .read(&mut table)?;
        }
        Ok(table)
    }
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

/// One entry of the tree, with what this module needs of it.
struct Die {
    tag: DwTag,
    parent: Option<usize>,
    name: Option<String>,
    linkage_name: Option<String>,
    of: Option<UnitOffset>,
    containing: Option<UnitOffset>,
    size: u64,
    offset: u64,
    value: Option<i128>,
    is_declaration: bool,
}

struct UnitReader<'a, 'n> {
    dwarf: &'a gimli::Dwarf<Slice<'a>>,
    unit: &'a Unit<Slice<'a>>,
    names: &'n mut Names,
    dies: Vec<Die>,
    by_offset: HashMap<UnitOffset, usize>,
    full_names: HashMap<usize, Name>,
}

impl UnitReader<'_, '_> {
    fn read(mut self, table: &mut TypeTable) -> Result<(), gimli::Error> {
        let mut parents: Vec<usize> = Vec::new();
        let mut entries = self.unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let depth = usize::try_from(entry.depth()).unwrap_or(0);
            parents.truncate(depth);
            let parent = parents.last().copied();
            let offset = entry.offset();
            let die = self.die(entry, parent)?;
            self.by_offset.insert(offset, self.dies.len());
            parents.push(self.dies.len());
            self.dies.push(die);
        }
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.dies.len()];
        for (index, die) in self.dies.iter().enumerate() {
            if let Some(parent) = die.parent {
                children[parent].push(index);
            }
        }
        for index in 0..self.dies.len() {
            self.note(index, &children, table);
        }
        Ok(())
    }

    fn die(&self, entry: &Entry<'_>, parent: Option<usize>) -> Result<Die, gimli::Error> {
        let mut die = Die {
            tag: entry.tag(),
            parent,
            name: None,
            linkage_name: None,
            of: None,
            containing: None,
            size: 0,
            offset: 0,
            value: None,
            is_declaration: false,
        };
        for attribute in entry.attrs() {
            let value = attribute.value();
            match attribute.name() {
                gimli::DW_AT_name => die.name = Some(self.text(value)?).filter(|name| !name.is_empty()),
                gimli::DW_AT_linkage_name => die.linkage_name = Some(self.text(value)?),
                gimli::DW_AT_type => die.of = reference(&value),
                gimli::DW_AT_containing_type => die.containing = reference(&value),
                gimli::DW_AT_byte_size => die.size = value.udata_value().unwrap_or(0),
                gimli::DW_AT_data_member_location => die.offset = value.udata_value().unwrap_or(0),
                gimli::DW_AT_discr_value | gimli::DW_AT_const_value | gimli::DW_AT_count => {
                    die.value = number(&value);
                }
                gimli::DW_AT_declaration => die.is_declaration = true,
                _ => {}
            }
        }
        Ok(die)
    }

    fn text(&self, value: AttributeValue<Slice<'_>>) -> Result<String, gimli::Error> {
        let text = self.dwarf.attr_string(self.unit, value)?;
        Ok(text.to_string_lossy().into_owned())
    }

    fn note(&mut self, index: usize, children: &[Vec<usize>], table: &mut TypeTable) {
        let die = &self.dies[index];
        match die.tag {
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type if !die.is_declaration => {
                if let (Some(containing), Some(text)) = (die.containing, &die.name)
                    && let Some(trait_name) = implemented_trait(text)
                {
                    let trait_name = trait_name.to_owned();
                    let implementor = self.type_name(Some(containing));
                    table
                        .implementors
                        .push((self.names.intern(&trait_name), implementor));
                    return;
                }
                let described = self.structure(index, children);
                table.types.push(described);
            }
            gimli::DW_TAG_enumeration_type if !die.is_declaration => {
                let size = die.size;
                let name = self.full_name(index);
                let mut enumerators = Vec::new();
                for child in &children[index] {
                    let value = self.dies[*child].value.unwrap_or(0);
                    let name = self.dies[*child].name.clone().unwrap_or_default();
                    enumerators.push((self.names.intern(&name), value));
                }
                table.types.push(self.plain(name, size, Vec::new(), enumerators));
            }
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_array_type => {
                let of = die.of;
                let name = self.full_name(index);
                let leads_to = self.pointees(of, children);
                table.types.push(self.plain(name, 0, leads_to, Vec::new()));
            }
            gimli::DW_TAG_variable => {
                if let (Some(linkage_name), of @ Some(_)) = (die.linkage_name.clone(), die.of) {
                    let of = self.type_name(of);
                    table.statics.push((self.names.intern(&linkage_name), of));
                }
            }
            gimli::DW_TAG_subprogram => {
                let Some(linkage_name) = die.linkage_name.clone().filter(|name| hot::is_body(name)) else {
                    return;
                };
                let returned = die.of;
                let mut types = vec![self.type_name(returned)];
                for child in &children[index] {
                    if self.dies[*child].tag == gimli::DW_TAG_formal_parameter {
                        let of = self.dies[*child].of;
                        types.push(self.type_name(of));
                    }
                }
                table.signatures.push((self.names.intern(&linkage_name), types));
            }
            _ => {}
        }
    }

    /// What a pointer leads to: for a function pointer, what the function takes and returns.
    fn pointees(&mut self, of: Option<UnitOffset>, children: &[Vec<usize>]) -> Vec<Name> {
        let Some(index) = of.and_then(|of| self.by_offset.get(&of).copied()) else {
            return Vec::new();
        };
        if self.dies[index].tag != gimli::DW_TAG_subroutine_type {
            return vec![self.full_name(index)];
        }
        let parameters = children[index].iter().map(|child| self.dies[*child].of);
        let types: Vec<_> = std::iter::once(self.dies[index].of)
            .chain(parameters)
            .flatten()
            .collect();
        types.into_iter().map(|of| self.type_name(Some(of))).collect()
    }

    fn plain(&self, name: Name, size: u64, leads_to: Vec<Name>, enumerators: Vec<(Name, i128)>) -> Type {
        Type {
            name,
            size,
            members: Vec::new(),
            variants: Vec::new(),
            enumerators,
            leads_to,
        }
    }

    fn structure(&mut self, index: usize, children: &[Vec<usize>]) -> Type {
        let name = self.full_name(index);
        let mut described = self.plain(name, self.dies[index].size, Vec::new(), Vec::new());
        for child in &children[index] {
            let of = self.dies[*child].of;
            match self.dies[*child].tag {
                gimli::DW_TAG_member => described.members.push(self.member(*child)),
                gimli::DW_TAG_template_type_parameter => described.leads_to.push(self.type_name(of)),
                gimli::DW_TAG_variant_part => {
                    for variant in &children[*child] {
                        if self.dies[*variant].tag == gimli::DW_TAG_member {
                            let discriminant = self.member(*variant);
                            described.members.push(discriminant);
                        }
                        for content in &children[*variant] {
                            if self.dies[*content].tag == gimli::DW_TAG_member {
                                let discriminant = self.dies[*variant].value;
                                let content = self.member(*content);
                                described.variants.push(Variant {
                                    discriminant,
                                    content,
                                });
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        described
    }

    fn member(&mut self, index: usize) -> Member {
        let (offset, of) = (self.dies[index].offset, self.dies[index].of);
        let name = self.dies[index].name.clone().unwrap_or_default();
        Member {
            name: self.names.intern(&name),
            offset,
            of: self.type_name(of),
        }
    }

    fn type_name(&mut self, of: Option<UnitOffset>) -> Name {
        match of.and_then(|of| self.by_offset.get(&of).copied()) {
            Some(index) => self.full_name(index),
            None => self.names.intern("()"),
        }
    }

    fn full_name(&mut self, index: usize) -> Name {
        if let Some(name) = self.full_names.get(&index) {
            return *name;
        }
        let name = self.names.intern(&self.full_text(index));
        self.full_names.insert(index, name);
        name
    }

    fn full_text(&self, index: usize) -> String {
        let die = &self.dies[index];
        match (&die.name, die.tag) {
            (_, gimli::DW_TAG_compile_unit) => String::new(),
            (Some(name), gimli::DW_TAG_base_type | gimli::DW_TAG_pointer_type) => name.clone(),
            (Some(name), _) => match die.parent.map(|parent| self.full_text(parent)) {
                Some(parent) if !parent.is_empty() => format!("{parent}::{name}"),
                _ => name.clone(),
            },
            (None, gimli::DW_TAG_array_type) => {
                let element = die
                    .of
                    .and_then(|of| self.by_offset.get(&of))
                    .map(|index| self.full_text(*index));
                let count = self.dies[index + 1..]
                    .iter()
                    .take_while(|child| child.parent == Some(index))
                    .find_map(|child| child.value);
                format!("[{}; {}]", element.unwrap_or_default(), count.unwrap_or(0))
            }
            (None, gimli::DW_TAG_pointer_type) => {
                let pointee = die.of.and_then(|of| self.by_offset.get(&of));
                format!(
                    "*{}",
                    pointee.map_or_else(|| "()".to_owned(), |index| self.full_text(*index))
                )
            }
            (None, _) => "_".to_owned(),
        }
    }
}

fn reference(value: &AttributeValue<Slice<'_>>) -> Option<UnitOffset> {
    match value {
        AttributeValue::UnitRef(offset) => Some(*offset),
        _ => None,
    }
}

fn number(value: &AttributeValue<Slice<'_>>) -> Option<i128> {
    value
        .sdata_value()
        .map(i128::from)
        .or_else(|| value.udata_value().map(i128::from))
}

/// The trait in `<game::Square as game::Shape>::{vtable_type}`.
fn implemented_trait(name: &str) -> Option<&str> {
    let inner = name.strip_suffix(">::{vtable_type}")?;
    inner.rsplit_once(" as ").map(|(_, name)| name)
}
