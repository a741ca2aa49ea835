//! The machine code of functions and the places in it that lead to other functions.

use std::cell::RefCell;
use std::rc::Rc;

use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::elf::flow::{Flow, Hints};
use crate::elf::x86_64::{self, Kind};
use crate::names::{Name, Names};
use crate::object_file::{Relocation, Role, SymbolPlace};
use crate::program::{Atom, Program};

/// A place in the code of a function that leads to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// Where the code is.
    pub(super) function: Atom,
    pub(super) offset: u64,
    pub(super) manner: Manner,
}

/// How code mentions a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It calls or jumps.
    Branch,
    /// It reads the address from the global offset table, to call it through a register.
    Load,
    /// It takes the address.
    Address,
    /// It takes the address of a constant that holds the address, or leads to one that does.
    Constant(Atom),
}

/// The functions of a program, seen from what they call.
pub(super) struct Code<'a> {
    pub(super) program: &'a Program,
    names: &'a Names,
    callers: HashMap<Atom, Vec<Atom>>,
    flows: RefCell<HashMap<Atom, Rc<Flow>>>,
    /// The functions that constants lead to.
    leads: RefCell<HashMap<Atom, Rc<HashSet<Atom>>>>,
}

impl<'a> Code<'a> {
    pub(super) fn of(program: &'a Program, names: &'a Names) -> Self {
        let mut callers: HashMap<Atom, Vec<Atom>> = HashMap::default();
        for function in program.functions() {
            for callee in program.deep(function).callees.iter().flatten() {
                callers.entry(*callee).or_default().push(function);
            }
        }
        Self {
            program,
            names,
            callers,
            flows: RefCell::default(),
            leads: RefCell::default(),
        }
    }

    /// The places that lead to a function.
    pub(super) fn mentions(&self, target: Atom) -> Vec<Mention> {
        let callers = self.callers.get(&target).map_or(&[][..], Vec::as_slice);
        let mut mentions = Vec::new();
        for function in callers.iter().copied() {
            for relocation in &self.program.section(function).relocations {
                let manner = self.manner(function, relocation, target);
                // Its jump tables lead to a function itself.
                if let Some(manner) = manner.filter(|manner| function != target || *manner == Manner::Branch)
                {
                    let offset = relocation.offset;
                    mentions.push(Mention {
                        function,
                        offset,
                        manner,
                    });
                }
            }
        }
        mentions
    }

    fn manner(&self, function: Atom, relocation: &Relocation, target: Atom) -> Option<Manner> {
        let direct = self.target(function, relocation)?;
        if direct != target {
            let is_constant = self.program.section(direct).role == Role::Constant;
            return (is_constant && self.leads(direct).contains(&target)).then_some(Manner::Constant(direct));
        }
        let code = self.program.object(function).file.data(function.section);
        let at = relocation.offset as usize;
        Some(match x86_64::kind(relocation.r_type) {
            Some(Kind::Near) if x86_64::is_branch(code, at) => Manner::Branch,
            Some(Kind::Slot) if x86_64::is_indirect_branch(code, at) => Manner::Branch,
            Some(Kind::Slot) => Manner::Load,
            _ => Manner::Address,
        })
    }

    /// What a relocation of a section points to.
    pub(super) fn target(&self, from: Atom, relocation: &Relocation) -> Option<Atom> {
        let symbol = &self.program.object(from).file.symbols[relocation.symbol];
        match symbol.place {
            SymbolPlace::Section(section) => Some(Atom { section, ..from }),
            SymbolPlace::Undefined => self.program.resolve(from.object, symbol.name),
            SymbolPlace::Absolute => None,
        }
    }

    /// The functions that a constant holds the addresses of, itself or in other constants.
    fn leads(&self, constant: Atom) -> Rc<HashSet<Atom>> {
        if let Some(known) = self.leads.borrow().get(&constant) {
            return known.clone();
        }
        let mut functions = HashSet::default();
        let mut seen = HashSet::default();
        let mut open = vec![constant];
        while let Some(atom) = open.pop().filter(|_| seen.len() < 10_000) {
            for relocation in &self.program.section(atom).relocations {
                let Some(target) = self.target(atom, relocation) else {
                    continue;
                };
                match self.program.section(target).role {
                    Role::Code => {
                        functions.insert(target);
                    }
                    Role::Constant if seen.insert(target) => open.push(target),
                    _ => {}
                }
            }
        }
        let functions = Rc::new(functions);
        self.leads.borrow_mut().insert(constant, functions.clone());
        functions
    }

