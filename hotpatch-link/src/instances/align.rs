//! Which instance of a program is which one of its successor.
//!
//! Most keep their identity. Closures are numbered in the order of the source, so one that is inserted moves the
//! numbers of those behind it. Instances that differ in such numbers only are aligned like the lines of two texts: equal
//! ones pair up in their order, and what lies between them pairs up if it is as many on both sides. The rest stays
//! unpaired: a wrong pair would run the code of another closure.

use std::collections::BTreeMap;

use crate::fingerprint::Fingerprint;

/// Marks the number of a closure in an identity.
const NUMBER: &str = "_env#";

/// An instance as far as the alignment looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) identity: &'a str,
    pub(crate) content: Fingerprint,
}

/// For each new instance, the old one that it was.
pub(crate) fn align(old: &[Item<'_>], new: &[Item<'_>]) -> Vec<Option<usize>> {
    let (old_groups, new_groups) = (groups(old), groups(new));
    let mut pairs = vec![None; new.len()];
    for (shape, new_group) in &new_groups {
        let Some(old_group) = old_groups.get(shape) else {
            continue;
        };
        let contents = |items: &[Item<'_>], group: &[usize]| -> Vec<Fingerprint> {
            group.iter().map(|index| items[*index].content).collect()
        };
        for (old_at, new_at) in pair(&contents(old, old_group), &contents(new, new_group)) {
            pairs[new_group[new_at]] = Some(old_group[old_at]);
        }
    }
    pairs
}

/// The instances of each shape, in the order of their numbers.
fn groups(items: &[Item<'_>]) -> BTreeMap<String, Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<(Vec<u32>, usize)>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let (shape, numbers) = shape(item.identity);
        groups.entry(shape).or_default().push((numbers, index));
    }
    let ordered = groups.into_iter().map(|(shape, mut group)| {
        group.sort();
        (shape, group.into_iter().map(|(_, index)| index).collect())
    });
    ordered.collect()
}

/// An identity without its numbers, and these.
fn shape(identity: &str) -> (String, Vec<u32>) {
    let mut parts = identity.split(NUMBER);
    let mut shape = parts.next().unwrap_or_default().to_owned();
    let mut numbers = Vec::new();
    for part in parts {
        let end = part
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(part.len());
        numbers.push(part[..end].parse().unwrap_or(0));
        shape.push_str(NUMBER);
        shape.push_str(&part[end..]);
    }
    (shape, numbers)
}

/// Pairs of positions: a longest common subsequence, and the gaps of equal length between its members.
fn pair<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut old_start, mut new_start) = (0, 0);
    let ends = common(old, new).into_iter().chain([(old.len(), new.len())]);
    for (old_end, new_end) in ends {
        if old_end - old_start == new_end - new_start {
            pairs.extend((old_start..old_end).zip(new_start..new_end));
        }
        if old_end < old.len() && new_end < new.len() {
            pairs.push((old_end, new_end));
        }
        (old_start, new_start) = (old_end + 1, new_end + 1);
    }
    pairs
}

/// The positions of a longest common subsequence.
fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    // How long it is from each pair of positions on.
    let mut lengths = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            lengths[at][to] = match old[at] == new[to] {
                true => lengths[at + 1][to + 1] + 1,
                false => lengths[at + 1][to].max(lengths[at][to + 1]),
            };
        }
    }
    let (mut at, mut to) = (0, 0);
    let mut positions = Vec::new();
    while at < old.len() && to < new.len() {
        if old[at] == new[to] {
            positions.push((at, to));
            (at, to) = (at + 1, to + 1);
        } else if lengths[at + 1][to] >= lengths[at][to + 1] {
            at += 1;
        } else {
            to += 1;
        }
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expect: &[(usize, usize)]) {
        let mut pairs = pair(old.as_bytes(), new.as_bytes());
        pairs.sort_unstable();
        assert_eq!(pairs, expect, "{old} -> {new}");
    }

    #[test]
    fn equal_ones_are_paired_and_gaps_of_equal_length() {
        check("b", "ab", &[(0, 1)]);
        check("ab", "b", &[(1, 0)]);
        check("b", "c", &[(0, 0)]);
        check("abc", "axc", &[(0, 0), (1, 1), (2, 2)]);
        check("ab", "xab", &[(0, 1), (1, 2)]);
        check("abc", "xyzbw", &[(1, 3), (2, 4)]);
        check("", "a", &[]);
    }

    #[test]
    fn what_is_not_clear_stays_unpaired() {
        check("b", "xy", &[]);
        check("abc", "xc", &[(2, 1)]);
        check("ab", "ba", &[(1, 0)]);
    }

    #[test]
    fn numbers_of_closures_do_not_count() {
        let (shape, numbers) = shape("body<game::main::{closure_env#12}, game::run::{closure_env#3}<u8>>");
        assert_eq!(
            shape,
            "body<game::main::{closure_env#}, game::run::{closure_env#}<u8>>"
        );
        assert_eq!(numbers, [12, 3]);
    }

    #[test]
    fn instances_pair_with_their_own_shape_only() {
        let item = |identity, content| Item {
            identity,
            content: Fingerprint(content),
        };
        let old = [item("a<{closure_env#0}>", 1), item("b<u8>", 2), item("b<u16>", 2)];
        let new = [
            item("a<{closure_env#0}>", 9),
            item("a<{closure_env#1}>", 1),
            item("b<u16>", 3),
            item("c<u8>", 2),
        ];
        assert_eq!(align(&old, &new), [None, Some(0), Some(2), None]);
    }
}
