//! What live state may contain: everything that statics, thread-locals and the arguments of hot functions lead to.
//!
//! A value behind a trait object keeps the functions that it was made with: they lie in its own vtable. Others see it
//! only through what its methods take and return. So a trait object leads to the types in the signatures of its methods,
//! not to those that implement it. A type whose `TypeId` somebody takes is reached by that: values of it may be kept
//! without their type.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::contents;
use super::known::KnownTypes;
use super::recursion;
use super::shown::{self, shown};
use crate::hot;
use crate::names::{Name, Names};

#[derive(Clone, Copy)]
pub(super) enum Step {
    Static(Name),
    Signature(Name, usize),
    Member(Name, Name),
    Through(Name),
    /// Values may be kept without their type, and found by its identity.
    Identity,
    /// A part of the value of a `State` that does not say how it is migrated: where it is, and the type of the value.
    Content(Name, Name),
    /// What a method behind a trait object takes or returns.
    Method(Name, Name),
}

/// The types that matter, each with the way to it.
pub(super) struct Reached<'a> {
    known: &'a KnownTypes,
    names: &'a Names,
    came_from: HashMap<Name, Step>,
    open: VecDeque<Name>,
}

impl<'a> Reached<'a> {
    pub(super) fn of(known: &'a KnownTypes, names: &'a Names) -> Self {
        let mut reached = Self {
            known,
            names,
            came_from: HashMap::default(),
            open: VecDeque::new(),
        };
        // In a fixed order, so that a message always tells the same way.
        let mut signatures: Vec<_> = known.signatures.iter().collect();
        let is_closure = |function: Name| hot::is_closure(names.path(function));
        // What a function takes says more than what a closure captures.
        signatures.sort_by_key(|(function, _)| (is_closure(**function), names.path(**function)));
        for (function, types) in signatures
            .into_iter()
            .filter(|(function, _)| known.counts(**function))
        {
            for (position, of) in types.iter().enumerate() {
                reached.add(*of, Step::Signature(*function, position));
            }
        }
        let mut statics: Vec<_> = known.statics.iter().collect();
        statics.sort_by_key(|(variable, _)| names.path(**variable));
        for (variable, of) in statics {
            reached.add(*of, Step::Static(*variable));
        }
        let mut identified: Vec<_> = known.identified.iter().copied().collect();
        identified.sort_by_key(|of| names.text(*of));
        for of in identified {
            reached.add(of, Step::Identity);
        }
        let mut contents: Vec<_> = known.contents.iter().copied().collect();
        contents.sort_by_key(|of| names.text(*of));
        for content in contents {
            for (of, step) in contents::left_alone(known, names, content) {
                reached.add(of, step);
            }
        }
        while let Some(name) = reached.open.pop_front() {
            reached.follow(name);
        }
        reached
    }

    pub(super) fn contains(&self, name: Name) -> bool {
        self.came_from.contains_key(&name)
    }

    fn follow(&mut self, name: Name) {
        for described in self.known.types.get(&name).into_iter().flatten() {
            for member in described.fields() {
                self.add(member.of, Step::Member(name, member.name));
            }
            for next in &described.leads_to {
                self.add(*next, Step::Through(name));
            }
            if described
                .fields()
                .any(|field| recursion::is_cut(self.names.text(field.of)))
            {
                self.follow_functions(name);
            }
        }
        let text = self.names.text(name);
        if let Some(object) = trait_object(text) {
            self.follow_object(name, object);
        }
    }

    /// What stands where a type has the marker of a function pointer that surrounds it: any of those that lead to it.
    fn follow_functions(&mut self, name: Name) {
        let surrounds = |of: &&Name| self.names.text(**of).contains("fn(") && self.known.leads(**of, name);
        let functions: Vec<_> = self.known.types.keys().filter(surrounds).copied().collect();
        for function in functions {
            self.add(function, Step::Through(name));
        }
    }

