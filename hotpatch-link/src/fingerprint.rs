//! What a section of an object *is*, independent of where it lies: its bytes with the relocated fields masked, and what
//! the relocations point to. Variables count by name. Functions and constants are only mentioned: what they are is for
//! [`deep`](crate::deep) to compare, since they may lie in another object.

use std::ops::Range;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use xxhash_rust::xxh3::Xxh3;

use crate::elf::{eh_frame, x86_64};
use crate::hot;
use crate::location;
use crate::names::{Name, Names};
use crate::object_file::{ObjectFile, Relocation, Role, SectionId, Symbol, SymbolPlace};
use crate::program::Object;

/// The fingerprint of a section, or of a function with all the constants it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint(pub(crate) u128);

/// Something that a section points to and whose content matters.
///
/// The bodies of hot functions are left out: they are reached through the table, so whoever mentions one does not
/// change with it. So are the functions of the runtime that look into the table: optimised, they change with their
/// neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mention {
    /// A constant of the same object.
    Constant(SectionId),
    /// A function, or anything in another object.
    Named(Name),
}

/// The fingerprints and mentions of one object.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    by_section: HashMap<SectionId, (Fingerprint, Vec<Mention>)>,
    /// All names among the mentions.
    mentioned: HashSet<Name>,
    exception_tables: HashMap<SectionId, SectionId>,
}

impl Identities {
    pub(crate) fn of(object: &ObjectFile, names: &Names) -> Self {
        let exception_tables = exception_tables(object);
        let mut by_section: HashMap<SectionId, (Fingerprint, Vec<Mention>)> = HashMap::default();
        for index in 0..object.sections.len() {
            let id = SectionId(index as u32);
            if matches!(object.section(id).role, Role::Code | Role::Constant) {
                let table = exception_tables.get(&id).copied();
                by_section.insert(id, identity(object, names, id, table));
            }
        }
        let mentions = by_section.values().flat_map(|(_, mentions)| mentions);
        let mentioned = mentions.filter_map(|mention| match mention {
            Mention::Named(name) => Some(*name),
            Mention::Constant(_) => None,
        });
        Self {
            mentioned: mentioned.collect(),
            by_section,
            exception_tables,
        }
    }

    pub(crate) fn fingerprint(&self, section: SectionId) -> Fingerprint {
        self.by_section[&section].0
    }

    pub(crate) fn mentions(&self, section: SectionId) -> &[Mention] {
        &self.by_section[&section].1
    }

    /// Whether any of these names is mentioned.
    pub(crate) fn mentions_any(&self, names: &HashSet<Name>) -> bool {
        let (few, many) = match self.mentioned.len() < names.len() {
            true => (&self.mentioned, names),
            false => (names, &self.mentioned),
        };
        few.iter().any(|name| many.contains(name))
    }

    /// The exception table of a function.
    pub(crate) fn exception_table(&self, section: SectionId) -> Option<SectionId> {
        self.exception_tables.get(&section).copied()
    }
}

/// What a relocation points to, as far as one object tells it, with the constants that it leads to.
pub(crate) fn reference(object: &Object, names: &Names, relocation: &Relocation) -> u64 {
    let (mut hash, mut open) = (Xxh3::new(), Vec::new());
    target(&object.file, names, relocation, &mut hash, &mut open);
    let mut seen = Vec::new();
    while let Some(mention) = open.pop() {
        match mention {
            Mention::Named(name) => hash.update(names.path(name).as_bytes()),
            Mention::Constant(section) if !seen.contains(&section) => {
                seen.push(section);
                hash.update(&object.identities.fingerprint(section).0.to_le_bytes());
                open.extend(object.identities.mentions(section));
            }
            Mention::Constant(_) => {}
        }
    }
    hash.digest()
}

fn identity(
    object: &ObjectFile,
    names: &Names,
    id: SectionId,
    exception_table: Option<SectionId>,
) -> (Fingerprint, Vec<Mention>) {
    let section = object.section(id);
    let mut hash = Xxh3::new();
    let mut mentions = Vec::new();
    hash.update(&[section.role as u8]);
    hash.update(&section.size.to_le_bytes());
    if let Some(file) = location::file(object, names, id) {
        hash.update(file);
    } else {
        content(object, names, id, 0..section.size, &mut hash, &mut mentions);
    }
    mentions.extend(exception_table.map(Mention::Constant));
    (Fingerprint(hash.digest128()), mentions)
}

/// What one of the definitions of a section is: a static with its initial value, or a function among others.
pub(crate) fn part(
    object: &ObjectFile,
    names: &Names,
    id: SectionId,
    symbol: &Symbol,
) -> (Fingerprint, Vec<Mention>) {
    let mut hash = Xxh3::new();
    let mut mentions = Vec::new();
    hash.update(&symbol.size.to_le_bytes());
    let range = symbol.value..symbol.value + symbol.size;
    content(object, names, id, range, &mut hash, &mut mentions);
    (Fingerprint(hash.digest128()), mentions)
}

