//! Whether two descriptions, of code of different generations, are of one type.

use super::description::{Description, Kind};

/// Whether values of both lie in memory in the same way and mean the same, through all their parts.
pub(super) fn agree(a: &'static Description, b: &'static Description) -> bool {
    same(a, b, &mut Vec::new())
}

type Open = Vec<(*const Description, *const Description)>;

/// `open` are the pairs around this one: a type that contains itself agrees if all else does.
fn same(a: &'static Description, b: &'static Description, open: &mut Open) -> bool {
    if std::ptr::eq(a, b) || open.contains(&(a, b)) {
        return true;
    }
    if (a.version, a.size, a.align) != (b.version, b.size, b.align) || (a.name)() != (b.name)() {
        return false;
    }
    open.push((a, b));
    let same = match (&a.kind, &b.kind) {
        (Kind::Plain, Kind::Plain) => true,
        (Kind::Struct(a), Kind::Struct(b)) => {
            a.len() == b.len()
                && a.iter().zip(*b).all(|(a, b)| {
                    a.name == b.name && a.offset == b.offset && same((a.describe)(), (b.describe)(), open)
                })
        }
        (Kind::Enum { variants: a, .. }, Kind::Enum { variants: b, .. }) => {
            a.len() == b.len()
                && a.iter().zip(*b).all(|(a, b)| {
                    a.name == b.name
                        && a.discriminant == b.discriminant
                        && a.fields.len() == b.fields.len()
                        && a.fields
                            .iter()
                            .zip(b.fields)
                            .all(|(a, b)| a.0 == b.0 && same((a.1)(), (b.1)(), open))
                })
        }
        (Kind::Items { of: a, .. }, Kind::Items { of: b, .. }) => {
            a.len() == b.len() && a.iter().zip(*b).all(|(a, b)| same(a(), b(), open))
        }
        _ => false,
    };
    open.pop();
    same
}

/// Whether both are the same type as far as its author names it, whatever its parts are.
pub(super) fn are_akin(a: &Description, b: &Description) -> bool {
    let kinds = match (&a.kind, &b.kind) {
        (Kind::Struct(_) | Kind::Enum { .. }, Kind::Struct(_) | Kind::Enum { .. }) => true,
        (Kind::Items { of: a, .. }, Kind::Items { of: b, .. }) => a.len() == b.len(),
        _ => false,
    };
    kinds && (a.name)() == (b.name)()
}

/// Whether a type itself is another one: its version, or the names and the types of its fields, but not what these are
/// made of.
pub(super) fn is_altered(a: &Description, b: &Description) -> bool {
    let other = |a: &Description, b: &Description| !(are_akin(a, b) || is_plain_same(a, b));
    if a.version != b.version {
        return true;
    }
    match (&a.kind, &b.kind) {
        (Kind::Struct(a), Kind::Struct(b)) => {
            a.len() != b.len()
                || a.iter().any(|a| {
                    let same = b.iter().find(|b| b.name == a.name);
                    same.is_none_or(|b| other((a.describe)(), (b.describe)()))
                })
        }
        (Kind::Enum { variants: a, .. }, Kind::Enum { variants: b, .. }) => {
            a.len() != b.len()
                || a.iter().any(|a| {
                    let same = b.iter().find(|b| b.name == a.name);
                    same.is_none_or(|b| {
                        a.fields.len() != b.fields.len()
                            || a.fields
                                .iter()
                                .any(|a| match b.fields.iter().find(|b| b.0 == a.0) {
                                    Some(b) => other((a.1)(), (b.1)()),
                                    None => true,
                                })
                    })
                })
        }
        (Kind::Items { .. }, Kind::Items { .. }) | (Kind::Plain, Kind::Plain) => false,
        _ => true,
    }
}

fn is_plain_same(a: &Description, b: &Description) -> bool {
    matches!((&a.kind, &b.kind), (Kind::Plain, Kind::Plain))
        && (a.size, a.align) == (b.size, b.align)
        && (a.name)() == (b.name)()
}
