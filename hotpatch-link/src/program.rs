//! The objects of all workspace crates at one moment, and what each name means between them.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;

use object::elf;

use crate::Error;
use crate::constructors;
use crate::deep::Deep;
use crate::fingerprint::Identities;
use crate::inlined::Inlined;
use crate::names::{Identifier, Name, Names};
use crate::object_file::{ObjectFile, Relocation, Role, Section, SectionId, Symbol, SymbolPlace};
use crate::types::TypeTable;
use crate::unit::{self, Stamp, Unit};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// A section of an object of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Atom {
    pub(crate) object: u32,
    pub(crate) section: SectionId,
}

/// Tells an object from all others: a hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content(u128);

/// One object with everything computed from its bytes alone.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    pub(crate) file: ObjectFile,
    pub(crate) identities: Identities,
    pub(crate) types: TypeTable,
    /// What the loader or a collecting crate reads when the program starts.
    pub(crate) starts: Vec<SectionId>,
    inlined: OnceLock<Inlined>,
}

impl Object {
    fn parse(content: Content, label: &str, bytes: Arc<[u8]>, names: &mut Names) -> Result<Self, Error> {
        let file = ObjectFile::parse(label, bytes, names)?;
        let identities = Identities::of(&file, names);
        let types = TypeTable::read(&file, names).map_err(|error| Error::malformed(&file.label, error))?;
        Ok(Self {
            content,
            starts: constructors::sections(&file),
            file,
            identities,
            types,
            inlined: OnceLock::new(),
        })
    }

    /// What was inlined where: read when it is first asked for.
    pub(crate) fn inlined(&self) -> &Inlined {
        self.inlined.get_or_init(|| Inlined::of(&self.file))
    }

    /// Whether the debug information has a name with this text.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        let names = self
            .file
            .sections
            .iter()
            .filter(|section| section.name == ".debug_str");
        let finder = memchr::memmem::Finder::new(text);
        names
            .into_iter()
            .any(|section| finder.find(&self.file.bytes[section.range.clone()]).is_some())
    }

    /// What was inlined where, if that may be this function.
    pub(crate) fn inlined_of(&self, linkage: &str) -> Option<&Inlined> {
        let may_be = self.inlined.get().is_some() || self.mentions(linkage);
        may_be
            .then(|| self.inlined())
            .filter(|inlined| inlined.has(linkage))
    }
}

/// Objects already read: an edit changes few of them.
#[derive(Debug, Default)]
pub(crate) struct ObjectCache {
    by_file: HashMap<Stamp, Vec<Arc<Object>>>,
    last: Option<Arc<Program>>,
}

impl ObjectCache {
    /// Reads all objects of a program, reusing those of the last reading: whole files by their stamps, and the
    /// objects in new files by their content.
    pub(crate) fn read(&mut self, units: &[Unit], names: &mut Names) -> Result<Arc<Program>, Error> {
        let known: HashMap<Content, Arc<Object>> = self
            .by_file
            .values()
            .flatten()
            .map(|object| (object.content, object.clone()))
            .collect();
        let paths: Vec<&Path> = units
            .iter()
            .flat_map(|unit| &unit.objects)
            .map(PathBuf::as_path)
            .collect();
        let stamps = paths
            .iter()
            .map(|path| Stamp::of(path))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = paths.iter().zip(&stamps);
        let new = pairs.filter(|(_, stamp)| !self.by_file.contains_key(*stamp));
        let new: Vec<&Path> = new.map(|(path, _)| *path).collect();
        let mut read = read(&new, &known, names)?.into_iter();
        let mut by_file = HashMap::default();
        let mut objects = Vec::new();
        for stamp in stamps {
            let known = self.by_file.get(&stamp).cloned();
            let file = known.or_else(|| read.next()).unwrap_or_default();
            objects.extend(file.iter().cloned());
            by_file.insert(stamp, file);
        }
        self.by_file = by_file;
        let program = Arc::new(Program::new(objects, self.last.as_deref(), names));
        self.last = Some(program.clone());
        Ok(program)
    }
}

