//! What must hold before new code may meet live state: signatures, statics and layouts agree.

use hotpatch_abi::code;
use rustc_hash::FxHashSet as HashSet;

use crate::live::Live;
use crate::names::{Name, Names};
use crate::program::{Content, Program};
use crate::selection::{Body, Selection};
use crate::states::States;
use crate::types::{KnownTypes, TypeTable};
use crate::{Error, Subject};

/// The types of everything that was ever live, and which objects they were read from.
#[derive(Debug, Default)]
pub(crate) struct Safety {
    known: KnownTypes,
    objects: HashSet<Content>,
}

impl Safety {
    /// Learns the types of a program that is live now.
    pub(crate) fn learn(&mut self, program: &Program) {
        let objects = program.objects.iter();
        let new: Vec<_> = objects
            .filter(|object| self.objects.insert(object.content))
            .collect();
        self.known.learn(new.into_iter().map(|object| &object.types));
    }

    /// Checks a patch against everything that is live.
    ///
    /// # Errors
    ///
    /// `HP0201`, `HP0301` or `HP0203`, with what changed.
    pub(crate) fn check(
        &self,
        program: &Program,
        live: &Live,
        selection: &Selection,
        states: &States,
        names: &Names,
    ) -> Result<(), Error> {
        let first = selection
            .published
            .values()
            .map(|function| function.path.as_str())
            .min()
            .unwrap_or_default();
        self.layouts(program, first, names)?;
        for (name, new) in self.new_tables(program).flat_map(|table| &table.statics) {
            let old = states
                .get(*name)
                .and_then(|state| self.known.static_type(state.name));
            if let Some(old) = old.filter(|old| old != new) {
                let (name, old, new) = (names.path(*name), names.text(old), names.text(*new));
                let message = format!("cannot patch `{first}`: the type of static `{name}` changed");
                return Err(Error::new(code::STATIC_LAYOUT, message)
                    .about(Subject::of_static(name))
                    .label_as(format!("`{old}` -> `{new}`")));
            }
        }
        self.signatures(program, live, selection, states, names)
    }

    /// Checks the types that live state may contain. `subject` is what cannot be patched otherwise.
    ///
    /// # Errors
    ///
    /// `HP0203`, with what changed.
    pub(crate) fn layouts(&self, program: &Program, subject: &str, names: &Names) -> Result<(), Error> {
        if let Some(change) = self.known.layout_change(self.new_tables(program), names) {
            let message = format!("cannot patch `{subject}`: {} changed", change.what);
            let mut differences = change.differences.into_iter();
            let mut error = Error::new(code::LAYOUT, message).about(change.subject);
            if let Some(first) = differences.next() {
                error = error.label_as(first);
            }
            let error = differences.fold(error, Error::note);
            let error = error.note(format!("reached by {}", change.path));
            return Err(match others(&change.others) {
                Some(others) => error.note(others),
                None => error,
            });
        }
        Ok(())
    }

    fn new_tables<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = &'a TypeTable> {
        let objects = program.objects.iter();
        objects
            .filter(|object| !self.objects.contains(&object.content))
            .map(|object| &object.types)
    }

    /// An entry is named after the tokens of its signature; this finds tokens that have come to mean another type.
    fn signatures(
        &self,
        program: &Program,
        live: &Live,
        selection: &Selection,
        states: &States,
        names: &Names,
    ) -> Result<(), Error> {
        for function in selection.published.values() {
            let Body::New(body) = function.body else { continue };
            let Some(new) = program.id(body) else { continue };
            let old = live.body(function.entry.path, new.path);
            let old = old.and_then(|version| live.image(version.image).program.id(version.atom));
            let Some(old) = old.filter(|_| states.get(function.entry.linkage).is_some()) else {
                continue;
            };
            let tables = &program.object(body).types.signatures;
            let described = tables.iter().find(|(name, _)| *name == new.linkage);
            let note = match (self.known.signature(old.linkage), described) {
                (Some(old), Some((_, new))) if old == new => continue,
                (Some(old), Some((_, new))) => {
                    format!("`{}` -> `{}`", signature(old, names), signature(new, names))
                }
                // Without debug information: legacy names carry a hash of the signature.
                _ if old.linkage == new.linkage => continue,
                _ => "a type of the signature was replaced by another of the same name".to_owned(),
            };
            let path = &function.path;
            let message = format!("cannot patch `{path}`: its signature means other types than before");
            return Err(Error::new(code::SIGNATURE, message)
                .about(Subject::of_function(path))
                .label_as(note));
        }
        Ok(())
    }
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
