//! Which changed types matter: those that live state may contain.
//!
//! State crosses from old code to new code through the arguments of hot functions, through statics and thread-locals,
//! and through what these lead to: pointers, collections, trait objects, closures. A type that changed and is reached
//! by none of them lives only inside calls that run one version of the code from beginning to end.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::known::KnownTypes;
use super::table::{Member, Type, TypeTable};
use crate::names::{Name, Names};

/// A type that matters has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayoutChange {
    /// The full name of the type.
    pub(crate) name: String,
    /// The first field or variant of the new type that changed, as the source names it: none if one is only gone.
    pub(crate) field: Option<String>,
    /// What changed, one line for each field or variant.
    pub(crate) differences: Vec<String>,
    /// How live state leads to it.
    pub(crate) path: String,
}

impl KnownTypes {
    /// Finds a changed type that live state may contain, in what new objects say.
    pub(crate) fn layout_change<'a>(
        &self,
        tables: impl IntoIterator<Item = &'a TypeTable>,
        names: &Names,
    ) -> Option<LayoutChange> {
        let mut changed: HashMap<Name, &Type> = HashMap::default();
        for described in tables.into_iter().flat_map(|table| &table.types) {
            if !self.agrees(described) {
                changed.insert(described.name, described);
            }
        }
        if changed.is_empty() {
            return None;
        }
        let reached = self.reach(names);
        // The innermost change explains the others.
        let matters = |name: &Name| reached.came_from.contains_key(name);
        let mut candidates: Vec<_> = changed.values().filter(|new| matters(&new.name)).collect();
        candidates.sort_by_key(|new| names.text(new.name));
        let is_innermost =
            |new: &&&&Type| parts(new).all(|part| part == new.name || !changed.contains_key(&part));
        let new = candidates.iter().find(is_innermost).or(candidates.first())?;
        let old = self.types[&new.name].last()?;
        Some(LayoutChange {
            name: names.text(new.name).to_owned(),
            field: first_changed(old, new).map(|field| names.text(field).to_owned()),
            differences: differences(old, new, names),
            path: reached.path(new.name, names),
        })
    }

    /// The type of a static or thread-local.
    pub(crate) fn static_type(&self, name: Name) -> Option<Name> {
        self.statics.get(&name).copied()
    }

    /// The types that a body takes and returns, if they are known.
    pub(crate) fn signature(&self, body: Name) -> Option<&[Name]> {
        self.signatures.get(&body).map(Vec::as_slice)
    }

    fn reach(&self, names: &Names) -> Reached {
        let mut reached = Reached::default();
        for (variable, of) in &self.statics {
            reached.add(*of, Step::Static(*variable));
        }
        for (function, types) in &self.signatures {
            for (position, of) in types.iter().enumerate() {
                reached.add(*of, Step::Signature(*function, position));
            }
        }
        while let Some(name) = reached.open.pop_front() {
            for described in self.types.get(&name).into_iter().flatten() {
                for member in described
                    .members
                    .iter()
                    .chain(described.variants.iter().map(|v| &v.content))
                {
                    reached.add(member.of, Step::Member(name, member.name));
                }
                for next in &described.leads_to {
                    reached.add(*next, Step::Through(name));
                }
            }
            if let Some(object) = trait_object(names.text(name)) {
                for (trait_name, implementors) in &self.implementors {
                    let bare = names.text(*trait_name).split('<').next().unwrap_or_default();
                    if object.contains(bare) {
                        for implementor in implementors {
                            reached.add(*implementor, Step::Through(name));
                        }
                    }
                }
            }
        }
        reached
    }
}

/// The traits of a trait object: `dyn game::Shape`, `(dyn game::Shape + core::marker::Send)`.
fn trait_object(name: &str) -> Option<&str> {
    let inner = name.trim_start_matches('(');
    inner.starts_with("dyn ").then_some(inner)
}

/// The types that a type is made of.
fn parts(described: &Type) -> impl Iterator<Item = Name> {
    let members = described.members.iter().map(|member| member.of);
    members.chain(described.variants.iter().map(|variant| variant.content.of))
}

#[derive(Clone, Copy)]
enum Step {
    Static(Name),
    Signature(Name, usize),
    Member(Name, Name),
    Through(Name),
}

#[derive(Default)]
struct Reached {
    came_from: HashMap<Name, Step>,
    open: VecDeque<Name>,
}

impl Reached {
    fn add(&mut self, name: Name, step: Step) {
        if let std::collections::hash_map::Entry::Vacant(entry) = self.came_from.entry(name) {
            entry.insert(step);
            self.open.push_back(name);
        }
    }

