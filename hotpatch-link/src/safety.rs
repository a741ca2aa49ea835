//! What must hold before new code may meet live state: signatures, statics and layouts agree.

use hotpatch_abi::code;
use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::Error;
use crate::live::{BASE, Live};
use crate::names::{Name, Names};
use crate::object_file::Role;
use crate::program::{Content, Program};
use crate::selection::{Body, Selection};
use crate::types::{KnownTypes, TypeTable};

/// The types of everything that was ever live, and which objects they were read from.
#[derive(Debug, Default)]
pub(crate) struct Safety {
    known: KnownTypes,
    objects: HashSet<Content>,
}

impl Safety {
    /// Learns the types of a program that is live now.
    pub(crate) fn learn(&mut self, program: &Program) {
        for object in &program.objects {
            if self.objects.insert(object.content) {
                self.known.add(&object.types);
            }
        }
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
        names: &Names,
    ) -> Result<(), Error> {
        let first = selection
            .published
            .values()
            .map(|function| function.path.as_str())
            .min()
            .unwrap_or_default();
        if let Some((name, old, new)) = self.known.static_change(self.new_tables(program)) {
            let (name, old, new) = (names.demangled(name), names.text(old), names.text(new));
            let message = format!("cannot patch `{first}`: the type of static `{name}` changed");
            return Err(Error::new(code::STATIC_LAYOUT, message).note(format!("`{old}` -> `{new}`")));
        }
        if let Some(change) = self.known.layout_change(self.new_tables(program), names) {
            let message = format!("cannot patch `{first}`: the layout of `{}` changed", change.name);
            let error = Error::new(code::LAYOUT, message);
            let error = change.differences.into_iter().fold(error, Error::note);
            return Err(error.note(format!("reached by {}", change.path)));
        }
        if let Some((new, old)) = self.replaced_static(program, selection, names) {
            let message = format!(
                "cannot patch `{first}`: the type of static `{}` changed",
                names.demangled(new)
            );
            let types = [old, new].map(|name| {
                let tables = program.objects.iter().flat_map(|object| &object.types.statics);
                let of = self
                    .known
                    .static_type(name)
                    .or_else(|| tables.clone().find(|of| of.0 == name).map(|of| of.1));
                of.map_or("?", |of| names.text(of))
            });
            return Err(
                Error::new(code::STATIC_LAYOUT, message).note(format!("`{}` -> `{}`", types[0], types[1]))
            );
        }
        self.signatures(program, live, selection, names)
    }

    fn new_tables<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = &'a TypeTable> {
        let objects = program.objects.iter();
        objects
            .filter(|object| !self.objects.contains(&object.content))
            .map(|object| &object.types)
    }

    /// A static that the patch would add in the place of one that is gone: under legacy mangling, a static whose type
    /// changed has another name. The new name and the old one.
    fn replaced_static(
        &self,
        program: &Program,
        selection: &Selection,
        names: &Names,
    ) -> Option<(Name, Name)> {
        let added: HashMap<String, Name> = selection
            .included
            .iter()
            .filter(|atom| matches!(program.section(**atom).role, Role::Variable | Role::ThreadLocal))
            .filter_map(|atom| program.title(*atom))
            .filter(|name| !names.text(*name).contains(ENTRY_PREFIX))
            .map(|name| (names.demangled(name), name))
            .collect();
        if added.is_empty() {
            return None;
        }
        let is_gone = |name: Name| {
            program
                .objects
                .iter()
                .all(|object| !object.file.defined.contains_key(&name))
        };
        self.known.statics().find_map(|old| {
            let new = *added.get(&names.demangled(old))?;
            (new != old && is_gone(old)).then_some((new, old))
        })
    }

    /// An entry is named after the tokens of its signature; this finds tokens that have come to mean another type.
    fn signatures(
        &self,
        program: &Program,
        live: &Live,
        selection: &Selection,
        names: &Names,
    ) -> Result<(), Error> {
        for function in selection.published.values() {
            let Body::New(body) = function.body else { continue };
            if live.state(function.entry).is_none() {
                continue;
            }
            let Some(new) = program.stable_title(body) else {
                continue;
            };
            let refused = |note: String| {
                let message = format!(
                    "cannot patch `{}`: its signature means other types than before",
                    function.path
                );
                Error::new(code::SIGNATURE, message).note(note)
            };
            let described = program
                .object(body)
                .types
                .signatures
                .iter()
                .find(|(name, _)| *name == new);
            if let (Some(old), Some((_, new))) = (self.known.signature(new), described)
                && old != new
            {
                return Err(refused(format!(
                    "`{}` -> `{}`",
                    signature(old, names),
                    signature(new, names)
                )));
            }
            // Legacy names carry a hash of the signature: the function as built has another one.
            let is_same = live.image(BASE).functions.contains_key(&new)
                || live
                    .table
                    .get(&function.entry)
                    .and_then(|version| live.image(version.image).program.stable_title(version.atom))
                    == Some(new);
            if !is_same {
                return Err(refused(
                    "a type of the signature was replaced by another of the same name".to_owned(),
                ));
            }
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