fn content(
    object: &ObjectFile,
    names: &Names,
    id: SectionId,
    range: Range<u64>,
    hash: &mut Xxh3,
    mentions: &mut Vec<Mention>,
) {
    let relocations = object.section(id).relocations_in(&range);
    let data = object.data(id);
    let within = |at: u64| data.len().min(at as usize);
    let mut bytes = data[within(range.start)..within(range.end)].to_vec();
    mask(&mut bytes, range.start, relocations);
    // Memory that begins as zeros may be written out or not.
    if !relocations.is_empty() || bytes.iter().any(|byte| *byte != 0) {
        hash.update(&bytes);
    }
    for relocation in relocations {
        hash.update(&(relocation.offset - range.start).to_le_bytes());
        hash.update(&relocation.r_type.0.to_le_bytes());
        target(object, names, relocation, hash, mentions);
    }
}

fn target(
    object: &ObjectFile,
    names: &Names,
    relocation: &Relocation,
    hash: &mut Xxh3,
    mentions: &mut Vec<Mention>,
) {
    let symbol = &object.symbols[relocation.symbol];
    let offset = (symbol.value as i64).wrapping_add(relocation.addend);
    let mut instance = None;
    let mut mention = |name: Name| {
        if hot::is_instance(names.path(name)) {
            instance = Some(name);
        } else if !hot::is_body(names.path(name)) && !hot::is_dispatch(names.path(name)) {
            mentions.push(Mention::Named(name));
        }
    };
    match symbol.place {
        SymbolPlace::Section(id) if is_pool(object, id) => {
            hash.update(element(object, id, symbol, relocation));
            return;
        }
        SymbolPlace::Section(id) if object.section(id).role == Role::Constant => {
            mentions.push(Mention::Constant(id));
        }
        SymbolPlace::Section(id) => {
            if let Some(title) = object.title(id) {
                match object.section(id).role {
                    Role::Code => mention(title.name),
                    _ => hash.update(names.variable(title.name)),
                }
            }
        }
        SymbolPlace::Undefined => mention(symbol.name),
        SymbolPlace::Absolute => hash.update(names.text(symbol.name).as_bytes()),
    }
    // Which instance it is, only the symbol says.
    if let Some(name) = instance {
        hash.update(names.text(names.id(name).linkage).as_bytes());
    }
    hash.update(&offset.to_le_bytes());
}

fn mask(bytes: &mut [u8], start: u64, relocations: &[Relocation]) {
    for relocation in relocations {
        let at = (relocation.offset - start) as usize;
        let end = bytes.len().min(at + x86_64::width(relocation.r_type));
        if let Some(field) = bytes.get_mut(at..end) {
            field.fill(0);
        }
    }
}

/// A pool of constants that the linker merges by content.
fn is_pool(object: &ObjectFile, id: SectionId) -> bool {
    let section = object.section(id);
    section.sh_flags.0 & object::elf::SHF_MERGE.0 != 0 && section.relocations.is_empty()
}

/// A constant with a name that lies in a pool.
pub(crate) fn pooled(object: &ObjectFile, name: Name) -> Option<&[u8]> {
    let (section, symbol) = object
        .definition(name)
        .filter(|(section, _)| is_pool(object, *section))?;
    let start = symbol.value as usize;
    object
        .data(section)
        .get(start..start.checked_add(symbol.size as usize)?)
}

/// The one constant of a pool that is meant. A reference points to the start of an element; the addend of a
/// PC-relative operand is 4 bytes lower, and up to 4 more for what follows the field in the instruction.
fn element<'a>(object: &'a ObjectFile, id: SectionId, symbol: &Symbol, relocation: &Relocation) -> &'a [u8] {
    let section = object.section(id);
    let data = object.data(id);
    let after_field = i64::from(x86_64::kind(relocation.r_type) == Some(x86_64::Kind::Near)) * 4;
    let Some(at) = symbol
        .value
        .checked_add_signed(relocation.addend.saturating_add(after_field))
    else {
        return data;
    };
    if section.sh_flags.0 & object::elf::SHF_STRINGS.0 != 0 {
        let rest = data.get(at as usize..).unwrap_or(data);
        return &rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())];
    }
    let size = section.entsize.max(1);
    let start = at.next_multiple_of(size) as usize;
    data.get(start..start + size as usize).unwrap_or(data)
}

/// The exception table of each function, from the unwind records.
fn exception_tables(object: &ObjectFile) -> HashMap<SectionId, SectionId> {
    let mut tables = HashMap::default();
    for (index, section) in object.sections.iter().enumerate() {
        if section.role != Role::Unwind {
            continue;
        }
        let id = SectionId(index as u32);
        let place = |relocation: &Relocation| match object.symbols[relocation.symbol].place {
            SymbolPlace::Section(id) => Some((object.section(id).role, id)),
            _ => None,
        };
        for record in eh_frame::records(object.data(id)).unwrap_or_default() {
            let range = record.start as u64..(record.start + record.len) as u64;
            let targets = section.relocations_in(&range).iter();
            let targets: Vec<_> = targets.filter_map(place).collect();
            if let [(Role::Code, function), (Role::Constant, table)] = targets[..] {
                tables.insert(function, table);
            }
        }
    }
    tables
}
