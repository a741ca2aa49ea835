//! A relocatable object as this crate sees it: sections, symbols and relocations, nothing computed.

use std::ops::Range;
use std::sync::Arc;

use object::elf;
use object::read::elf::{FileHeader, Rela, SectionHeader, Sym};
use object::{Endianness, SymbolIndex};
use rustc_hash::FxHashMap as HashMap;

use crate::Error;
use crate::names::{Identifier, Name, Names};

/// The index of a section within its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SectionId(pub(crate) u32);

/// What a section is to a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Machine code.
    Code,
    /// Constants, vtables, jump tables, exception tables: every patch carries its own.
    Constant,
    /// State of the process that is reached by address.
    Variable,
    /// State of the process that is reached through the thread pointer.
    ThreadLocal,
    /// Unwind records.
    Unwind,
    /// Debug information.
    Debug,
    /// Constructors, notes, symbol tables: never part of a patch.
    Other,
}

/// Sections of pointers through which unwind records reach the personality routine. Every image has its own.
const PERSONALITY: &str = ".data.DW.ref.";

#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) sh_type: elf::SectionType,
    pub(crate) sh_flags: elf::SectionFlags,
    pub(crate) align: u64,
    pub(crate) size: u64,
    pub(crate) entsize: u64,
    /// Empty for sections without bytes in the file.
    pub(crate) range: Range<usize>,
    pub(crate) relocations: Vec<Relocation>,
    /// The symbols defined here, section symbols left out, in the order of their values.
    pub(crate) definitions: Vec<usize>,
}

impl Section {
    /// The relocations of a part of the section.
    pub(crate) fn relocations_in(&self, range: &Range<u64>) -> &[Relocation] {
        let before = |end: u64| self.relocations.partition_point(|r| r.offset < end);
        &self.relocations[before(range.start)..before(range.end)]
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    pub(crate) offset: u64,
    pub(crate) r_type: elf::RelocationType,
    pub(crate) symbol: usize,
    pub(crate) addend: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SymbolPlace {
    Undefined,
    Absolute,
    Section(SectionId),
}

#[derive(Debug)]
pub(crate) struct Symbol {
    pub(crate) name: Name,
    pub(crate) id: Identifier,
    pub(crate) place: SymbolPlace,
    pub(crate) value: u64,
    pub(crate) size: u64,
    pub(crate) st_type: elf::SymbolType,
    pub(crate) local: bool,
    pub(crate) weak: bool,
}

#[derive(Debug)]
pub(crate) struct ObjectFile {
    pub(crate) label: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) sections: Vec<Section>,
    pub(crate) symbols: Vec<Symbol>,
    /// Named definitions in code, constants, variables and thread-locals.
    pub(crate) defined: HashMap<Name, usize>,
    /// Those of variables and thread-locals, with their sections.
    pub(crate) variables: Vec<(usize, SectionId)>,
}

impl ObjectFile {
    pub(crate) fn parse(label: &str, bytes: Arc<[u8]>, names: &mut Names) -> Result<Self, Error> {
        parse(label, bytes, names).map_err(|error| Error::malformed(label, error))
    }

    pub(crate) fn section(&self, id: SectionId) -> &Section {
        &self.sections[id.0 as usize]
    }

    pub(crate) fn data(&self, id: SectionId) -> &[u8] {
        &self.bytes[self.section(id).range.clone()]
    }

    /// The section in which a name is defined, with the offset of the definition.
    pub(crate) fn definition(&self, name: Name) -> Option<(SectionId, &Symbol)> {
        let symbol = &self.symbols[*self.defined.get(&name)?];
        match symbol.place {
            SymbolPlace::Section(section) => Some((section, symbol)),
            _ => None,
        }
    }

    /// What a name means to whoever mentions it: where it is defined, whether only here, and as what.
    pub(crate) fn meaning(&self, name: Name) -> Option<(SectionId, bool, Role)> {
        let (section, symbol) = self.definition(name)?;
        Some((section, symbol.local, self.section(section).role))
    }

    /// The names of its constants.
    pub(crate) fn constants(&self) -> impl Iterator<Item = Name> {
        let defined = self.defined.keys().copied();
        defined.filter(|name| {
            self.definition(*name)
                .is_some_and(|(section, _)| self.section(section).role == Role::Constant)
        })
    }

    /// The definition that a place in a section belongs to.
    pub(crate) fn definition_at(&self, id: SectionId, offset: u64) -> Option<&Symbol> {
        let mut definitions = self
            .section(id)
            .definitions
            .iter()
            .rev()
            .map(|index| &self.symbols[*index]);
        definitions.find(|symbol| symbol.value <= offset)
    }

    /// The pointers through which unwind records reach the personality routine.
    pub(crate) fn personalities(&self) -> impl Iterator<Item = SectionId> {
        let sections = self.sections.iter().enumerate();
        sections
            .filter(|(_, section)| section.name.starts_with(PERSONALITY))
            .map(|(index, _)| SectionId(index as u32))
    }

