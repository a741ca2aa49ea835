//! Function pointers that lead to themselves: `struct Node { visit: fn(&Node) }`. The compiler writes a marker where it
//! meets one inside itself, and where that is depends on where it began. The marker agrees with every function pointer
//! that was known before and leads to the type in which it stands.

use super::table::{Member, Type, Variant};
use crate::names::{Name, Names};

const MARKER: &str = "<recur_type>";

/// Whether a type is written in terms of a function pointer that surrounds it.
pub(super) fn is_cut(name: &str) -> bool {
    name.contains(MARKER)
}

/// Whether two descriptions are the same up to the markers. `leads` tells whether a type leads to another one.
pub(super) fn agree(old: &Type, new: &Type, names: &Names, leads: impl Fn(Name, Name) -> bool) -> bool {
    let fields = || old.fields().chain(new.fields());
    if !fields().any(|field| is_cut(names.text(field.of))) && !is_cut(names.text(old.name)) {
        return false;
    }
    let surrounds = |function: &str| {
        names
            .get(function)
            .is_some_and(|function| leads(function, new.name))
    };
    let members = |old: &[Member], new: &[Member]| {
        old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| {
                (old.name, old.offset) == (new.name, new.offset) && same(old.of, new.of, names, surrounds)
            })
    };
    let variant = |(old, new): (&Variant, &Variant)| {
        (old.name, old.discriminant) == (new.name, new.discriminant) && members(&old.members, &new.members)
    };
    (old.size, old.align, &old.enumerators) == (new.size, new.align, &new.enumerators)
        && members(&old.members, &new.members)
        && old.variants.len() == new.variants.len()
        && old.variants.iter().zip(&new.variants).all(variant)
}

fn same(old: Name, new: Name, names: &Names, surrounds: impl Fn(&str) -> bool) -> bool {
    let (old_text, new_text) = (names.text(old), names.text(new));
    if old == new {
        return true;
    }
    let ((old, old_functions), (new, new_functions)) = (split(old_text), split(new_text));
    // Where one has the marker, the other one has what the marker stands for.
    let mut pairs = old_functions.into_iter().zip(new_functions);
    (is_cut(old_text) || is_cut(new_text))
        && old == new
        && pairs.all(|(old, new)| match (old == MARKER, new == MARKER) {
            (true, false) => surrounds(new),
            (false, true) => surrounds(old),
            _ => old == new,
        })
}

/// A type with the marker for every function pointer in it, and these, or the markers that it had.
fn split(mut text: &str) -> (String, Vec<&str>) {
    let (mut rest, mut functions) = (String::new(), Vec::new());
    loop {
        let function = ["unsafe fn(", "fn(", MARKER]
            .into_iter()
            .filter_map(|start| text.find(start))
            .min();
        let Some(start) = function else {
            return (rest + text, functions);
        };
        let (before, found) = text.split_at(start);
        let len = match found.starts_with(MARKER) {
            true => MARKER.len(),
            false => function_len(found),
        };
        rest += before;
        rest += MARKER;
        functions.push(&found[..len]);
        text = &found[len..];
    }
}

/// The length of the function pointer at the start of a text.
fn function_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut end_of_arguments = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'<' => depth += 1,
            b'>' if text[..at].ends_with('-') => {}
            b')' | b']' | b'>' if depth == 0 => return at,
            b')' | b']' | b'>' => depth -= 1,
            b',' | b';' if depth == 0 => return at,
            _ => {}
        }
        if depth == 0 && byte == b')' && end_of_arguments.is_none() {
            end_of_arguments = Some(at + 1);
            if !text[at + 1..].starts_with(" -> ") {
                return at + 1;
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_agrees_with_function_pointers_only() {
        let mut names = Names::default();
        let mut same = |old: &str, new: &str| {
            let (old, new) = (names.intern(old), names.intern(new));
            super::same(old, new, &names, |function| function.contains("a::B"))
        };
        assert!(same("[<recur_type>; 3]", "[fn(core::option::Option<a::B>); 3]"));
        assert!(same("(<recur_type>, u8)", "(fn(&a::B) -> Vec<(u8, u8)>, u8)"));
        assert!(!same("[<recur_type>; 3]", "[u64; 3]"));
        assert!(!same("[<recur_type>; 3]", "[fn(a::C); 3]"));
        assert!(!same("fn(u8)", "fn(u16)"));
    }
}
