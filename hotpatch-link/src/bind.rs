//! Redirects the references of a patch: to its own sections, to the process, or to the dynamic linker.

use hotpatch_abi::code;
use indexmap::IndexSet;
use object::elf;
use rustc_hash::FxBuildHasher;

use crate::Error;
use crate::elf::program::{Definition, DefinitionKind};
use crate::elf::x86_64::{self, Kind};
use crate::imports::{Cell, Form, Import, Imports};
use crate::live::{BASE, ImageIndex, Live, Version};
use crate::names::{Name, Names};
use crate::object_file::{Relocation, Role, Symbol, SymbolPlace};
use crate::program::{Atom, Program};
use crate::selection::{self, Selection};
use crate::states::{State, States};

/// A section of the patch, bound.
#[derive(Debug)]
pub(crate) struct BoundSection {
    pub(crate) bytes: Vec<u8>,
    pub(crate) references: Vec<Reference>,
    /// Pointers in data that the runtime writes.
    pub(crate) pointers: Vec<Pointer>,
}

/// A relocation that is left for the linker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    pub(crate) offset: u64,
    pub(crate) r_type: elf::RelocationType,
    pub(crate) to: To,
    pub(crate) addend: i64,
}

/// What a reference of a patch points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum To {
    /// A place in a section of the patch.
    Included(Atom, u64),
    /// The section of cells.
    Cells,
    /// The section of thunks.
    Thunks,
    /// A symbol for the dynamic linker, or the global offset table.
    Dynamic { name: Name, weak: bool },
}

/// An eight-byte pointer in data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pointer {
    pub(crate) offset: u64,
    pub(crate) import: Import,
    pub(crate) addend: i64,
}

/// What a relocation points to, before it is decided how to reach it.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The linker finds it: in the patch, or through the dynamic linker.
    Linked(To),
    /// It lives in the process.
    Imported(ImageIndex, Definition),
}