    /// The functions whose addresses statics hold, with the statics. The entries of hot functions are none of them.
    pub(super) fn statics(&self) -> HashMap<Atom, Vec<Name>> {
        let mut statics: HashMap<Atom, Vec<Name>> = HashMap::default();
        for atom in self.program.atoms() {
            let section = self.program.section(atom);
            let is_start = section.role == Role::Other && section.name.starts_with(".init_array");
            if section.relocations.is_empty() || section.role != Role::Variable && !is_start {
                continue;
            }
            for relocation in &section.relocations {
                let file = &self.program.object(atom).file;
                let name = file
                    .definition_at(atom.section, relocation.offset)
                    .map(|symbol| symbol.name);
                let name = name.filter(|name| !self.names.path(*name).contains(ENTRY_PREFIX));
                let (Some(name), Some(target)) = (name, self.target(atom, relocation)) else {
                    continue;
                };
                match self.program.section(target).role {
                    Role::Code => statics.entry(target).or_default().push(name),
                    Role::Constant => {
                        for function in self.leads(target).iter() {
                            statics.entry(*function).or_default().push(name);
                        }
                    }
                    _ => {}
                }
            }
        }
        statics
    }

    /// The flow of control of a function.
    pub(super) fn flow(&self, function: Atom) -> Rc<Flow> {
        if let Some(known) = self.flows.borrow().get(&function) {
            return known.clone();
        }
        let file = &self.program.object(function).file;
        let relocations = &file.section(function.section).relocations;
        let relocated: Vec<_> = relocations.iter().map(|relocation| relocation.offset).collect();
        let never_returns = |relocation: &&Relocation| {
            let symbol = &file.symbols[relocation.symbol];
            never_returns(self.names.path(symbol.name))
        };
        let never_returning: Vec<_> = relocations
            .iter()
            .filter(never_returns)
            .map(|relocation| relocation.offset)
            .collect();
        let hints = Hints {
            jump_targets: &self.jump_targets(function),
            relocated: &relocated,
            never_returning: &never_returning,
        };
        let flow = Rc::new(Flow::of(file.data(function.section), &hints));
        self.flows.borrow_mut().insert(function, flow.clone());
        flow
    }

    /// Where the jump tables of a function lead: constants that hold distances from their start to places in it.
    fn jump_targets(&self, function: Atom) -> Vec<u64> {
        let file = &self.program.object(function).file;
        let mut starts: HashMap<Atom, Vec<i64>> = HashMap::default();
        for relocation in &file.section(function.section).relocations {
            let symbol = &file.symbols[relocation.symbol];
            if let SymbolPlace::Section(section) = symbol.place
                && file.section(section).role == Role::Constant
                && x86_64::kind(relocation.r_type) == Some(Kind::Near)
            {
                let start = symbol.value as i64 + relocation.addend + 4;
                starts
                    .entry(Atom { section, ..function })
                    .or_default()
                    .push(start);
            }
        }
        let mut targets = Vec::new();
        for (table, starts) in starts {
            for entry in &file.section(table.section).relocations {
                let symbol = &file.symbols[entry.symbol];
                if symbol.place != SymbolPlace::Section(function.section) {
                    continue;
                }
                let at = entry.offset as i64;
                let start = starts
                    .iter()
                    .copied()
                    .filter(|start| *start <= at)
                    .max()
                    .unwrap_or(0);
                let from_start = match x86_64::kind(entry.r_type) {
                    Some(Kind::Near | Kind::Far) => at - start,
                    _ => 0,
                };
                targets.extend(u64::try_from(symbol.value as i64 + entry.addend - from_start));
            }
        }
        targets
    }
}

/// The functions of the standard library that end a block of code although they are called.
fn never_returns(path: &str) -> bool {
    path.starts_with("core::panicking::")
        || path.starts_with("std::process::")
        || [
            "_Unwind_Resume",
            "core::option::expect_failed",
            "core::option::unwrap_failed",
            "core::result::unwrap_failed",
            "alloc::alloc::handle_alloc_error",
            "alloc::raw_vec::handle_error",
            "alloc::raw_vec::capacity_overflow",
            "std::panicking::begin_panic",
        ]
        .contains(&path)
}