/// An object as it comes from its file.
enum Found {
    Known(Arc<Object>),
    New(Content, String, Arc<[u8]>),
}

/// The objects of each file; those that are known are not parsed again. One thread reads while this one parses: most of
/// an rlib is what it was, but all of it must be looked at.
fn read(
    paths: &[&Path],
    known: &HashMap<Content, Arc<Object>>,
    names: &mut Names,
) -> Result<Vec<Vec<Arc<Object>>>, Error> {
    let mut files = vec![Vec::new(); paths.len()];
    let (sender, receiver) = channel();
    let find = move || {
        for (index, path) in paths.iter().enumerate() {
            unit::visit(path, |label, bytes| {
                let content = Content(xxhash_rust::xxh3::xxh3_128(bytes));
                let found = match known.get(&content) {
                    Some(known) => Found::Known(known.clone()),
                    None => Found::New(content, label.to_owned(), bytes.into()),
                };
                // Nobody listens after an error, which counts then.
                let _ = sender.send((index, found));
                Ok(())
            })?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let reader = scope.spawn(find);
        for (index, found) in receiver {
            files[index].push(match found {
                Found::Known(known) => known,
                Found::New(content, label, bytes) => Arc::new(Object::parse(content, &label, bytes, names)?),
            });
        }
        reader.join().unwrap_or_else(|panic| resume_unwind(panic))
    })?;
    Ok(files)
}

#[derive(Debug)]
struct Function {
    id: Identifier,
    deep: Deep,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) objects: Vec<Arc<Object>>,
    globals: HashMap<Name, Atom>,
    /// Those of each object, by section.
    functions: Vec<Functions>,
}

type Functions = Arc<Vec<Option<Function>>>;

impl Program {
    /// `last` is a program that many of the objects were part of.
    fn new(objects: Vec<Arc<Object>>, last: Option<&Program>, names: &Names) -> Self {
        let mut globals = HashMap::default();
        for (index, object) in objects.iter().enumerate() {
            for name in object.file.defined.keys() {
                if let Some((section, symbol)) = object.file.definition(*name)
                    && !symbol.local
                {
                    globals.entry(*name).or_insert(Atom {
                        object: index as u32,
                        section,
                    });
                }
            }
        }
        let mut program = Self {
            objects,
            globals,
            functions: Vec::new(),
        };
        let kept = last.map_or_else(Vec::new, |last| program.kept(last));
        let functions = (0..program.objects.len()).map(|index| match kept.get(index) {
            Some(Some(functions)) => functions.clone(),
            _ => Arc::new(program.functions_of(index as u32, names)),
        });
        program.functions = functions.collect();
        program
    }

    fn functions_of(&self, object: u32, names: &Names) -> Vec<Option<Function>> {
        let function = |atom| {
            let id = names.id(self.title(atom)?);
            let deep = || Deep::of(self, names, atom);
            (self.section(atom).role == Role::Code).then(|| Function { id, deep: deep() })
        };
        self.sections(object).map(function).collect()
    }

    /// The functions of the objects that are what they were in an earlier program, and to which all names mean what they
    /// meant there.
    fn kept(&self, last: &Program) -> Vec<Option<Functions>> {
        if self.objects.len() != last.objects.len() {
            return Vec::new();
        }
        let pairs = || self.objects.iter().zip(&last.objects);
        let mut kept: Vec<bool> = pairs().map(|(new, old)| Arc::ptr_eq(new, old)).collect();
        let mut open: Vec<_> = (0..kept.len()).filter(|index| !kept[*index]).collect();
        let mut moved: HashSet<Name> = HashSet::default();
        for index in &open {
            let (new, old) = (&self.objects[*index].file, &last.objects[*index].file);
            let names = new.defined.keys().chain(old.defined.keys());
            // What is not a constant counts with its name and its place.
            let is_moved = |name: &&Name| match (new.meaning(**name), old.meaning(**name)) {
                (Some((_, _, Role::Constant)), _) => true,
                (new, old) => new != old,
            };
            moved.extend(names.filter(is_moved));
        }
        // A constant counts with what it holds, whoever mentions it.
        while !open.is_empty() {
            open = (0..kept.len())
                .filter(|index| kept[*index] && self.objects[*index].identities.mentions_any(&moved))
                .collect();
            for index in &open {
                kept[*index] = false;
                moved.extend(self.objects[*index].file.constants());
            }
        }
        let functions = kept.into_iter().zip(&last.functions);
        functions
            .map(|(is_kept, functions)| is_kept.then(|| functions.clone()))
            .collect()
    }

