//! Writes the sections of a patch into one relocatable object.

use rustc_hash::FxHashMap as HashMap;

use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionFlags, SectionKind, SymbolFlags,
    SymbolKind, SymbolScope, elf,
};

use crate::Error;
use crate::bind::{Binder, Pointer, Reference, To};
use crate::debug;
use crate::elf::x86_64;
use crate::names::Name;
use crate::object_file::{Role, Section, SymbolPlace};
use crate::program::Atom;
use crate::unwind;

/// Name of the section of cells, in the object and in the dylib.
pub(crate) const CELLS: &str = ".hotpatch.cells";
const THUNKS: &str = ".text.hotpatch.thunks";

/// The merged object, and what must be known about the dylib that is linked from it.
pub(crate) struct Merged {
    pub(crate) bytes: Vec<u8>,
    /// Pointers that the runtime writes: the section they lie in, by marker.
    pub(crate) pointers: Vec<(Atom, Pointer)>,
}

/// The symbol that tells where a section of a patch ended up.
pub(crate) fn marker(atom: Atom) -> String {
    format!("hotpatch.{}.{}", atom.object, atom.section.0)
}

/// Merges the sections that the binder was made for.
pub(crate) fn merge(binder: &mut Binder<'_>) -> Result<Merged, Error> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let mut merger = Merger {
        cells: plain_section(&mut object, CELLS, elf::SHF_ALLOC.0 | elf::SHF_WRITE.0),
        thunks: plain_section(&mut object, THUNKS, elf::SHF_ALLOC.0 | elf::SHF_EXECINSTR.0),
        object,
        sections: HashMap::default(),
        dynamic: HashMap::default(),
        places: HashMap::default(),
    };
    let mut bound = Vec::new();
    for atom in binder.included() {
        let section = binder.bind(*atom)?;
        merger.add(binder, *atom, &section.bytes);
        bound.push((*atom, section));
    }
    let mut pointers = Vec::new();
    for (atom, section) in bound {
        let id = merger.sections[&atom];
        for reference in &section.references {
            merger.refer(binder, id, reference)?;
        }
        pointers.extend(section.pointers.into_iter().map(|pointer| (atom, pointer)));
    }
    merger.unwind_records(binder)?;
    merger.debug_sections(binder)?;
    merger.imports(binder)?;
    let bytes = merger
        .object
        .write()
        .map_err(|error| Error::malformed("the merged patch", error))?;
    Ok(Merged { bytes, pointers })
}

struct Merger<'a> {
    object: Object<'a>,
    sections: HashMap<Atom, SectionId>,
    dynamic: HashMap<Name, SymbolId>,
    places: HashMap<(SectionId, u64), SymbolId>,
    cells: SectionId,
    thunks: SectionId,
}

