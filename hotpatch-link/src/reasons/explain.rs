//! The changed functions that stay as they were, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use super::decide;
use super::paths::{Crates, plain};
use super::reason::{Reason, Unreached};
use super::survey::Survey;
use crate::hot;
use crate::names::Names;
use crate::program::{Atom, Program};
use crate::selection::Selection;

/// How many hot functions tell whether a loop is the one that the program lives in.
const WITNESSES: usize = 8;

/// The functions of the author among those that changed and are no part of the patch, if there is one. A function that was inlined into
/// one that is part of the patch is none of them.
pub(crate) fn unreached(
    program: &Program,
    names: &Names,
    crates: &Crates,
    left: &[Atom],
    patch: Option<&Selection>,
) -> Vec<Unreached> {
    let is_included = |atom| patch.is_some_and(|patch| patch.included.contains(&atom));
    let mut by_path: BTreeMap<String, Vec<Atom>> = BTreeMap::new();
    let mut asynchronous = None;
    for atom in left {
        if let Some(path) = own_path(program, names, crates, *atom) {
            let path = match path.strip_suffix("::{{closure}}") {
                Some(outer) if asynchronous.get_or_insert_with(|| async_functions(program, names)).contains(outer) => {
                    outer.to_owned()
                }
                _ => path,
            };
            by_path.entry(path).or_default().push(*atom);
        }
    }
    if by_path.is_empty() {
        return Vec::new();
    }
    let mut survey = Survey::of(program, names, crates);
    for atoms in by_path.values_mut() {
        atoms.retain(|atom| {
            let new = survey.copies(*atom).iter().any(|copy| is_included(*copy));
            !new && !survey.containers(*atom).into_iter().any(is_included)
        });
    }
    by_path.retain(|_, atoms| !atoms.is_empty());
    if by_path.is_empty() {
        return Vec::new();
    }
    let bodies = hot::functions(program, names)
        .into_iter()
        .flat_map(|function| function.bodies);
    let hot: Vec<_> = bodies
        .take(WITNESSES)
        .filter_map(|body| survey.node_of(body.atom))
        .collect();
    let mut unreached = Vec::new();
    for (function, atoms) in by_path {
        let start: Vec<_> = atoms.iter().filter_map(|atom| survey.node_of(*atom)).collect();
        let graph = survey.graph.without_uncalled(&start);
        let reason = decide::reason(&graph, &start, &hot);
        unreached.push(Unreached { function, reason });
    }
    // In optimised code it may be that every copy was inlined and folded away. It is no news beside other news.
    let is_news = |unreached: &Unreached| !matches!(unreached.reason, Reason::Uncalled { .. });
    if patch.is_some() || unreached.iter().any(is_news) {
        unreached.retain(is_news);
    }
    unreached
}

/// The paths of `async` functions: the compiler makes a closure of what they do.
fn async_functions(program: &Program, names: &Names) -> BTreeSet<String> {
    let types = program.objects.iter().flat_map(|object| &object.types.types);
    let outer = types.filter_map(|described| names.text(described.name).strip_suffix("::{async_fn_env#0}"));
    outer.map(plain).collect()
}

/// The path of a function, if the author wrote it.
pub(crate) fn own_path(program: &Program, names: &Names, crates: &Crates, function: Atom) -> Option<String> {
    let path = plain(names.text(program.id(function)?.path));
    crates.own(&path).then_some(path)
}
