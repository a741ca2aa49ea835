//! What must hold before new code may meet live state: signatures, statics and layouts agree.

use hotpatch_abi::code;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::entrances::Entrances;
use crate::fingerprint::Fingerprint;
use crate::hot::{self, Body, Types};
use crate::initial::written_path;
use crate::live::Live;
use crate::names::{Name, Names};
use crate::object_file::Role;
use crate::program::{Atom, Content, Program};
use crate::reach;
use crate::selection::{Compared, Selection};
use crate::states::States;
use crate::types::{Identity, KnownTypes, TypeTable};
use crate::{Error, Subject};

/// The types of everything that was ever live, and which objects they were read from.
#[derive(Debug, Default)]
pub(crate) struct Safety {
    known: KnownTypes,
    objects: HashSet<Content>,
    /// The functions that hold the `TypeId` of a type, by type and name.
    identities: HashMap<(Name, Name), HashSet<Fingerprint>>,
}

impl Safety {
    /// Learns the types of a program as built.
    pub(crate) fn learn(&mut self, program: &Program, names: &Names) {
        self.learn_types(program);
        self.learn_entrances(program, names);
        for object in &program.objects {
            for (linkage, of) in &object.types.statics {
                self.known.add_static(*linkage, *of);
            }
        }
    }

    /// Learns the types of a program that a patch was made of. Of its statics, those in the patch are live now.
    pub(crate) fn commit(
        &mut self,
        program: &Program,
        selection: &Selection,
        states: &States,
        names: &Names,
    ) {
        self.learn_types(program);
        self.learn_entrances(program, names);
        for object in &program.objects {
            for linkage in states.reserved.keys() {
                if let Some(of) = object.types.static_type(*linkage) {
                    self.known.add_static(*linkage, of);
                }
            }
        }
        let is_state = |atom: &&Atom| program.section(**atom).role == Role::Variable;
        for atom in selection.included.iter().filter(is_state) {
            let object = program.object(*atom);
            let definitions = object.file.section(atom.section).definitions.iter();
            for linkage in definitions.map(|index| object.file.symbols[*index].id.linkage) {
                if let Some(of) = object.types.static_type(linkage) {
                    self.known.add_static(linkage, of);
                }
            }
        }
    }

    /// Where the bodies are entered matters only if there are values that migrate. As long as there are none, everything
    /// counts as entered outside of them.
    fn learn_entrances(&mut self, program: &Program, names: &Names) {
        let entrances = match self.known.has_contents() {
            true => Entrances::of(program, names),
            false => Entrances {
                free: self.known.bodies().collect(),
                ..Entrances::default()
            },
        };
        self.known.note_entrances(entrances);
    }

    fn learn_types(&mut self, program: &Program) {
        for (identity, fingerprint) in self.new_identities(program).collect::<Vec<_>>() {
            let known = self.identities.entry((identity.of, identity.kind)).or_default();
            known.insert(fingerprint);
        }
        let objects = program.objects.iter();
        let new: Vec<_> = objects
            .filter(|object| self.objects.insert(object.content))
            .collect();
        self.known.learn(new.into_iter().map(|object| &object.types));
    }

    /// Checks a patch against everything that is live. `changed` are the functions that the edit changed.
    ///
    /// # Errors
    ///
    /// `HP0201`, `HP0301` or `HP0203`, with what changed.
    pub(crate) fn check(
        &self,
        compared: Compared<'_>,
        selection: &Selection,
        states: &States,
        changed: &[Atom],
    ) -> Result<(), Error> {
        let Compared {
            program, live, names, ..
        } = compared;
        let first = selection.paths();
        let first = first.first().map(String::as_str);
        self.layouts(program, first, names)?;
        self.identities(program, first, names)?;
        self.statics(compared, states, first)?;
        let replaced = replaced(live, selection, states, names);
        self.signatures(program, &replaced, names)?;
        let stays = |function: &Atom| !selection.included.contains(function);
        if changed.iter().any(stays) {
            self.places(program, &replaced, names)?;
        }
        Ok(())
    }

    /// Explains why nothing could be selected, if a changed type does: it says more than the size of a static that
    /// holds it.
    ///
    /// # Errors
    ///
    /// `HP0203` or `HP0301`, with what changed.
    pub(crate) fn explain(&self, compared: Compared<'_>, states: &States) -> Result<(), Error> {
        self.layouts(compared.program, None, compared.names)?;
        self.statics(compared, states, None)
    }

