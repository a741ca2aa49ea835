//! Which changed types matter: those that live state may contain.
//!
//! State crosses from old code to new code through the arguments of hot functions, through statics and thread-locals,
//! and through what these lead to: pointers, collections, trait objects. A type that changed and is reached by none of
//! them lives only inside calls that run one version of the code from beginning to end.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::differences::{self, differences};
use super::known::KnownTypes;
use super::reach::{self, Reached};
use super::shown::{self, Anonymous, shown};
use super::table::{Type, TypeTable};
use crate::Subject;
use crate::names::{Name, Names};

/// A type that matters has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayoutChange {
    /// Where it is written.
    pub(crate) subject: Subject,
    /// What it is that changed: "the layout of `game::Player`".
    pub(crate) what: String,
    /// What changed, one line for each field or variant.
    pub(crate) differences: Vec<String>,
    /// How live state leads to it.
    pub(crate) path: String,
    /// The other types that changed and matter.
    pub(crate) others: Vec<String>,
    /// Whether the type says how it is migrated.
    pub(crate) migrates: bool,
}

/// A change that may matter.
enum Changed<'a> {
    Layout(&'a Type),
    /// The methods of a trait that trait objects have: what is different.
    Methods(String),
}

impl KnownTypes {
    /// Finds a changed type that live state may contain, in what new objects say.
    pub(crate) fn layout_change<'a>(
        &'a self,
        tables: impl IntoIterator<Item = &'a TypeTable>,
        names: &'a Names,
    ) -> Option<LayoutChange> {
        let (changed, reached) = self.changed(tables, names)?;
        let (name, change) = self.innermost(&changed, names)?;
        let mut others: Vec<_> = changed.keys().filter(|other| **other != name).collect();
        others.retain(|other| shown::is_of_user(names.text(**other)));
        others.sort_by_key(|other| names.text(**other));
        Some(LayoutChange {
            path: reached.path(name),
            others: others
                .into_iter()
                .map(|other| names.text(*other).to_owned())
                .collect(),
            migrates: self.migrates.contains(&name),
            ..self.described(name, change, names)?
        })
    }

    /// All changes that live state may meet.
    fn changed<'a>(
        &'a self,
        tables: impl IntoIterator<Item = &'a TypeTable>,
        names: &'a Names,
    ) -> Option<(HashMap<Name, Changed<'a>>, Reached<'a>)> {
        let mut changed: HashMap<Name, Changed<'a>> = HashMap::default();
        let mut traits: Vec<(&str, Changed<'a>)> = Vec::new();
        let tables: Vec<_> = tables.into_iter().collect();
        let methods = tables.iter().flat_map(|table| &table.methods);
        let methods: HashMap<_, _> = methods.map(|(name, types)| (*name, types.as_slice())).collect();
        for table in tables {
            for described in table
                .types
                .iter()
                .filter(|described| !self.agrees(described, names))
            {
                changed.insert(described.name, Changed::Layout(described));
            }
            for vtable in &table.vtables {
                if let Some(difference) = self.other_methods(vtable, &methods, names) {
                    traits.push((names.text(vtable.of), Changed::Methods(difference)));
                }
            }
        }
        let renewed = self.renewed_methods(&methods, names);
        traits.extend(renewed.map(|(of, difference)| (names.text(of), Changed::Methods(difference))));
        if changed.is_empty() && traits.is_empty() {
            return None;
        }
        let reached = Reached::of(self, names);
        for (of, change) in traits {
            if let Some(object) = reached.trait_object(of) {
                changed.insert(object, change);
            }
        }
        changed.retain(|name, _| reached.contains(*name));
        Some((changed, reached))
    }

    /// The full names of all changed types that live state may contain.
    #[cfg(test)]
    pub(super) fn changes<'a>(
        &'a self,
        tables: impl IntoIterator<Item = &'a TypeTable>,
        names: &'a Names,
    ) -> Vec<&'a str> {
        let changed = self.changed(tables, names);
        let types = changed.into_iter().flat_map(|(changed, _)| changed.into_keys());
        types.map(|name| names.text(name)).collect()
    }

    /// The innermost change explains the others: the first by name of those that contain no other one.
    fn innermost<'c>(
        &self,
        changed: &'c HashMap<Name, Changed<'_>>,
        names: &Names,
    ) -> Option<(Name, &'c Changed<'c>)> {
        let mut candidates: Vec<_> = changed.iter().collect();
        candidates.sort_by_key(|(name, _)| (!shown::is_of_user(names.text(**name)), names.text(**name)));
        let is_innermost = |(_, change): &&(&Name, &Changed<'_>)| match change {
            Changed::Methods(..) => true,
            Changed::Layout(new) => !self.holds_changed(new, changed, names),
        };
        let (name, change) = candidates.iter().find(is_innermost).or(candidates.first())?;
        Some((**name, *change))
    }

    /// Whether another changed type is a part of values of this one, at any depth.
    fn holds_changed(&self, of: &Type, changed: &HashMap<Name, Changed<'_>>, names: &Names) -> bool {
        let mut open: Vec<Name> = of.fields().map(|field| field.of).collect();
        let mut seen: HashSet<Name> = [of.name].into_iter().collect();
        while let Some(part) = open.pop() {
            if !seen.insert(part) {
                continue;
            }
            if matches!(changed.get(&part), Some(Changed::Layout(_))) {
                return true;
            }
            let is_array = names.text(part).starts_with('[');
            for described in self.types.get(&part).into_iter().flatten() {
                open.extend(described.fields().map(|field| field.of));
                open.extend(described.leads_to.iter().filter(|_| is_array));
            }
        }
        false
    }

    fn described(&self, name: Name, change: &Changed<'_>, names: &Names) -> Option<LayoutChange> {
        let text = names.text(name);
        let owner = shown::owner(text);
        let what = match &owner {
            Some((Anonymous::Closure, of)) => format!("what a closure of `{of}` captures"),
            Some((Anonymous::Future, of)) => format!("the state of the future of `{of}`"),
            None => format!("the layout of `{text}`"),
        };
        let (subject, what, differences) = match change {
            Changed::Layout(new) => {
                let old = self.types[&name].last()?;
                let field = differences::first_changed(old, new);
                let subject = match owner {
                    Some((_, path)) => Subject::Function { path },
                    None => Subject::Type {
                        path: text.to_owned(),
                        field: field.map(|field| names.text(field).to_owned()),
                    },
                };
                (subject, what, differences(old, new, names))
            }
            Changed::Methods(difference) => {
                let path = reach::principal(text).unwrap_or(text).to_owned();
                let what = format!("the methods of the trait objects `{}`", shown(text));
                let subject = Subject::Type { path, field: None };
                (subject, what, vec![difference.clone()])
            }
        };
        Some(LayoutChange {
            subject,
            what,
            differences,
            path: String::new(),
            others: Vec::new(),
            migrates: false,
        })
    }

    /// The type of a static or thread-local.
    pub(crate) fn static_type(&self, name: Name) -> Option<Name> {
        self.statics.get(&name).copied()
    }

    /// The types that a body returns and takes, if they are known.
    pub(crate) fn signature(&self, body: Name) -> Option<&[Name]> {
        self.signatures.get(&body).map(Vec::as_slice)
    }

    /// What the arguments of a body are called, if that is known.
    pub(crate) fn arguments(&self, body: Name) -> Option<&[Name]> {
        self.arguments.get(&body).map(Vec::as_slice)
    }
}