    /// All definitions at the start of a section. LLVM gives functions of one content one place.
    pub(crate) fn titles(&self, id: SectionId) -> impl Iterator<Item = &Symbol> {
        let definitions = self.section(id).definitions.iter();
        let definitions = definitions.map(|index| &self.symbols[*index]);
        definitions.take_while(|symbol| symbol.value == 0)
    }

    /// The definition at the start of a section: its name for all purposes.
    pub(crate) fn title(&self, id: SectionId) -> Option<&Symbol> {
        self.section(id)
            .definitions
            .first()
            .map(|index| &self.symbols[*index])
    }
}

fn parse(label: &str, bytes: Arc<[u8]>, names: &mut Names) -> object::Result<ObjectFile> {
    let data = &*bytes;
    let header = elf::FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let table = header.sections(endian, data)?;
    let symbol_table = table.symbols(endian, data, elf::SHT_SYMTAB)?;

    let mut sections = Vec::with_capacity(table.len());
    for section in table.iter() {
        let name = String::from_utf8_lossy(table.section_name(endian, section)?).into_owned();
        let (sh_type, sh_flags) = (section.sh_type(endian), section.sh_flags(endian));
        let (offset, len) = section.file_range(endian).unwrap_or((0, 0));
        let range = offset as usize..(offset + len) as usize;
        sections.push(Section {
            role: role(&name, sh_type, sh_flags),
            name,
            sh_type,
            sh_flags,
            align: section.sh_addralign(endian).max(1),
            size: section.sh_size(endian),
            entsize: section.sh_entsize(endian),
            range,
            relocations: Vec::new(),
            definitions: Vec::new(),
        });
    }
    for section in table.iter() {
        let Some((relocations, _)) = section.rela(endian, data)? else {
            continue;
        };
        let target = &mut sections[section.sh_info(endian) as usize];
        target.relocations = relocations
            .iter()
            .map(|rela| Relocation {
                offset: rela.r_offset(endian),
                r_type: Rela::r_type(rela, endian, false),
                symbol: rela.r_sym(endian, false) as usize,
                addend: rela.r_addend(endian),
            })
            .collect();
        target.relocations.sort_by_key(|relocation| relocation.offset);
    }

    let mut symbols = Vec::with_capacity(symbol_table.len());
    for (index, symbol) in symbol_table
        .symbols()
        .iter()
        .enumerate()
        .map(|(i, s)| (SymbolIndex(i), s))
    {
        let place = match symbol_table.symbol_section(endian, symbol, index)? {
            Some(section) => SymbolPlace::Section(SectionId(section.0 as u32)),
            None if symbol.is_absolute(endian) => SymbolPlace::Absolute,
            None => SymbolPlace::Undefined,
        };
        let text = String::from_utf8_lossy(symbol_table.symbol_name(endian, symbol)?);
        let name = names.intern(&text);
        symbols.push(Symbol {
            name,
            id: names.id(name),
            place,
            value: symbol.st_value(endian),
            size: symbol.st_size(endian),
            st_type: symbol.st_type(),
            local: symbol.st_bind() == elf::STB_LOCAL,
            weak: symbol.st_bind() == elf::STB_WEAK,
        });
    }

    let mut defined = HashMap::default();
    let mut variables = Vec::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let SymbolPlace::Section(id) = symbol.place else {
            continue;
        };
        if symbol.st_type == elf::STT_SECTION || symbol.st_type == elf::STT_FILE {
            continue;
        }
        let section = &mut sections[id.0 as usize];
        section.definitions.push(index);
        if matches!(section.role, Role::Variable | Role::ThreadLocal) {
            variables.push((index, id));
        }
        if matches!(
            section.role,
            Role::Code | Role::Constant | Role::Variable | Role::ThreadLocal
        ) {
            defined.insert(symbol.name, index);
        }
    }
    for section in &mut sections {
        section.definitions.sort_by_key(|index| symbols[*index].value);
    }
    Ok(ObjectFile {
        label: label.into(),
        bytes: bytes.clone(),
        sections,
        symbols,
        defined,
        variables,
    })
}

fn role(name: &str, sh_type: elf::SectionType, sh_flags: elf::SectionFlags) -> Role {
    let has = |flag: elf::SectionFlags| sh_flags.0 & flag.0 != 0;
    if name == ".eh_frame" {
        Role::Unwind
    } else if name.starts_with(".debug_") {
        Role::Debug
    } else if !has(elf::SHF_ALLOC)
        || sh_type == elf::SHT_NOTE
        || [".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    {
        Role::Other
    } else if has(elf::SHF_EXECINSTR) {
        Role::Code
    } else if has(elf::SHF_TLS) {
        Role::ThreadLocal
    } else if !has(elf::SHF_WRITE)
        || name.starts_with(".data.rel.ro")
        || name.starts_with(".ldata.rel.ro")
        || name.starts_with(PERSONALITY)
    {
        Role::Constant
    } else {
        Role::Variable
    }
}