    /// The way from a root, outermost first.
    fn path(&self, name: Name, names: &Names) -> String {
        let mut steps = Vec::new();
        let mut at = name;
        let mut seen = HashSet::default();
        while seen.insert(at) {
            let of = names.text(at);
            match self.came_from.get(&at) {
                Some(Step::Static(variable)) => {
                    let variable = names.path(*variable);
                    steps.push(format!("static `{variable}: {of}`"));
                    break;
                }
                Some(Step::Signature(function, position)) => {
                    let function = crate::hot::function_path(names.path(*function));
                    steps.push(match position {
                        0 => format!("what `{function}` returns, `{of}`"),
                        _ => format!("argument {position} of `{function}`, `{of}`"),
                    });
                    break;
                }
                Some(Step::Member(parent, field)) => {
                    steps.push(format!("`{}.{}: {of}`", names.text(*parent), names.text(*field)));
                    at = *parent;
                }
                Some(Step::Through(parent)) => {
                    steps.push(format!("`{of}`"));
                    at = *parent;
                }
                None => break,
            }
        }
        steps.reverse();
        steps.dedup();
        steps.join(" -> ")
    }
}

/// The first field, variant or enumerator of a new type that the old one does not have as it is. The compiler orders the
/// fields of a type by offset in memory, not in its description.
fn first_changed(old: &Type, new: &Type) -> Option<Name> {
    let member = new.members.iter().find(|member| !old.members.contains(member));
    let variant = || {
        new.variants
            .iter()
            .find(|variant| !old.variants.contains(variant))
    };
    let enumerator = || {
        new.enumerators
            .iter()
            .find(|known| !old.enumerators.contains(known))
    };
    member
        .map(|member| member.name)
        .or_else(|| variant().map(|variant| variant.content.name))
        .or_else(|| enumerator().map(|(name, _)| *name))
}

fn differences(old: &Type, new: &Type, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    members("", &old.members, &new.members, names, &mut lines);
    let contents = |of: &Type| {
        of.variants
            .iter()
            .map(|variant| variant.content)
            .collect::<Vec<_>>()
    };
    members("variant ", &contents(old), &contents(new), names, &mut lines);
    for (name, value) in &new.enumerators {
        match old.enumerators.iter().find(|(known, _)| known == name) {
            None => lines.push(format!("new variant {}", names.text(*name))),
            Some((_, before)) if before != value => {
                lines.push(format!("variant {}: {before} -> {value}", names.text(*name)));
            }
            Some(_) => {}
        }
    }
    for (name, _) in old
        .enumerators
        .iter()
        .filter(|(name, _)| new.enumerators.iter().all(|(n, _)| n != name))
    {
        lines.push(format!("variant {} is gone", names.text(*name)));
    }
    if old.size != new.size {
        lines.push(format!("size {} -> {}", old.size, new.size));
    }
    if lines.is_empty() {
        lines.push("its type parameters or discriminants changed".to_owned());
    }
    lines
}

fn members(kind: &str, old: &[Member], new: &[Member], names: &Names, lines: &mut Vec<String>) {
    let show = |member: &Member| format!("{kind}{}: {}", names.text(member.name), names.text(member.of));
    for member in new {
        match old.iter().find(|known| known.name == member.name) {
            None => lines.push(format!("new {} at offset {}", show(member), member.offset)),
            Some(before) if before.of != member.of => {
                let moved = match before.offset == member.offset {
                    true => String::new(),
                    false => format!(", offset {} -> {}", before.offset, member.offset),
                };
                lines.push(format!("{} -> {}{moved}", show(before), names.text(member.of)));
            }
            Some(before) if before.offset != member.offset => {
                lines.push(format!(
                    "{}, offset {} -> {}",
                    show(member),
                    before.offset,
                    member.offset
                ));
            }
            Some(_) => {}
        }
    }
    for member in old
        .iter()
        .filter(|member| new.iter().all(|known| known.name != member.name))
    {
        lines.push(format!("{} is gone", show(member)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_changed_field_is_known_by_name() {
        let mut names = Names::default();
        let mut member = |name: &str, offset, of: &str| Member {
            name: names.intern(name),
            offset,
            of: names.intern(of),
        };
        let (id, hp, wide) = (
            member("id", 0, "u32"),
            member("hp", 4, "u16"),
            member("hp", 4, "u32"),
        );
        let name = names.intern("game::Player");
        let player = |members: &[Member]| Type {
            name,
            size: 8,
            members: members.to_vec(),
            variants: Vec::new(),
            enumerators: Vec::new(),
            leads_to: Vec::new(),
        };
        let changed = |old: &[Member], new: &[Member]| first_changed(&player(old), &player(new));
        assert_eq!(changed(&[id, hp], &[id, wide]), Some(hp.name));
        assert_eq!(changed(&[id, hp], &[id]), None);
    }
}
