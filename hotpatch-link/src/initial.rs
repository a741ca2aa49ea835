//! What mutable statics and thread-locals begin with, and which of them an edit lets begin with something else.
//!
//! The process keeps their values, so a new initial value counts only from the next start on. That is told once for
//! each change, and not when a static begins again as it did in the process.

use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::deep::Deep;
use crate::fingerprint::Fingerprint;
use crate::hot;
use crate::names::{Name, Names};
use crate::object_file::Role;
use crate::program::{Atom, Program};
use crate::reasons::Crates;
use crate::states::States;
use crate::written::author_path;

/// A static or thread-local of a program that keeps its value over patches.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) linkage: Name,
    /// The path as people write it: for a thread-local, that of the macro's item.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) is_thread_local: bool,
    pub(crate) atom: Atom,
    pub(crate) begins: Fingerprint,
}

/// What comes after the path of a thread-local in the paths of what the macro makes of it, under each mangling.
const MACROS: [&str; 3] = ["::{{constant}}::", "::{constant#", "::{K#"];

/// What comes after the path of a static in the path of what it points to in a place of its own.
const NESTED: [&str; 2] = ["::{{nested}}", "::{nested#"];

/// The variables of a program's own crates, without those that macros make for themselves.
pub(crate) fn variables(program: &Program, names: &Names, crates: &Crates) -> Vec<Variable> {
    let mut variables = Vec::new();
    for (index, object) in program.objects.iter().enumerate() {
        for (symbol, section) in &object.file.variables {
            let symbol = &object.file.symbols[*symbol];
            let atom = Atom {
                object: index as u32,
                section: *section,
            };
            let (section, path) = (program.section(atom), names.path(symbol.name));
            if is_made_by_macro(path, &section.name) || !crates.own(path) {
                continue;
            }
            variables.push(Variable {
                linkage: symbol.id.linkage,
                path: written_path(path),
                size: symbol.size,
                is_thread_local: section.role == Role::ThreadLocal,
                atom,
                begins: Deep::of_part(program, names, atom, symbol).fingerprint,
            });
        }
    }
    variables
}

/// Entries of hot functions, and what registers something when the program starts.
fn is_made_by_macro(path: &str, section: &str) -> bool {
    path.contains(ENTRY_PREFIX) || path.ends_with("::__INVENTORY") || section.starts_with("linkm")
}

/// `game::SCORE` for `game::SCORE`, and for what `thread_local!` makes of it:
/// `game::SCORE::{{constant}}::{{closure}}::__RUST_STD_INTERNAL_VAL`. Also for what a static holds in a place of its
/// own, `game::SCORE::{{nested}}`.
pub(crate) fn written_path(path: &str) -> String {
    let outside = MACROS
        .iter()
        .chain(&NESTED)
        .filter_map(|inside| path.rfind(inside))
        .max();
    hot::plain_path(&author_path(outside.map_or(path, |end| &path[..end])))
}

/// What the variables of the process began with, and what they begin with as far as the author was told.
#[derive(Debug, Default)]
pub(crate) struct InitialValues {
    in_process: HashMap<Name, Fingerprint>,
    told: HashMap<Name, Told>,
}

/// A variable in the sources that the author was last told about.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    begins: Fingerprint,
    pub(crate) path: String,
    pub(crate) size: u64,
}

impl InitialValues {
    /// The variables of a program that was built or committed, by the names that the process has for them. What it
    /// had before began as it did.
    pub(crate) fn learn<'a>(&mut self, variables: impl IntoIterator<Item = &'a Variable>) {
        for variable in variables {
            self.in_process.entry(variable.linkage).or_insert(variable.begins);
        }
    }

    /// Those that begin with something else than what the author was told, and than what they began with.
    pub(crate) fn changed(&self, variables: &[Variable], states: &States) -> Vec<Variable> {
        let is_changed = |variable: &&Variable| {
            let state = states.get(variable.linkage).map(|state| state.name);
            let old = state.and_then(|name| Some((self.in_process.get(&name)?, self.told.get(&name)?)));
            old.is_some_and(|(began, told)| *began != variable.begins && told.begins != variable.begins)
        };
        variables.iter().filter(is_changed).cloned().collect()
    }

    /// The variables that the author was told about and that the sources have no more.
    pub(crate) fn gone<'a>(&'a self, now: &'a HashMap<Name, Told>) -> impl Iterator<Item = (Name, &'a Told)> {
        let paths: HashSet<&str> = now.values().map(|told| told.path.as_str()).collect();
        self.told
            .iter()
            .filter(move |(name, told)| !now.contains_key(name) && !paths.contains(told.path.as_str()))
            .map(|(name, told)| (*name, told))
    }

    /// The author was told.
    pub(crate) fn tell(&mut self, now: HashMap<Name, Told>) {
        self.told = now;
    }
}

/// What the sources say now, by the names that the process has for the variables.
pub(crate) fn told(variables: &[Variable], states: &States) -> HashMap<Name, Told> {
    let told = variables.iter().map(|variable| {
        let state = states.get(variable.linkage);
        (
            state.map_or(variable.linkage, |state| state.name),
            Told {
                begins: variable.begins,
                path: variable.path.clone(),
                size: variable.size,
            },
        )
    });
    told.collect()
}

/// Whether a function is what `thread_local!` makes of one of the variables to find its value: nothing that anybody
/// wrote.
pub(crate) fn is_accessor(path: &str, variables: &[Variable]) -> bool {
    let is_inside = MACROS.iter().any(|inside| path.contains(inside));
    let owner = is_inside.then(|| written_path(path));
    owner.is_some_and(|owner| variables.iter().any(|v| v.is_thread_local && v.path == owner))
}

/// The variables that are made by changed code of their own: an initialiser that runs at the first use.
pub(crate) fn makers(
    program: &Program,
    names: &Names,
    variables: &[Variable],
    changed: &[Atom],
) -> Vec<(Variable, Atom)> {
    let by_path: HashMap<&str, &Variable> = variables.iter().map(|v| (v.path.as_str(), v)).collect();
    let mut makers = Vec::new();
    for atom in changed {
        let Some(path) = program.id(*atom).map(|id| hot::plain_path(names.text(id.path))) else {
            continue;
        };
        // Also `<game::LAZY::{closure#0} as core::ops::FnOnce<()>>::call_once`, which calls the closure.
        let path = path.trim_start_matches('<');
        let owners = ["::{", "::__"].into_iter().filter_map(|inside| path.find(inside));
        if let Some(variable) = owners.min().and_then(|end| by_path.get(&path[..end])) {
            makers.push(((*variable).clone(), *atom));
        }
    }
    makers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_locals_have_the_path_of_their_item() {
        for (path, written) in [
            ("game::SCORE", "game::SCORE"),
            ("<game::Player>::hurt::COUNT", "game::Player::hurt::COUNT"),
            (
                "game::SCORE::{{constant}}::{{closure}}::__RUST_STD_INTERNAL_VAL",
                "game::SCORE",
            ),
            ("game::SCORE::{constant#0}::{closure#1}::VAL", "game::SCORE"),
            ("game::SCORE::{K#0}::{closure#1}::VAL", "game::SCORE"),
            ("game::BUFFER::{{nested}}", "game::BUFFER"),
            ("game::main::{{closure}}::COUNT", "game::main::{{closure}}::COUNT"),
            (
                "game::step::__hotpatch_body_0123456789abcdef::COUNT",
                "game::step::COUNT",
            ),
        ] {
            assert_eq!(written_path(path), written);
        }
    }
}
