//! The changed functions that stay as they were, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use super::decide;
use super::parts;
use super::paths::{Crates, enclosing, plain, plain_linkage};
use super::reason::{Reason, Unreached};
use super::survey::Survey;
use crate::hot;
use crate::names::Names;
use crate::program::{Atom, Program};
use crate::selection::Selection;
use crate::written;

/// How many hot functions tell whether a loop is the one that the program lives in.
const WITNESSES: usize = 8;
const CLOSURE: &str = "::{{closure}}";

/// An edit: the program after it, and what is known of the program.
#[derive(Clone, Copy)]
pub(crate) struct Edit<'a> {
    /// The program that it was compared with last.
    pub(crate) before: &'a Program,
    pub(crate) program: &'a Program,
    pub(crate) names: &'a Names,
    pub(crate) crates: &'a Crates,
}

/// The functions of the author among those that changed and are no part of the patch, if there is one. A function that
/// was inlined into one that is part of the patch is none of them; one that was inlined into library code that changed
/// is.
pub(crate) fn unreached(edit: Edit<'_>, left: &[Atom], patch: Option<&Selection>) -> Vec<Unreached> {
    let Edit {
        program,
        names,
        crates,
        ..
    } = edit;
    let is_included = |atom: &Atom| patch.is_some_and(|patch| patch.included.contains(atom));
    let mut by_path: BTreeMap<String, Vec<Box<str>>> = BTreeMap::new();
    for (path, linkage) in subjects(edit, left) {
        by_path.entry(path).or_default().push(linkage);
    }
    if by_path.is_empty() {
        return Vec::new();
    }
    let mut survey = Survey::of(program, names, crates);
    for linkages in by_path.values_mut() {
        linkages.retain(|linkage| {
            let mut live = survey.copies(linkage).iter().any(is_included);
            live |= survey.containers(linkage).iter().any(is_included);
            !live
        });
    }
    by_path.retain(|_, linkages| !linkages.is_empty());
    if by_path.is_empty() {
        return Vec::new();
    }
    let functions = hot::functions(program, names);
    by_path.retain(|path, linkages| {
        let is_hot = || functions.iter().any(|function| function.path == enclosing(path));
        !path.ends_with(CLOSURE) || !linkages.iter().all(|linkage| is_outside_bodies(linkage)) || !is_hot()
    });
    let bodies = functions.into_iter().flat_map(|function| function.bodies);
    let hot: Vec<_> = bodies
        .take(WITNESSES)
        .filter_map(|body| survey.node_of(body.atom))
        .collect();
    let mut unreached = Vec::new();
    for (function, linkages) in by_path {
        let start: Vec<_> = linkages
            .iter()
            .map(|linkage| survey.node_named(linkage))
            .collect();
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

/// Whether a closure of a hot function is one that the attribute made: those of its author lie in the body.
fn is_outside_bodies(linkage: &str) -> bool {
    !written::MADE.iter().any(|prefix| linkage.contains(prefix))
}

/// The functions to explain, by their paths and linkage names.
fn subjects(edit: Edit<'_>, left: &[Atom]) -> Vec<(String, Box<str>)> {
    let mut found: Vec<(String, Box<str>)> = Vec::new();
    for atom in left {
        found.extend(subjects_of(edit, *atom));
    }
    found.sort();
    found.dedup();
    if found.iter().any(|(path, _)| path.ends_with(CLOSURE)) {
        let asynchronous = async_functions(edit.program, edit.names);
        for (path, _) in &mut found {
            if let Some(outer) = path
                .strip_suffix(CLOSURE)
                .filter(|outer| asynchronous.contains(*outer))
            {
                *path = outer.to_owned();
            }
        }
    }
    found
}

/// The function, or the functions of the author in it that changed.
fn subjects_of(edit: Edit<'_>, function: Atom) -> Vec<(String, Box<str>)> {
    let Edit {
        before,
        program,
        names,
        crates,
    } = edit;
    let with_path = |linkage: Box<str>| (plain_linkage(&linkage), linkage);
    let parts = parts::changed(before, program, names, crates, function);
    if !parts.is_empty() {
        return parts.into_iter().map(with_path).collect();
    }
    let Some(id) = program.id(function) else {
        return Vec::new();
    };
    match own_path(program, names, crates, function) {
        Some(path) => vec![(path, names.text(id.linkage).into())],
        None => {
            let copies = program.object(function).inlined().all(function.section);
            let own = copies
                .map(|linkage| with_path(linkage.into()))
                .filter(|(path, linkage)| crates.own_symbol(linkage, path));
            // What is inside of it changed with it.
            own.take(1).collect()
        }
    }
}

/// The paths of `async` functions: the compiler makes a closure of what they do.
fn async_functions(program: &Program, names: &Names) -> BTreeSet<String> {
    let types = program.objects.iter().flat_map(|object| &object.types.types);
    let outer = types.filter_map(|described| names.text(described.name).strip_suffix("::{async_fn_env#0}"));
    outer.map(plain).collect()
}

/// The path of a function, if the author wrote it.
pub(crate) fn own_path(program: &Program, names: &Names, crates: &Crates, function: Atom) -> Option<String> {
    let id = program.id(function)?;
    let path = plain(names.text(id.path));
    crates.own_symbol(names.text(id.linkage), &path).then_some(path)
}
