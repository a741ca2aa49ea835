//! A linked image, program or dylib: its symbols, build id and thread-local block.

use rustc_hash::FxHashMap as HashMap;

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};

use crate::names::{Name, Names};

/// A symbol that an image defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    /// Offset from the load address; for a thread-local, from the start of the thread-local block.
    pub(crate) st_value: u64,
    pub(crate) size: u64,
    pub(crate) kind: DefinitionKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionKind {
    Code,
    Constant,
    Variable,
    ThreadLocal,
}

#[derive(Debug, Default)]
pub(crate) struct LinkedImage {
    pub(crate) build_id: Vec<u8>,
    /// All definitions of each name, local symbols included.
    pub(crate) symbols: HashMap<Name, Vec<Definition>>,
    /// Size of the thread-local block, rounded up to its alignment.
    pub(crate) tls_size: u64,
    /// Where the bytes that the loader maps end in the file.
    pub(crate) mapped_len: u64,
    /// Offsets of the named sections from the load address.
    pub(crate) sections: HashMap<String, u64>,
}

impl LinkedImage {
    /// The definition of a name, if there is exactly one.
    pub(crate) fn unique(&self, name: Name) -> Option<Definition> {
        match self.symbols.get(&name)?.as_slice() {
            [definition] => Some(*definition),
            _ => None,
        }
    }
}

pub(crate) fn read(data: &[u8], names: &mut Names) -> object::Result<LinkedImage> {
    let header = elf::FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut image = LinkedImage::default();

    for segment in header.program_headers(endian, data)? {
        match segment.p_type(endian) {
            elf::PT_TLS => {
                image.tls_size = segment
                    .p_memsz(endian)
                    .next_multiple_of(segment.p_align(endian).max(1));
            }
            elf::PT_LOAD => {
                let end = segment.p_offset(endian) + segment.p_filesz(endian);
                image.mapped_len = image.mapped_len.max(end);
            }
            _ => {}
        }
    }
    for section in sections.iter() {
        let name = String::from_utf8_lossy(sections.section_name(endian, section)?).into_owned();
        image.sections.insert(name, section.sh_addr(endian));
        // By section: some linkers put notes of different alignments into one segment.
        if let Some(mut notes) = section.notes(endian, data)? {
            while let Some(note) = notes.next()? {
                if note.name() == elf::ELF_NOTE_GNU && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
                    image.build_id = note.desc().to_vec();
                }
            }
        }
    }

    let symbols = sections.symbols(endian, data, elf::SHT_SYMTAB)?;
    for (index, symbol) in symbols.enumerate() {
        let Some(section) = symbols.symbol_section(endian, symbol, index)? else {
            continue;
        };
        let flags = sections.section(section)?.sh_flags(endian).0;
        let section_name = sections.section_name(endian, sections.section(section)?)?;
        let kind = match symbol.st_type() {
            elf::STT_SECTION | elf::STT_FILE => continue,
            elf::STT_TLS => DefinitionKind::ThreadLocal,
            _ if flags & elf::SHF_EXECINSTR.0 != 0 => DefinitionKind::Code,
            _ if flags & elf::SHF_WRITE.0 == 0 || section_name.ends_with(b".rel.ro") => {
                DefinitionKind::Constant
            }
            _ => DefinitionKind::Variable,
        };
        let name = names.intern(&String::from_utf8_lossy(symbols.symbol_name(endian, symbol)?));
        let definition = Definition {
            st_value: symbol.st_value(endian),
            size: symbol.st_size(endian),
            kind,
        };
        let known = image.symbols.entry(names.id(name).linkage).or_default();
        if !known.contains(&definition) {
            known.push(definition);
        }
    }
    Ok(image)
}
