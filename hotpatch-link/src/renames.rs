//! Statics that may have been renamed: to the process, the one under the new name is another one.

use crate::initial::{Told, Variable};
use crate::names::Name;
use crate::safety::Safety;
use crate::selection::Compared;

/// One sentence for all statics of one type and place that are gone, together with those that are new.
pub(crate) fn notes<'a>(
    added: impl Iterator<Item = &'a Variable>,
    gone: impl Iterator<Item = (Name, &'a Told)>,
    compared: Compared<'_>,
    safety: &Safety,
) -> Vec<String> {
    let gone: Vec<Candidate<'_>> = gone
        .map(|(name, told)| Candidate {
            path: &told.path,
            size: told.size,
            of: safety.static_type(name),
        })
        .collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let added: Vec<Candidate<'_>> = added
        .map(|variable| {
            let types = &compared.program.object(variable.atom).types;
            Candidate {
                path: &variable.path,
                size: variable.size,
                of: types.static_type(variable.linkage),
            }
        })
        .collect();
    groups(&gone, &added)
        .into_iter()
        .map(|(gone, added)| note(&gone, &added))
        .collect()
}

#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    path: &'a str,
    size: u64,
    of: Option<Name>,
}

impl Candidate<'_> {
    /// Whether the author may have meant the same static: of one type, in one module or under one name.
    fn may_be(&self, other: &Self) -> bool {
        fn split(path: &str) -> (&str, &str) {
            path.rsplit_once("::").unwrap_or(("", path))
        }
        let ((module, name), (other_module, other_name)) = (split(self.path), split(other.path));
        self.size == other.size && self.of == other.of && (module == other_module || name == other_name)
    }
}

/// The paths that are gone with those that may stand for them, each in one group only.
fn groups<'a>(gone: &[Candidate<'a>], added: &[Candidate<'a>]) -> Vec<(Vec<&'a str>, Vec<&'a str>)> {
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for old in gone {
        let mut new: Vec<_> = added
            .iter()
            .filter(|new| old.may_be(new))
            .map(|new| new.path)
            .collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(_, known)| *known == new) {
            Some((old_paths, _)) => old_paths.push(old.path),
            None => groups.push((vec![old.path], new)),
        }
    }
    for (old, _) in &mut groups {
        old.sort_unstable();
        old.dedup();
    }
    groups.sort();
    groups
}

fn note(gone: &[&str], added: &[&str]) -> String {
    let is = |paths: &[&str]| if paths.len() == 1 { "is" } else { "are" };
    let (begins, their, value) = match added.len() {
        1 => ("begins", "its", "value"),
        _ => ("begin", "their", "values"),
    };
    let (old, new) = (quoted(gone), quoted(added));
    format!(
        "{old} {} gone and {new} {} new: {new} {begins} with {their} initial {value}, the value of {old} is not carried over",
        is(gone),
        is(added),
    )
}

fn quoted(paths: &[&str]) -> String {
    paths
        .iter()
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Names;

    fn check(gone: &[(&'static str, u64, &str)], added: &[(&'static str, u64, &str)], expected: &[&str]) {
        let mut names = Names::default();
        let mut candidate = |(path, size, of): &(&'static str, u64, &str)| Candidate {
            path,
            size: *size,
            of: Some(names.intern(of)),
        };
        let gone: Vec<_> = gone.iter().map(&mut candidate).collect();
        let added: Vec<_> = added.iter().map(&mut candidate).collect();
        let found: Vec<_> = groups(&gone, &added)
            .iter()
            .map(|(old, new)| note(old, new))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_static_of_the_same_type_and_module_may_be_the_old_one() {
        check(
            &[("game::A", 4, "u32")],
            &[("game::B", 4, "u32")],
            &[
                "`game::A` is gone and `game::B` is new: `game::B` begins with its initial value, the value of `game::A` is \
               not carried over",
            ],
        );
        check(&[("game::A", 4, "u32")], &[("game::B", 4, "f32")], &[]);
        check(&[("game::A", 4, "u32")], &[("game::ui::B", 4, "u32")], &[]);
    }

    #[test]
    fn a_static_that_moved_keeps_its_name() {
        let notes = groups(
            &[Candidate {
                path: "game::A",
                size: 4,
                of: None,
            }],
            &[Candidate {
                path: "game::ui::A",
                size: 4,
                of: None,
            }],
        );
        assert_eq!(notes, [(vec!["game::A"], vec!["game::ui::A"])]);
    }

    #[test]
    fn several_of_one_type_are_told_together() {
        let (one, two) = (("game::A", 4, "u32"), ("game::B", 4, "u32"));
        check(
            &[two, one],
            &[("game::C", 4, "u32"), ("game::D", 4, "u32")],
            &[
                "`game::A`, `game::B` are gone and `game::C`, `game::D` are new: `game::C`, `game::D` begin with their \
               initial values, the value of `game::A`, `game::B` is not carried over",
            ],
        );
    }
}
