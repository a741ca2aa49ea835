//! One image: where its names lie, and what later comparisons need of its code.

use std::sync::Arc;

use hotpatch_abi::manifest::PatchId;
use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::deep::Deep;
use crate::elf::program::{DefinitionKind, LinkedImage};
use crate::hot::{self, HotFunction};
use crate::live::{Callee, ImageIndex, Version};
use crate::names::{Identifier, Name, Names};
use crate::program::{Atom, Program};

/// The functions that lie in an image.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    pub(crate) by_path: HashMap<Name, Vec<Atom>>,
    pub(crate) by_symbol: HashMap<Name, Vec<Atom>>,
    all: HashSet<Atom>,
}

impl Functions {
    pub(crate) fn of(program: &Program, atoms: impl IntoIterator<Item = Atom>) -> Self {
        let mut functions = Self::default();
        for atom in atoms {
            for id in program.ids(atom) {
                functions.by_path.entry(id.path).or_default().push(atom);
                functions.by_symbol.entry(id.linkage).or_default().push(atom);
            }
            functions.all.insert(atom);
        }
        functions
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Atom> {
        self.all.iter().copied()
    }
}

/// One image.
#[derive(Debug)]
pub(crate) struct Image {
    /// The patch; `None` for the program as built.
    pub(crate) patch: Option<PatchId>,
    code: Code,
    pub(crate) linked: LinkedImage,
    pub(crate) functions: Functions,
    /// The functions of other images that this one was bound to. Empty for the program as built.
    pub(crate) bound: HashMap<Atom, Version>,
}

/// What is known of the code of an image.
#[derive(Debug)]
enum Code {
    /// The objects that the program was linked from.
    Built(Arc<Program>),
    /// Of a patch only what later comparisons need: a session makes hundreds of them, each from objects of its own.
    Patch {
        functions: HashMap<Atom, Known>,
        hot: Vec<HotFunction>,
    },
}

/// What stays known of a function of a patch.
#[derive(Debug)]
struct Known {
    id: Identifier,
    deep: Deep,
    /// The entries of hot functions that it mentions.
    entries: Vec<Name>,
}

impl Known {
    fn of(program: &Program, names: &Names, function: Atom) -> Option<Self> {
        let symbols = &program.object(function).file.symbols;
        let relocations = program.section(function).relocations.iter();
        let mentioned = relocations.map(|relocation| symbols[relocation.symbol].id);
        let mut entries: Vec<_> = mentioned
            .filter(|id| names.text(id.path).contains(ENTRY_PREFIX))
            .map(|id| id.linkage)
            .collect();
        entries.dedup();
        Some(Self {
            id: program.id(function)?,
            deep: program.deep(function).clone(),
            entries,
        })
    }
}

impl Image {
    /// The program as built.
    pub(crate) fn built(program: Arc<Program>, linked: LinkedImage) -> Self {
        Self {
            patch: None,
            functions: Functions::of(&program, program.functions()),
            code: Code::Built(program),
            linked,
            bound: HashMap::default(),
        }
    }

    /// A patch that holds `functions` of a program.
    pub(crate) fn patched(
        patch: PatchId,
        program: &Program,
        functions: &[Atom],
        bound: HashMap<Atom, Version>,
        linked: LinkedImage,
        names: &Names,
    ) -> Self {
        let known = functions.iter().copied();
        let known = known.filter_map(|atom| Some((atom, Known::of(program, names, atom)?)));
        let mut defined = linked.symbols.keys().map(|name| names.path(*name));
        let hot = match defined.any(|path| path.contains(ENTRY_PREFIX)) {
            true => hot::functions(program, names),
            false => Vec::new(),
        };
        Self {
            patch: Some(patch),
            code: Code::Patch {
                functions: known.collect(),
                hot,
            },
            functions: Functions::of(program, functions.iter().copied()),
            linked,
            bound,
        }
    }

    /// The name and path of a function that lies here.
    pub(crate) fn id(&self, atom: Atom) -> Option<Identifier> {
        match &self.code {
            Code::Built(program) => program.id(atom),
            Code::Patch { functions, .. } => functions.get(&atom).map(|known| known.id),
        }
    }

    pub(crate) fn deep(&self, atom: Atom) -> Option<&Deep> {
        match &self.code {
            Code::Built(program) => Some(program.deep(atom)),
            Code::Patch { functions, .. } => functions.get(&atom).map(|known| &known.deep),
        }
    }

    /// Whether a function that lies here mentions an entry.
    pub(crate) fn mentions(&self, atom: Atom, entry: Name) -> bool {
        match &self.code {
            Code::Built(program) => {
                let symbols = &program.object(atom).file.symbols;
                let mut relocations = program.section(atom).relocations.iter();
                relocations.any(|relocation| symbols[relocation.symbol].id.linkage == entry)
            }
            Code::Patch { functions, .. } => functions
                .get(&atom)
                .is_some_and(|known| known.entries.contains(&entry)),
        }
    }

    /// The objects that it was linked from, if it is the program as built.
    pub(crate) fn program(&self) -> Option<&Arc<Program>> {
        match &self.code {
            Code::Built(program) => Some(program),
            Code::Patch { .. } => None,
        }
    }

    /// The hot functions whose entries lie here.
    pub(crate) fn hot_functions(&self, names: &Names) -> Vec<HotFunction> {
        let all = match &self.code {
            Code::Built(program) => hot::functions(program, names),
            Code::Patch { hot, .. } => hot.clone(),
        };
        let is_here = |function: &HotFunction| self.linked.unique(function.entry.linkage).is_some();
        all.into_iter().filter(is_here).collect()
    }

    /// Where a function lies, unless several have its name.
    pub(crate) fn offset(&self, atom: Atom) -> Option<u64> {
        let id = self.id(atom)?;
        if self.functions.by_symbol.get(&id.linkage)?.len() != 1 {
            return None;
        }
        let definition = self.linked.unique(id.linkage)?;
        (definition.kind == DefinitionKind::Code).then_some(definition.st_value)
    }

    pub(crate) fn callee(&self, index: ImageIndex, callee: Option<Atom>) -> Option<Callee> {
        let Some(atom) = callee else {
            return Some(Callee::Outside);
        };
        // The program as built has all functions of its objects.
        let is_built = self.patch.is_none() && self.id(atom).is_some();
        if is_built || self.functions.all.contains(&atom) {
            return Some(Callee::Function(Version { image: index, atom }));
        }
        self.bound.get(&atom).copied().map(Callee::Function)
    }
}
