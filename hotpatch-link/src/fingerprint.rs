//! What a piece of code or data *is*, independent of where it lies: its bytes with the relocated fields masked, and
//! what the relocations point to. Functions and variables are pointed to by name, constants by content.
//!
//! Invariant: two functions with equal fingerprints whose callees are the same functions behave the same, except
//! for the line numbers in their panic messages (see [`location`]).

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use xxhash_rust::xxh3::Xxh3;

use crate::elf::{eh_frame, x86_64};
use crate::hot;
use crate::location;
use crate::names::{Name, Names};
use crate::object_file::{ObjectFile, Relocation, Role, SectionId, Symbol, SymbolPlace};

/// The fingerprint of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(u128);

/// The functions that a section mentions, in the order of their first mention: directly, and through constants.
///
/// The bodies of hot functions are left out: they are reached through the table, so whoever mentions one does not
/// change with it.
pub(crate) type Mentions = Vec<Name>;

/// The fingerprints and mentions of one object.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    by_section: HashMap<SectionId, (Fingerprint, Mentions)>,
    exception_tables: HashMap<SectionId, SectionId>,
}

impl Identities {
    pub(crate) fn fingerprint(&self, section: SectionId) -> Fingerprint {
        self.by_section[&section].0
    }

    pub(crate) fn mentions(&self, section: SectionId) -> &Mentions {
        &self.by_section[&section].1
    }

    /// The exception table of a function.
    pub(crate) fn exception_table(&self, section: SectionId) -> Option<SectionId> {
        self.exception_tables.get(&section).copied()
    }

    pub(crate) fn of(object: &ObjectFile, names: &Names) -> Self {
        let mut hasher = Hasher {
            object,
            names,
            exception_tables: exception_tables(object),
            done: HashMap::default(),
            open: Vec::new(),
        };
        for index in 0..object.sections.len() {
            let id = SectionId(index as u32);
            if object.section(id).role == Role::Code {
                hasher.section(id);
            }
        }
        Self {
            by_section: hasher.done,
            exception_tables: hasher.exception_tables,
        }
    }
}

struct Hasher<'a> {
    object: &'a ObjectFile,
    names: &'a Names,
    exception_tables: HashMap<SectionId, SectionId>,
    done: HashMap<SectionId, (Fingerprint, Mentions)>,
    open: Vec<SectionId>,
}

impl Hasher<'_> {
    fn section(&mut self, id: SectionId) -> (Fingerprint, Mentions) {
        if let Some(done) = self.done.get(&id) {
            return done.clone();
        }
        self.open.push(id);
        let section = self.object.section(id);
        let mut hash = Xxh3::new();
        let mut mentions = Mentions::default();
        hash.update(&[section.role as u8]);
        hash.update(&section.size.to_le_bytes());
        let mut bytes = self.object.data(id).to_vec();
        if let Some(file) = location::file(self.object, id) {
            hash.update(file);
        } else {
            mask(&mut bytes, &section.relocations);
            hash.update(&bytes);
            for relocation in &section.relocations {
                hash.update(&relocation.offset.to_le_bytes());
                hash.update(&relocation.r_type.0.to_le_bytes());
                self.target(relocation, &mut hash, &mut mentions);
            }
        }
        if let Some(table) = self.exception_tables.get(&id).copied() {
            let (fingerprint, more) = self.section(table);
            hash.update(&fingerprint.0.to_le_bytes());
            mentions.extend(more);
        }
        let mut seen = HashSet::default();
        mentions.retain(|name| seen.insert(*name));
        self.open.pop();
        let done = (Fingerprint(hash.digest128()), mentions);
        self.done.insert(id, done.clone());
        done
    }

    fn stable_name(&self, name: Name) -> &[u8] {
        self.names.text(self.names.stable(name)).as_bytes()
    }

    fn mention(&self, name: Name, mentions: &mut Mentions) {
        if !hot::is_body(self.names.text(name)) {
            mentions.push(name);
        }
    }

    fn target(&mut self, relocation: &Relocation, hash: &mut Xxh3, mentions: &mut Mentions) {
        let symbol = &self.object.symbols[relocation.symbol];
        let offset = (symbol.value as i64).wrapping_add(relocation.addend);
        let SymbolPlace::Section(id) = symbol.place else {
            hash.update(self.stable_name(symbol.name));
            hash.update(&offset.to_le_bytes());
            if symbol.place == SymbolPlace::Undefined {
                self.mention(symbol.name, mentions);
            }
            return;
        };
        let section = self.object.section(id);
        match section.role {
            Role::Constant if is_mergeable(self.object, id) => {
                hash.update(element(self.object, id, symbol, relocation));
            }
            Role::Constant if self.open.contains(&id) => {
                // A constant that contains its own address, or a jump table of the function being hashed.
                hash.update(&offset.to_le_bytes());
            }
            Role::Constant => {
                let (fingerprint, more) = self.section(id);
                hash.update(&fingerprint.0.to_le_bytes());
                hash.update(&offset.to_le_bytes());
                mentions.extend(more);
            }
            _ => {
                if let Some(title) = self.object.title(id) {
                    hash.update(self.stable_name(title.name));
                    if section.role == Role::Code {
                        self.mention(title.name, mentions);
                    }
                }
                hash.update(&offset.to_le_bytes());
            }
        }
    }
}

fn mask(bytes: &mut [u8], relocations: &[Relocation]) {
    for relocation in relocations {
        let at = relocation.offset as usize;
        let end = bytes.len().min(at + x86_64::width(relocation.r_type));
        if let Some(field) = bytes.get_mut(at..end) {
            field.fill(0);
        }
    }
}

fn is_mergeable(object: &ObjectFile, id: SectionId) -> bool {
    let section = object.section(id);
    section.sh_flags.0 & object::elf::SHF_MERGE.0 != 0 && section.relocations.is_empty()
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
            let first = section
                .relocations
                .partition_point(|relocation| relocation.offset < range.start);
            let targets = section.relocations[first..]
                .iter()
                .take_while(|r| range.contains(&r.offset));
            let targets: Vec<_> = targets.filter_map(place).collect();
            if let [(Role::Code, function), (Role::Constant, table)] = targets[..] {
                tables.insert(function, table);
            }
        }
    }
    tables
}