/// Binds the sections of one patch.
pub(crate) struct Binder<'a> {
    pub(crate) program: &'a Program,
    pub(crate) live: &'a Live,
    pub(crate) names: &'a Names,
    selection: &'a Selection,
    states: &'a States,
    pub(crate) imports: Imports,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(
        program: &'a Program,
        live: &'a Live,
        names: &'a Names,
        selection: &'a Selection,
        states: &'a States,
    ) -> Self {
        Self {
            program,
            live,
            names,
            selection,
            states,
            imports: Imports::default(),
        }
    }

    /// The sections of the patch.
    pub(crate) fn included(&self) -> &'a IndexSet<Atom, FxBuildHasher> {
        &self.selection.included
    }

    /// Binds one section.
    pub(crate) fn bind(&mut self, atom: Atom) -> Result<BoundSection, Error> {
        let object = &self.program.object(atom).file;
        let mut bound = BoundSection {
            bytes: object.data(atom.section).to_vec(),
            references: Vec::new(),
            pointers: Vec::new(),
        };
        for relocation in &object.section(atom.section).relocations {
            let symbol = &object.symbols[relocation.symbol];
            self.relocate(atom, relocation, symbol, &mut bound)
                .map_err(|reason| {
                    let name = match self.names.text(symbol.name) {
                        "" => object.sections[relocation_section(symbol)].name.clone(),
                        name => name.to_owned(),
                    };
                    Error::new(
                        code::RELOCATION,
                        format!(
                            "{reason}: {} at offset {:#x} of section `{}` in `{}`, against `{name}`",
                            x86_64::name(relocation.r_type),
                            relocation.offset,
                            object.section(atom.section).name,
                            object.label,
                        ),
                    )
                })?;
        }
        Ok(bound)
    }

    fn relocate(
        &mut self,
        atom: Atom,
        relocation: &Relocation,
        symbol: &Symbol,
        bound: &mut BoundSection,
    ) -> Result<(), &'static str> {
        let kind = x86_64::kind(relocation.r_type).ok_or("unknown relocation")?;
        if kind == Kind::Offset32 {
            return Err("32-bit addresses do not fit into a patch (build without `relocation-model=static`)");
        }
        let target = match kind {
            Kind::Got => Target::Linked(To::Dynamic {
                name: symbol.name,
                weak: false,
            }),
            Kind::ThreadBase => {
                let to = To::Cells;
                let addend = self.imports.cell(Cell::ThreadPair(0)) as i64 + relocation.addend;
                bound.references.push(Reference {
                    offset: relocation.offset,
                    r_type: elf::R_X86_64_PC32,
                    to,
                    addend,
                });
                return Ok(());
            }
            _ => self.target(atom, symbol, kind, relocation)?,
        };
        match target {
            Target::Linked(to) => {
                bound.references.push(Reference {
                    offset: relocation.offset,
                    r_type: relocation.r_type,
                    to,
                    addend: relocation.addend,
                });
                Ok(())
            }
            Target::Imported(_, definition) if definition.kind == DefinitionKind::ThreadLocal => {
                self.thread_local(kind, relocation, definition, bound)
            }
            Target::Imported(image, definition) => {
                let import = Import {
                    image,
                    offset: definition.st_value,
                };
                self.import(atom, kind, relocation, import, definition.kind, bound)
            }
        }
    }

    fn target(
        &self,
        atom: Atom,
        symbol: &Symbol,
        kind: Kind,
        relocation: &Relocation,
    ) -> Result<Target, &'static str> {
        let (definition, offset) = match symbol.place {
            SymbolPlace::Section(section) => (Some(Atom { section, ..atom }), symbol.value),
            SymbolPlace::Absolute => return Err("absolute symbols are not supported yet"),
            SymbolPlace::Undefined => match self.program.resolve(atom.object, symbol.name) {
                None => (None, 0),
                Some(definition) => {
                    let file = &self.program.object(definition).file;
                    (
                        Some(definition),
                        file.definition(symbol.name).map_or(0, |(_, symbol)| symbol.value),
                    )
                }
            },
        };
        let Some(definition) = definition else {
            return self.outside(symbol);
        };
        let asked = self.selection.asked.get(&definition);
        if let Some(version) =
            asked.filter(|_| selection::is_question(self.program, atom, relocation, definition))
        {
            return self.bound(*version, offset);
        }
        if self.included().contains(&definition) {
            return Ok(Target::Linked(To::Included(definition, offset)));
        }
        if let Some(version) = self.selection.bound.get(&definition) {
            return self.bound(*version, offset);
        }
        // A section may hold several statics: the one that is meant lies at the place that the relocation names.
        let after_field = if kind == Kind::Near { 4 } else { 0 };
        let place = offset.saturating_add_signed(relocation.addend + after_field);
        let meant = self
            .program
            .object(definition)
            .file
            .definition_at(definition.section, place);
        let meant = meant.ok_or("the target has no name")?;
        let state = self.states.get(meant.id.linkage);
        let State {
            image,
            definition: state,
            ..
        } = state.ok_or("the target is neither in the patch nor in the process")?;
        let st_value = (state.st_value + offset).wrapping_sub(meant.value);
        Ok(Target::Imported(image, Definition { st_value, ..state }))
    }

    /// A place in a function of the process.
    fn bound(&self, version: Version, offset: u64) -> Result<Target, &'static str> {
        let st_value = self.live.offset(version).ok_or("the address is ambiguous")?;
        let code = Definition {
            st_value: st_value + offset,
            size: 0,
            kind: DefinitionKind::Code,
        };
        Ok(Target::Imported(version.image, code))
    }

    /// Something that no workspace crate defines: in the program, or for the dynamic linker.
    fn outside(&self, symbol: &Symbol) -> Result<Target, &'static str> {
        match self
            .live
            .image(BASE)
            .linked
            .symbols
            .get(&symbol.id.linkage)
            .map(Vec::as_slice)
        {
            Some([definition]) => Ok(Target::Imported(BASE, *definition)),
            Some([_, ..]) => Err("the program has several definitions of the target"),
            _ => Ok(Target::Linked(To::Dynamic {
                name: symbol.name,
                weak: symbol.weak,
            })),
        }
    }

    fn import(
        &mut self,
        atom: Atom,
        kind: Kind,
        relocation: &Relocation,
        import: Import,
        of: DefinitionKind,
        bound: &mut BoundSection,
    ) -> Result<(), &'static str> {
        let at = relocation.offset as usize;
        let is_code = self.program.section(atom).role == Role::Code;
        let address = |addend| Cell::Fixup {
            import,
            addend,
            form: Form::Absolute,
        };
        let (offset, to, addend) = match kind {
            Kind::Slot => (
                relocation.offset,
                To::Cells,
                self.imports.cell(address(0)) as i64 + relocation.addend,
            ),
            Kind::Near if of == DefinitionKind::Code && is_code && x86_64::is_branch(&bound.bytes, at) => (
                relocation.offset,
                To::Thunks,
                self.imports.thunk(import) as i64 + relocation.addend,
            ),
            Kind::Near if is_code && x86_64::load_instead_of_lea(&mut bound.bytes, at) => {
                let cell = self.imports.cell(address(relocation.addend + 4));
                (relocation.offset, To::Cells, cell as i64 - 4)
            }
            Kind::FromGot if is_code => {
                let field = x86_64::load_instead_of_movabs(&mut bound.bytes, at);
                let field = field.ok_or("the instruction around the relocation is not known")? as u64;
                let form = Form::GotRelative;
                let cell = self.imports.cell(Cell::Fixup {
                    import,
                    addend: relocation.addend,
                    form,
                });
                (field, To::Cells, cell as i64 - 4)
            }
            Kind::Address => {
                let pointer = Pointer {
                    offset: relocation.offset,
                    import,
                    addend: relocation.addend,
                };
                bound.pointers.push(pointer);
                return Ok(());
            }
            _ => return Err("there is no way to bind this relocation to the process"),
        };
        bound.references.push(Reference {
            offset,
            r_type: elf::R_X86_64_PC32,
            to,
            addend,
        });
        Ok(())
    }

    /// The program's own block of thread-locals lies at a fixed distance below the thread pointer.
    fn thread_local(
        &mut self,
        kind: Kind,
        relocation: &Relocation,
        definition: Definition,
        bound: &mut BoundSection,
    ) -> Result<(), &'static str> {
        let from_thread = definition.st_value as i64 - self.live.image(BASE).linked.tls_size as i64;
        let cell = match kind {
            Kind::FromThread => {
                let value =
                    i32::try_from(from_thread + relocation.addend).map_err(|_| "the offset is too large")?;
                write(&mut bound.bytes, relocation, &value.to_le_bytes());
                return Ok(());
            }
            Kind::WithinThread => {
                let value = definition.st_value as i64 + relocation.addend;
                let width = x86_64::width(relocation.r_type);
                write(&mut bound.bytes, relocation, &value.to_le_bytes()[..width]);
                return Ok(());
            }
            Kind::ThreadSlot => self.imports.cell(Cell::Constant(from_thread)),
            Kind::ThreadPair => self.imports.cell(Cell::ThreadPair(definition.st_value as i64)),
            _ => return Err("there is no way to bind this relocation to a thread-local"),
        };
        let addend = cell as i64 + relocation.addend;
        bound.references.push(Reference {
            offset: relocation.offset,
            r_type: elf::R_X86_64_PC32,
            to: To::Cells,
            addend,
        });
        Ok(())
    }
}

fn write(bytes: &mut [u8], relocation: &Relocation, value: &[u8]) {
    let at = relocation.offset as usize;
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn relocation_section(symbol: &Symbol) -> usize {
    match symbol.place {
        SymbolPlace::Section(section) => section.0 as usize,
        _ => 0,
    }
}