    /// Checks that the statics that hot functions reach still have the types that they have in the process.
    ///
    /// A function that only returns where a static lies is the same code for any type, so what counts is not whether
    /// new code mentions the static.
    fn statics(&self, compared: Compared<'_>, states: &States, subject: Option<&str>) -> Result<(), Error> {
        let mut changed = self.changed_statics(compared, states);
        // The macro `thread_local!` makes several statics of one; those of plain types say it best.
        changed.sort_by_key(|changed| {
            let [old, new] = &changed.types;
            (changed.path.clone(), old.len() + new.len())
        });
        let is_reached = |changed: &ChangedStatic| {
            let atom = std::iter::once(changed.atom).collect();
            !reach::hot(compared, &atom).is_empty()
        };
        let Some(ChangedStatic { path, atom, types }) = changed.into_iter().find(is_reached) else {
            return Ok(());
        };
        let kind = match compared.program.section(atom).role {
            Role::ThreadLocal => "thread-local",
            _ => "static",
        };
        let message = about(subject, &format!("the type of {kind} `{path}` changed"));
        let [old, new] = types;
        Err(Error::new(code::STATIC_LAYOUT, message)
            .about(Subject::of_static(&path))
            .label_as(format!("`{old}` -> `{new}`")))
    }

    fn changed_statics(&self, compared: Compared<'_>, states: &States) -> Vec<ChangedStatic> {
        let Compared { program, names, .. } = compared;
        let mut changed = Vec::new();
        for (index, object) in program.objects.iter().enumerate() {
            for (symbol, section) in &object.file.variables {
                let linkage = object.file.symbols[*symbol].id.linkage;
                let state = states.get(linkage).map(|state| state.name);
                let candidates = state.iter().chain(states.candidates(linkage));
                let old: Vec<Name> = candidates.filter_map(|name| self.static_type(*name)).collect();
                let Some((first, new)) = old.first().copied().zip(object.types.static_type(linkage)) else {
                    continue;
                };
                if !old.contains(&new) {
                    changed.push(ChangedStatic {
                        path: written_path(names.path(linkage)),
                        atom: Atom {
                            object: index as u32,
                            section: *section,
                        },
                        types: [first, new].map(|of| written_type(names.text(of)).to_owned()),
                    });
                }
            }
        }
        changed
    }

    /// Checks the types that live state may contain. `subject` is what cannot be patched otherwise.
    ///
    /// # Errors
    ///
    /// `HP0203`, with what changed.
    pub(crate) fn layouts(
        &self,
        program: &Program,
        subject: Option<&str>,
        names: &Names,
    ) -> Result<(), Error> {
        if let Some(change) = self.known.layout_change(self.new_tables(program), names) {
            let message = about(subject, &format!("{} changed", change.what));
            let mut differences = change.differences.into_iter();
            let mut error = Error::new(code::LAYOUT, message).about(change.subject);
            if let Some(first) = differences.next() {
                error = error.label_as(first);
            }
            let error = differences.fold(error, Error::note);
            let mut error = error.note(format!("reached by {}", change.path));
            if change.migrates {
                error = error
                    .note("it can be migrated where all of its values are used inside of `State::with` only");
            }
            return Err(match others(&change.others) {
                Some(others) => error.note(others),
                None => error,
            });
        }
        Ok(())
    }