    /// What a trait object leads to.
    fn follow_object(&mut self, name: Name, object: &str) {
        for named in shown::paths(object).filter_map(|path| self.names.get(path)) {
            if self.known.types.contains_key(&named) {
                self.add(named, Step::Through(name));
            }
        }
        let principal = bare(object);
        let traits = self.known.vtables.iter();
        let known = traits.filter(|(of, _)| bare(self.names.text(**of)) == principal);
        for slots in known.flat_map(|(_, known)| known.values()) {
            for method in slots.iter().flatten() {
                for of in self.known.methods.get(method).into_iter().flatten() {
                    self.add(*of, Step::Method(name, *method));
                }
            }
        }
    }

    /// A reached trait object of this trait.
    pub(super) fn trait_object(&self, of: &str) -> Option<Name> {
        let bare = bare(of);
        let is_object = |name: &Name| {
            trait_object(self.names.text(*name)).is_some_and(|object| self::bare(object) == bare)
        };
        let mut objects: Vec<_> = self.came_from.keys().copied().filter(is_object).collect();
        objects.sort_by_key(|name| self.names.text(*name));
        objects.first().copied()
    }

    fn add(&mut self, name: Name, step: Step) {
        if let std::collections::hash_map::Entry::Vacant(entry) = self.came_from.entry(name) {
            entry.insert(step);
            self.open.push_back(name);
        }
    }

    /// The way from a root, outermost first, in terms of the program: what lies inside types of the standard library
    /// is left out.
    pub(super) fn path(&self, name: Name) -> String {
        let mut steps = Vec::new();
        let mut at = name;
        let mut seen = HashSet::default();
        while seen.insert(at) {
            let of = shown(self.names.text(at));
            match self.came_from.get(&at) {
                Some(Step::Static(variable)) => {
                    let path = self.names.path(*variable);
                    let variable = shown::variable(path);
                    let kind = if variable == path {
                        "static"
                    } else {
                        "thread-local"
                    };
                    steps.push(format!("{kind} `{variable}: {of}`"));
                    break;
                }
                Some(Step::Signature(function, position)) => {
                    let path = self.names.path(*function);
                    let function = hot::function_path(path);
                    steps.push(match position {
                        _ if hot::is_access(path) => {
                            format!("`{of}` that a closure given to `State::with` captures or returns")
                        }
                        _ if hot::is_closure(path) => {
                            format!("`{of}` in a closure that is given to `hotpatch::call`")
                        }
                        0 => format!("the `{of}` that `{function}` returns"),
                        _ => format!("argument {position} `{of}` of `{function}`"),
                    });
                    break;
                }
                Some(Step::Member(parent, field)) => {
                    let (parent_text, field) = (self.names.text(*parent), self.names.text(*field));
                    if shown::is_of_user(parent_text) {
                        let field = shown::field(field);
                        steps.push(format!("`{}.{field}: {of}`", shown(parent_text)));
                    }
                    at = *parent;
                }
                Some(Step::Method(parent, method)) => {
                    let method = self.names.path(*method);
                    steps.push(format!("`{of}` in the signature of `{method}`"));
                    at = *parent;
                }
                Some(Step::Through(parent)) => {
                    if trait_object(self.names.text(*parent)).is_some() {
                        steps.push(format!("`{of}` behind `{}`", shown(self.names.text(*parent))));
                    }
                    at = *parent;
                }
                Some(Step::Content(parent, content)) => {
                    steps.push(match at == *content {
                        true => format!("`State<{of}>`"),
                        false => format!(
                            "`{of}`, which does not derive `Migrate`, in `{}` of a `State<{}>`",
                            shown(self.names.text(*parent)),
                            shown(self.names.text(*content))
                        ),
                    });
                    break;
                }
                Some(Step::Identity) => {
                    steps.push(format!("`TypeId::of::<{of}>()`, by which values are found"));
                    break;
                }
                None => break,
            }
        }
        steps.reverse();
        steps.join(" -> ")
    }
}

/// The traits of a trait object: `dyn game::Shape`, `(dyn game::Shape + core::marker::Send)`.
fn trait_object(name: &str) -> Option<&str> {
    name.trim_start_matches('(').strip_prefix("dyn ")
}

/// The path of the trait of a trait object.
pub(super) fn principal(name: &str) -> Option<&str> {
    trait_object(name).map(bare)
}

/// The path of the first trait of several, without its arguments.
fn bare(traits: &str) -> &str {
    traits.split(['<', ')', ' ']).next().unwrap_or_default()
}
