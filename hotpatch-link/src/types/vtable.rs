//! What lies in a vtable. Debug information tells how many methods a trait object has, not in which order: the functions
//! that the slots point to tell it.

use crate::names::{Name, Names};
use crate::object_file::{ObjectFile, Role, SectionId, SymbolPlace};

use super::table::Slot;

/// Drop glue, size and alignment.
const HEADER: u64 = 3 * POINTER;
const POINTER: u64 = 8;

/// The trait in `<game::Square as game::Shape>::{vtable}`.
pub(super) fn implemented_trait(name: &str) -> Option<&str> {
    let inner = name.strip_suffix(">::{vtable}")?;
    inner.rsplit_once(" as ").map(|(_, name)| name)
}

/// The slots of a vtable that begins at a place in a section.
pub(super) fn slots(
    object: &ObjectFile,
    (section, start): (SectionId, u64),
    size: u64,
    names: &mut Names,
) -> Vec<Slot> {
    let relocations = &object.section(section).relocations;
    let slots = (HEADER..size).step_by(POINTER as usize);
    slots
        .map(|offset| {
            let at = start + offset;
            let first = relocations.partition_point(|relocation| relocation.offset < at);
            let Some(relocation) = relocations.get(first).filter(|found| found.offset == at) else {
                return Slot::new();
            };
            let symbol = &object.symbols[relocation.symbol];
            let mut targets = match symbol.place {
                SymbolPlace::Section(id) if object.section(id).role == Role::Code => {
                    let value = symbol.value.wrapping_add_signed(relocation.addend);
                    let definitions = object.section(id).definitions.iter();
                    let definitions = definitions.map(|index| &object.symbols[*index]);
                    definitions
                        .filter(|symbol| symbol.value == value)
                        .map(|symbol| symbol.name)
                        .collect()
                }
                // The vtable of a supertrait.
                SymbolPlace::Section(_) => vec![names.intern(SUPERTRAIT)],
                _ => vec![symbol.name],
            };
            targets.sort();
            targets
        })
        .collect()
}

/// Stands for the vtable of a supertrait.
pub(super) const SUPERTRAIT: &str = "{vtable}";

/// The name of a method, from the path of a function that implements it.
pub(super) fn method(path: &str) -> &str {
    // What adapts a method to its place in a vtable carries its name.
    let path = path.split("{{vtable.shim}}").next().unwrap_or(path);
    let path = path.split("::{shim:").next().unwrap_or(path);
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'<' | b'(' | b'[' => depth += 1,
            // The arrow of a function type closes nothing.
            b'>' if path[..at].ends_with('-') => {}
            b'>' | b')' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => start = at + 1,
            _ => {}
        }
    }
    &path[start..]
}

/// Whether two vtables have the same methods in the same places.
pub(super) fn agree(old: &[Slot], new: &[Slot], names: &Names) -> bool {
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| old.is_empty() && new.is_empty() || pairs(old, new, names).next().is_some())
}

/// The functions of two slots that implement the same method.
pub(super) fn pairs<'a>(
    old: &'a Slot,
    new: &'a Slot,
    names: &'a Names,
) -> impl Iterator<Item = (Name, Name)> + 'a {
    let named = |target: &Name| method(names.path(*target));
    old.iter().flat_map(move |old| {
        let same = new.iter().filter(move |new| named(old) == named(new));
        same.map(|new| (*old, *new))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_named_under_both_manglings() {
        for (path, expected) in [
            ("<game::Square as game::Shape>::area", "area"),
            ("game::Shape::perimeter", "perimeter"),
            ("<game::Grid<fn(u8) -> u32> as game::Shape<u8>>::area", "area"),
            ("game::Shape::eat{{vtable.shim}}", "eat"),
            ("<game::Square as game::Shape>::eat::{shim:vtable#0}", "eat"),
            ("game::main::{{closure}}", "{{closure}}"),
        ] {
            assert_eq!(method(path), expected, "{path}");
        }
    }

    #[test]
    fn the_trait_of_a_vtable_is_known() {
        let name = "<game::Grid<u8 as Odd> as game::Shape<u8>>::{vtable}";
        assert_eq!(implemented_trait(name), Some("game::Shape<u8>"));
        assert_eq!(implemented_trait("game::TABLE"), None);
    }
}