    /// The names of the types of values in `State`s that migrate if this program becomes live.
    pub(crate) fn migrating<'a>(&self, program: &Program, names: &'a Names) -> Vec<&'a str> {
        let migrating = self.known.migrating(self.new_tables(program), names);
        migrating.into_iter().map(|of| names.text(of)).collect()
    }

    /// The type of a static or thread-local in the process, by the name that the process has for it.
    pub(crate) fn static_type(&self, name: Name) -> Option<Name> {
        self.known.static_type(name)
    }

    /// The type of a body that is or was live, as people write it.
    pub(crate) fn signature(&self, body: Name, names: &Names) -> Option<String> {
        self.known.signature(body).map(|types| signature(types, names))
    }

    fn new_tables<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = &'a TypeTable> {
        let objects = program.objects.iter();
        objects
            .filter(|object| !self.objects.contains(&object.content))
            .map(|object| &object.types)
    }

    /// An entry is named after the tokens of its signature; this finds tokens that have come to mean another type.
    fn signatures(&self, program: &Program, replaced: &[Replaced<'_>], names: &Names) -> Result<(), Error> {
        for function in replaced {
            let path = function.path;
            let Some(difference) = self.changed_types(program, function, names) else {
                continue;
            };
            let message = format!("cannot patch `{path}`: its signature means other types than before");
            return Err(Error::new(code::SIGNATURE, message)
                .about(Subject::of_function(path))
                .label_as(difference));
        }
        Ok(())
    }

    /// Checks that no hot function takes its arguments in another order, in an edit that changes code that goes on as it
    /// was: if that code calls the function, it would pass them in the old order.
    fn places(&self, program: &Program, replaced: &[Replaced<'_>], names: &Names) -> Result<(), Error> {
        for function in replaced {
            if let Some(difference) = self.changed_places(program, function, names) {
                let path = function.path;
                let message = format!("cannot patch `{path}`: its arguments changed places");
                return Err(Error::new(code::SIGNATURE, message)
                    .about(Subject::of_function(path))
                    .label_as(difference)
                    .note("code that goes on as it was would pass them in the old order: their types are the same"));
            }
        }
        Ok(())
    }

    /// How the arguments of a hot function are ordered that are the old ones in another order, if they are.
    fn changed_places(&self, program: &Program, function: &Replaced<'_>, names: &Names) -> Option<String> {
        let old = self.known.arguments(function.old)?;
        let arguments = &program.object(function.new.atom).types.arguments;
        let new = arguments.get(&function.new.linkage)?;
        let sorted = |arguments: &[Name]| {
            let mut sorted = arguments.to_vec();
            sorted.sort_unstable();
            sorted
        };
        let written = |arguments: &[Name]| {
            let texts: Vec<_> = arguments.iter().map(|name| names.text(*name)).collect();
            texts.join(", ")
        };
        let is_moved = old != new.as_slice() && sorted(old) == sorted(new);
        is_moved.then(|| format!("`{}` -> `{}`", written(old), written(new)))
    }

    /// Checks that types whose `TypeId` old code keeps have the same one in new code: it changes with the names, the order
    /// and the visibility of fields.
    fn identities(&self, program: &Program, subject: Option<&str>, names: &Names) -> Result<(), Error> {
        let is_other = |(identity, fingerprint): &(Identity, Fingerprint)| {
            let known = self.identities.get(&(identity.of, identity.kind));
            known.is_some_and(|known| !known.contains(fingerprint))
        };
        let mut changed: Vec<_> = self.new_identities(program).filter(is_other).collect();
        changed.sort_by_key(|(identity, _)| names.text(identity.of));
        let Some((Identity { of, .. }, _)) = changed.first() else {
            return Ok(());
        };
        let path = names.text(*of).to_owned();
        let message = about(subject, &format!("the `TypeId` of `{path}` changed"));
        let subject = Subject::Type { path, field: None };
        Err(Error::new(code::LAYOUT, message)
            .about(subject)
            .note("values behind `dyn Any` are found by it: new code would not find those that exist"))
    }

    /// The functions of new objects that hold the `TypeId` of a type.
    fn new_identities(&self, program: &Program) -> impl Iterator<Item = (Identity, Fingerprint)> {
        let objects = program.objects.iter().enumerate();
        let new = objects.filter(|(_, object)| !self.objects.contains(&object.content));
        let identities = new.flat_map(|(index, object)| {
            let identities = object.types.identities.iter();
            identities.map(move |identity| (index as u32, *identity))
        });
        identities.filter_map(|(object, identity)| {
            let function = program.resolve(object, identity.linkage)?;
            program.id(function)?;
            Some((identity, program.deep(function).fingerprint))
        })
    }

    /// How the types differ that a hot function takes and returns, if they do.
    fn changed_types(&self, program: &Program, function: &Replaced<'_>, names: &Names) -> Option<String> {
        let new = function.new;
        let tables = &program.object(new.atom).types.signatures;
        let described = tables.iter().find(|(known, _)| *known == new.linkage);
        let described = self.known.signature(function.old).zip(described);
        let told = function.told;
        let agree = match (told, described) {
            (Some((old, new)), _) => old.agree(new),
            // Where the macro cannot tell.
            (None, Some((old, (_, new)))) => old == new,
            // Legacy names carry a hash of the signature.
            (None, None) => function.old == new.linkage,
        };
        if agree {
            return None;
        }
        let written = told.and_then(|(old, new)| Some((old.text(names)?, new.text(names)?)));
        Some(match (written, described) {
            (Some((old, new)), _) if old != new => format!("`{old}` -> `{new}`"),
            (_, Some((old, (_, new)))) if old != new => {
                format!("`{}` -> `{}`", signature(old, names), signature(new, names))
            }
            _ => "a type of the signature was replaced by another of the same name".to_owned(),
        })
    }
}

/// A body that takes the place of another one.
struct Replaced<'a> {
    path: &'a str,
    /// The name of the old body.
    old: Name,
    new: Body,
    /// What tells the types of both from all others.
    told: Option<(Types, Types)>,
}