    /// Whether an object has the same functions in another program, with the same callees.
    pub(crate) fn shares(&self, other: &Program, object: u32) -> bool {
        let of = |program: &Self| program.functions.get(object as usize).map(Arc::as_ptr);
        of(self) == of(other)
    }

    pub(crate) fn object(&self, atom: Atom) -> &Object {
        &self.objects[atom.object as usize]
    }

    pub(crate) fn section(&self, atom: Atom) -> &Section {
        self.object(atom).file.section(atom.section)
    }

    /// A function with all the constants it leads to.
    pub(crate) fn deep(&self, function: Atom) -> &Deep {
        let functions = &self.functions[function.object as usize];
        let function = functions[function.section.0 as usize].as_ref();
        &function.expect("an atom of a function").deep
    }

    /// The name at the start of a section.
    pub(crate) fn title(&self, atom: Atom) -> Option<Name> {
        self.object(atom)
            .file
            .title(atom.section)
            .map(|symbol| symbol.name)
    }

    /// What a function is known by.
    pub(crate) fn id(&self, function: Atom) -> Option<Identifier> {
        let functions = &self.functions[function.object as usize];
        let function = functions[function.section.0 as usize].as_ref()?;
        Some(function.id)
    }

    /// What a function is known by: several names if others have the same code and lie in its place.
    pub(crate) fn ids(&self, function: Atom) -> impl Iterator<Item = Identifier> {
        let titles = self.object(function).file.titles(function.section);
        titles.map(|title| title.id)
    }

    /// What a name means inside an object: its own definition, or that of another object.
    pub(crate) fn resolve(&self, object: u32, name: Name) -> Option<Atom> {
        match self.objects[object as usize].file.definition(name) {
            Some((section, _)) => Some(Atom { object, section }),
            None => self.globals.get(&name).copied(),
        }
    }

    /// What a relocation points to, and the definition there if it has a name.
    pub(crate) fn target(&self, from: Atom, relocation: &Relocation) -> Option<(Atom, Option<&Symbol>)> {
        let symbol = &self.object(from).file.symbols[relocation.symbol];
        let atom = match symbol.place {
            SymbolPlace::Section(section) => Atom { section, ..from },
            SymbolPlace::Undefined => self.resolve(from.object, symbol.name)?,
            SymbolPlace::Absolute => return None,
        };
        let file = &self.object(atom).file;
        let definition = match symbol.st_type {
            elf::STT_SECTION => {
                let offset = symbol.value.saturating_add_signed(relocation.addend);
                file.definition_at(atom.section, offset)
            }
            _ => file.definition(symbol.name).map(|(_, symbol)| symbol),
        };
        Some((atom, definition))
    }

    /// All functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = Atom> {
        self.atoms().filter(|atom| self.id(*atom).is_some())
    }

    pub(crate) fn atoms(&self) -> impl Iterator<Item = Atom> {
        (0..self.objects.len() as u32).flat_map(|object| self.sections(object))
    }

    /// The sections of one object.
    pub(crate) fn sections(&self, object: u32) -> impl Iterator<Item = Atom> {
        let count = self.objects[object as usize].file.sections.len() as u32;
        (0..count).map(move |section| Atom {
            object,
            section: SectionId(section),
        })
    }
}
