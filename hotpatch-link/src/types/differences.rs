//! What is different between two descriptions of a type, one line for each field or variant.

use super::shown::{field, shown};
use super::table::{Member, Slot, Type, Variant};
use super::vtable;
use crate::names::{Name, Names};

/// The first field, variant or value of a new type that the old one does not have as it is, in memory.
pub(super) fn first_changed(old: &Type, new: &Type) -> Option<Name> {
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
        .or_else(|| variant().map(|variant| variant.name))
        .or_else(|| enumerator().map(|(name, _)| *name))
}

/// The differences, never none.
pub(super) fn differences(old: &Type, new: &Type, names: &Names) -> Vec<String> {
    let mut lines = Lines {
        names,
        lines: Vec::new(),
    };
    lines.members("", &old.members, &new.members);
    lines.variants(&old.variants, &new.variants);
    lines.enumerators(&old.enumerators, &new.enumerators);
    let name = shown(names.text(new.name));
    for (what, old, new) in [("size", old.size, new.size), ("alignment", old.align, new.align)] {
        if old != new {
            lines.lines.push(format!("{what} of {name} {old} -> {new}"));
        }
    }
    if lines.lines.is_empty() {
        lines.lines.push("its type parameters changed".to_owned());
    }
    lines.lines
}

/// The differences between the methods of a trait, by their places.
pub(super) fn methods(old: &[Slot], new: &[Slot], names: &Names) -> String {
    let shown = |target| match vtable::method(names.path(target)) {
        vtable::SUPERTRAIT => "(a supertrait)",
        method => method,
    };
    let list = |slots: &[Slot]| {
        let names = slots.iter().filter_map(|slot| Some(shown(*slot.first()?)));
        names.collect::<Vec<_>>().join(", ")
    };
    format!("{} -> {}", list(old), list(new))
}

/// The difference between what a method returned and took besides `self`, and what it does now.
pub(super) fn signature(method: &str, old: &[Name], new: &[Name], names: &Names) -> String {
    let text = |types: &[Name]| {
        let types: Vec<_> = types.iter().map(|of| shown(names.text(*of))).collect();
        let (returns, takes) = types
            .split_first()
            .map_or(("()", &[][..]), |(first, rest)| (first.as_ref(), rest));
        match returns {
            "()" => format!("({})", takes.join(", ")),
            returns => format!("({}) -> {returns}", takes.join(", ")),
        }
    };
    format!("{method}{} is now {method}{}", text(old), text(new))
}

/// How many fields that only moved are told one by one.
const TOLD_MOVES: usize = 4;

struct Lines<'a> {
    names: &'a Names,
    lines: Vec<String>,
}

impl Lines<'_> {
    fn members(&mut self, prefix: &str, old: &[Member], new: &[Member]) {
        // A future may keep a variable in several places; what is as it was needs no line.
        let changed: Vec<_> = new.iter().filter(|member| !old.contains(member)).collect();
        let gone: Vec<_> = old.iter().filter(|member| !new.contains(member)).collect();
        // Where much has moved, what made it move says more.
        let is_moved = |member: &&Member| {
            old.iter()
                .any(|known| (known.name, known.of) == (member.name, member.of))
        };
        let moved = changed.iter().filter(|member| is_moved(member)).count();
        let are_moves_told = moved <= TOLD_MOVES;
        for member in &changed {
            if is_moved(member) && !are_moves_told {
                continue;
            }
            match gone.iter().find(|known| known.name == member.name) {
                None => {
                    let shown = self.member(prefix, member);
                    self.push(format!("new {shown}, offset {}", member.offset));
                }
                Some(before) => {
                    let line = self.changed(prefix, before, member);
                    self.push(line);
                }
            }
        }
        for member in &gone {
            if changed.iter().all(|known| known.name != member.name) {
                let shown = self.member(prefix, member);
                self.push(format!("{shown} is gone, offset {}", member.offset));
            }
        }
        if !are_moves_told {
            self.push(format!("{moved} fields that only moved"));
        }
    }

    fn changed(&self, prefix: &str, before: &Member, after: &Member) -> String {
        let moved = if before.offset == after.offset {
            format!("offset {}", before.offset)
        } else {
            format!("offset {} -> {}", before.offset, after.offset)
        };
        let (old, new) = (self.member(prefix, before), self.member(prefix, after));
        if before.of == after.of {
            format!("{new}, {moved}")
        } else if old == new {
            // Two types of one name: only their paths tell them apart.
            let (old, new) = (self.names.text(before.of), self.names.text(after.of));
            format!("{}: {old} -> {new}, {moved}", self.label(prefix, after))
        } else {
            format!("{old} -> {new}, {moved}")
        }
    }

    fn variants(&mut self, old: &[Variant], new: &[Variant]) {
        for variant in new {
            let name = self.names.text(variant.name);
            let Some(prefix) = variant_prefix(name) else {
                continue;
            };
            match old.iter().find(|known| known.name == variant.name) {
                None => {
                    let fields: Vec<_> = variant
                        .members
                        .iter()
                        .map(|member| self.member("", member))
                        .collect();
                    let fields = match fields.is_empty() {
                        true => String::new(),
                        false => format!(" {{ {} }}", fields.join(", ")),
                    };
                    self.push(format!("new variant {name}{fields}"));
                }
                Some(before) => {
                    self.members(&prefix, &before.members, &variant.members);
                    if before.discriminant != variant.discriminant {
                        let value = |value: Option<i128>| {
                            value.map_or("any other".to_owned(), |value| value.to_string())
                        };
                        let (old, new) = (value(before.discriminant), value(variant.discriminant));
                        self.push(format!("variant {name}, value {old} -> {new}"));
                    }
                }
            }
        }
        for variant in old {
            let name = self.names.text(variant.name);
            if variant_prefix(name).is_some() && new.iter().all(|known| known.name != variant.name) {
                self.push(format!("variant {name} is gone"));
            }
        }
    }

    fn enumerators(&mut self, old: &[(Name, i128)], new: &[(Name, i128)]) {
        for (name, value) in new {
            let text = self.names.text(*name);
            match old.iter().find(|(known, _)| known == name) {
                None => self.push(format!("new variant {text}, value {value}")),
                Some((_, before)) if before != value => {
                    self.push(format!("variant {text}, value {before} -> {value}"));
                }
                Some(_) => {}
            }
        }
        for (name, _) in old {
            if new.iter().all(|(known, _)| known != name) {
                self.push(format!("variant {} is gone", self.names.text(*name)));
            }
        }
    }

    fn member(&self, prefix: &str, member: &Member) -> String {
        format!(
            "{}: {}",
            self.label(prefix, member),
            shown(self.names.text(member.of))
        )
    }

    fn label(&self, prefix: &str, member: &Member) -> String {
        format!("{prefix}{}", field(self.names.text(member.name)))
    }

    fn push(&mut self, line: String) {
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }
}

/// How the fields of a variant are told from others. The states of a future have no names that anybody wrote: its
/// variables stand for themselves, and what it holds when it has ended is no news.
fn variant_prefix(variant: &str) -> Option<String> {
    match variant {
        "Returned" | "Panicked" => None,
        "Unresumed" => Some(String::new()),
        _ if variant
            .strip_prefix("Suspend")
            .is_some_and(|number| number.parse::<u32>().is_ok()) =>
        {
            Some(String::new())
        }
        _ => Some(format!("{variant}.")),
    }
}