/// What a patch replaces. The captures of a closure have been compared before.
fn replaced<'a>(live: &Live, selection: &'a Selection, states: &States, names: &Names) -> Vec<Replaced<'a>> {
    let functions = selection.published.values().filter_map(|function| {
        let old = live.table.get(&function.entry.path)?;
        states.get(function.entry.linkage)?;
        Some(Replaced {
            path: &function.path,
            old: old.linkage,
            new: function.source,
            told: old.types.zip(function.types),
        })
    });
    let instances = selection.instances.iter().filter_map(|(id, instance)| {
        let old = live.instances.get(*id);
        // What describes a type gives the same kind of thing in every generation.
        let has_types = !hot::is_description(names.path(old.body.linkage));
        (has_types && old.captures.is_none()).then_some(Replaced {
            path: &instance.path,
            old: old.body.linkage,
            new: instance.source,
            told: None,
        })
    });
    functions.chain(instances).collect()
}

/// A static or thread-local whose type is not the one that it has in the process.
struct ChangedStatic {
    path: String,
    atom: Atom,
    /// The type in the process, and that in the new objects.
    types: [String; 2],
}

/// The reason, and what it keeps from being patched where that is known.
fn about(subject: Option<&str>, reason: &str) -> String {
    match subject {
        Some(subject) => format!("cannot patch `{subject}`: {reason}"),
        None => reason.to_owned(),
    }
}

/// `core::cell::Cell<u32>` for `std::sys::thread_local::native::lazy::Storage<core::cell::Cell<u32>, ()>`: what
/// `thread_local!` was given.
fn written_type(of: &str) -> &str {
    const STORAGE: &str = "::Storage<";
    let Some((_, inside)) = of
        .split_once(STORAGE)
        .filter(|(module, _)| module.starts_with("std::sys::thread_local::"))
    else {
        return of;
    };
    let mut depth = 0;
    let end = inside.find(|c| {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && c == ',')
    });
    &inside[..end.unwrap_or(inside.len())]
}

fn signature(types: &[Name], names: &Names) -> String {
    let (returned, arguments) = types
        .split_first()
        .map_or(("()", &[][..]), |(first, rest)| (names.text(*first), rest));
    let arguments: Vec<_> = arguments.iter().map(|of| names.text(*of)).collect();
    format!("fn({}) -> {returned}", arguments.join(", "))
}

/// How many other types changed, the first of them by name.
fn others(names: &[String]) -> Option<String> {
    const NAMED: usize = 3;
    let mut text: Vec<_> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(NAMED) {
        None | Some(0) => {}
        Some(more) => text.push(format!("{more} more")),
    }
    let types = if names.len() == 1 { "type" } else { "types" };
    (!text.is_empty()).then(|| {
        format!(
            "and {} more {types} that matter: {}",
            names.len(),
            text.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_thread_locals_are_those_that_their_author_wrote() {
        for (of, written) in [
            (
                "std::sys::thread_local::native::lazy::Storage<core::cell::RefCell<(u8, u8)>, ()>",
                "core::cell::RefCell<(u8, u8)>",
            ),
            (
                "std::sys::thread_local::native::eager::Storage<core::cell::Cell<[u32; 2]>>",
                "core::cell::Cell<[u32; 2]>",
            ),
            ("game::Storage<u32>", "game::Storage<u32>"),
        ] {
            assert_eq!(written_type(of), written);
        }
    }
}