impl Merger<'_> {
    fn section(&mut self, section: &Section) -> SectionId {
        let kind = if section.sh_type == elf::SHT_NOBITS {
            SectionKind::UninitializedData
        } else {
            SectionKind::Data
        };
        let id = self
            .object
            .add_section(Vec::new(), section.name.clone().into_bytes(), kind);
        // Pools are not merged again, and groups are resolved: nothing else is in the link.
        let dropped = elf::SHF_MERGE.0 | elf::SHF_STRINGS.0 | elf::SHF_GROUP.0 | elf::SHF_LINK_ORDER.0;
        let sh_flags = elf::SectionFlags(section.sh_flags.0 & !dropped);
        self.object.section_mut(id).flags = SectionFlags::Elf {
            sh_type: section.sh_type,
            sh_flags,
        };
        id
    }

    fn add(&mut self, binder: &Binder<'_>, atom: Atom, bytes: &[u8]) {
        let file = &binder.program.object(atom).file;
        let section = file.section(atom.section);
        let id = self.section(section);
        if section.sh_type == elf::SHT_NOBITS {
            self.object.append_section_bss(id, section.size, section.align);
        } else {
            self.object.append_section_data(id, bytes, section.align);
        }
        self.sections.insert(atom, id);
        let kind = if section.role == Role::Code {
            SymbolKind::Text
        } else {
            SymbolKind::Data
        };
        for index in &section.definitions {
            let symbol = &file.symbols[*index];
            let name = binder.names.text(symbol.name).as_bytes().to_vec();
            self.local_symbol(id, name, symbol.value, symbol.size, kind);
        }
        if section.role != Role::Code {
            self.local_symbol(id, marker(atom).into_bytes(), 0, section.size, kind);
        }
    }

    fn local_symbol(
        &mut self,
        section: SectionId,
        name: Vec<u8>,
        value: u64,
        size: u64,
        kind: SymbolKind,
    ) -> SymbolId {
        self.object.add_symbol(Symbol {
            name,
            value,
            size,
            kind,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        })
    }

    fn refer(&mut self, binder: &Binder<'_>, section: SectionId, reference: &Reference) -> Result<(), Error> {
        let symbol = match reference.to {
            To::Cells => self.start(self.cells),
            To::Thunks => self.start(self.thunks),
            To::Included(atom, offset) => self.place(self.sections[&atom], offset),
            To::Dynamic { name, weak } => *self.dynamic.entry(name).or_insert_with(|| {
                self.object.add_symbol(Symbol {
                    name: binder.names.text(name).as_bytes().to_vec(),
                    value: 0,
                    size: 0,
                    kind: SymbolKind::Unknown,
                    scope: SymbolScope::Unknown,
                    weak,
                    section: SymbolSection::Undefined,
                    flags: SymbolFlags::None,
                })
            }),
        };
        self.relocate(
            section,
            reference.offset,
            reference.r_type,
            symbol,
            reference.addend,
        )
    }

    fn start(&mut self, section: SectionId) -> SymbolId {
        self.place(section, 0)
    }

    fn place(&mut self, section: SectionId, offset: u64) -> SymbolId {
        if offset == 0 {
            return self.object.section_symbol(section);
        }
        if let Some(symbol) = self.places.get(&(section, offset)) {
            return *symbol;
        }
        let symbol = self.local_symbol(section, b".Lhotpatch".to_vec(), offset, 0, SymbolKind::Data);
        self.places.insert((section, offset), symbol);
        symbol
    }

    fn relocate(
        &mut self,
        section: SectionId,
        offset: u64,
        r_type: elf::RelocationType,
        symbol: SymbolId,
        addend: i64,
    ) -> Result<(), Error> {
        let relocation = Relocation {
            offset,
            symbol,
            addend,
            flags: RelocationFlags::Elf { r_type },
        };
        self.object
            .add_relocation(section, relocation)
            .map_err(|error| Error::malformed("the merged patch", error))
    }

    fn unwind_records(&mut self, binder: &Binder<'_>) -> Result<(), Error> {
        for atom in whole_sections(binder, Role::Unwind) {
            let file = &binder.program.object(atom).file;
            let is_kept = |section| binder.included().contains(&Atom { section, ..atom });
            let kept = unwind::keep(file, atom.section, is_kept).ok_or_else(|| {
                Error::new(
                    hotpatch_abi::code::RELOCATION,
                    format!("malformed unwind records in `{}`", file.label),
                )
            })?;
            let id = self.section(file.section(atom.section));
            self.object.append_section_data(id, &kept.bytes, 8);
            for relocation in &kept.relocations {
                let symbol = &file.symbols[relocation.symbol];
                let target = match symbol.place {
                    SymbolPlace::Section(section) => Some(Atom { section, ..atom }),
                    _ => binder.program.resolve(atom.object, symbol.name),
                };
                if let Some(target) = target.and_then(|atom| self.sections.get(&atom)).copied() {
                    let symbol = self.place(target, symbol.value);
                    self.relocate(
                        id,
                        relocation.offset,
                        relocation.r_type,
                        symbol,
                        relocation.addend,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn debug_sections(&mut self, binder: &Binder<'_>) -> Result<(), Error> {
        let sections: Vec<_> = whole_sections(binder, Role::Debug).collect();
        for atom in &sections {
            let id = self.section(binder.program.section(*atom));
            self.sections.insert(*atom, id);
        }
        for atom in sections {
            let file = &binder.program.object(atom).file;
            let is_kept = |section| binder.included().contains(&Atom { section, ..atom });
            let prepared = debug::prepare(file, atom.section, is_kept)?;
            let id = self.sections[&atom];
            self.object
                .append_section_data(id, &prepared.bytes, file.section(atom.section).align);
            for (target, value, relocation) in prepared.relocations {
                let symbol = self.start(
                    self.sections[&Atom {
                        section: target,
                        ..atom
                    }],
                );
                let addend = relocation.addend + value;
                self.relocate(id, relocation.offset, relocation.r_type, symbol, addend)?;
            }
        }
        Ok(())
    }

    fn imports(&mut self, binder: &Binder<'_>) -> Result<(), Error> {
        let (cells, thunks) = (self.cells, self.thunks);
        for cell in binder.imports.thunks() {
            let at = self.object.append_section_data(thunks, &x86_64::THUNK, 8);
            let symbol = self.start(cells);
            let addend = cell as i64 - 4;
            self.relocate(
                thunks,
                at + x86_64::THUNK_FIELD,
                elf::R_X86_64_PC32,
                symbol,
                addend,
            )?;
        }
        self.object
            .append_section_data(cells, &binder.imports.cell_bytes(), 16);
        Ok(())
    }
}

fn plain_section(object: &mut Object<'_>, name: &str, flags: u64) -> SectionId {
    let id = object.add_section(Vec::new(), name.into(), SectionKind::Data);
    let flags = SectionFlags::Elf {
        sh_type: elf::SHT_PROGBITS,
        sh_flags: elf::SectionFlags(flags as _),
    };
    object.section_mut(id).flags = flags;
    id
}

/// The unwind or debug sections of every object that contributes code.
fn whole_sections<'a>(binder: &Binder<'a>, role: Role) -> impl Iterator<Item = Atom> + 'a {
    let program = binder.program;
    let mut objects: Vec<u32> = binder
        .included()
        .iter()
        .filter(|atom| program.section(**atom).role == Role::Code)
        .map(|atom| atom.object)
        .collect();
    objects.sort_unstable();
    objects.dedup();
    let sections = objects
        .into_iter()
        .flat_map(move |object| program.sections(object));
    sections.filter(move |atom| {
        let section = program.section(*atom);
        section.role == role && section.sh_flags.0 & elf::SHF_COMPRESSED.0 == 0
    })
}
