//! Function pointers that lead to themselves: `struct Node { visit: fn(&Node) }`. The compiler writes a marker where it
//! meets one inside itself, and where that is depends on where it began. The marker agrees with every function pointer.

use super::table::{Member, Type, Variant};
use crate::names::{Name, Names};

const MARKER: &str = "<recur_type>";

/// Whether a type is written in terms of a function pointer that surrounds it.
pub(super) fn is_cut(name: &str) -> bool {
    name.contains(MARKER)
}

/// Whether two descriptions are the same up to the markers.
pub(super) fn agree(old: &Type, new: &Type, names: &Names) -> bool {
    let fields = || old.fields().chain(new.fields());
    if !fields().any(|field| is_cut(names.text(field.of))) && !is_cut(names.text(old.name)) {
        return false;
    }
    let members = |old: &[Member], new: &[Member]| {
        old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| {
                (old.name, old.offset) == (new.name, new.offset) && same(old.of, new.of, names)
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

fn same(old: Name, new: Name, names: &Names) -> bool {
    let (old_text, new_text) = (names.text(old), names.text(new));
    old == new
        || (is_cut(old_text) || is_cut(new_text))
            && without_functions(old_text) == without_functions(new_text)
}

/// A type with every function pointer in it shortened to the marker.
fn without_functions(mut text: &str) -> String {
    let mut shortened = String::new();
    while let Some(start) = text.find("fn(") {
        let before = text[..start].trim_end_matches("unsafe ");
        shortened += before;
        shortened += MARKER;
        text = &text[start + function_len(&text[start..])..];
    }
    shortened + text
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
            same(old, new, &names)
        };
        assert!(same("[<recur_type>; 3]", "[fn(core::option::Option<a::B>); 3]"));
        assert!(same("(<recur_type>, u8)", "(fn(&a::B) -> Vec<(u8, u8)>, u8)"));
        assert!(!same("[<recur_type>; 3]", "[u64; 3]"));
        assert!(!same("fn(u8)", "fn(u16)"));
    }
}
