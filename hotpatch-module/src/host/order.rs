//! In which order modules are initialised: those first that others need.

use std::collections::{BTreeMap, BTreeSet};

/// What each module needs, by name.
pub(super) type Needs<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// The names in an order in which each comes after those that it needs; where that leaves a choice, by name. The error is a
/// circle: names of which each needs the next, and the last the first.
pub(super) fn in_order<'a>(needs: &Needs<'a>) -> Result<Vec<&'a str>, Vec<&'a str>> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    // A stack of our own: how deep modules need each other is for them to say.
    for first in needs.keys().copied() {
        let mut way = vec![(first, 0)];
        if done.contains(first) {
            continue;
        }
        while let Some((name, next)) = way.last_mut() {
            let name = *name;
            let needed = needs.get(name).and_then(|needed| needed.get(*next)).copied();
            *next += 1;
            match needed {
                None => {
                    way.pop();
                    if done.insert(name) {
                        order.push(name);
                    }
                }
                Some(needed) if done.contains(needed) || !needs.contains_key(needed) => {}
                Some(needed) => {
                    if let Some(at) = way.iter().position(|(on_the_way, _)| *on_the_way == needed) {
                        return Err(way[at..].iter().map(|(name, _)| *name).collect());
                    }
                    way.push((needed, 0));
                }
            }
        }
    }
    Ok(order)
}

/// Those that need one of `changed`, directly or through others. `order` is that of [`in_order`].
pub(super) fn dependents<'a>(
    needs: &Needs<'a>,
    order: &[&'a str],
    changed: &BTreeSet<&str>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for name in order {
        let reaches = |needed: &&str| changed.contains(needed) || found.contains(needed);
        if !changed.contains(name) && needs[name].iter().any(reaches) {
            found.insert(*name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs<'a>(of: &[(&'a str, &[&'a str])]) -> Needs<'a> {
        of.iter().map(|(name, needed)| (*name, needed.to_vec())).collect()
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let needs = needs(&[
            ("a", &["c", "d"]),
            ("b", &["a"]),
            ("c", &[]),
            ("d", &["c"]),
            ("e", &[]),
        ]);
        assert_eq!(in_order(&needs), Ok(vec!["c", "d", "a", "b", "e"]));
    }

    #[test]
    fn a_circle_is_named() {
        let needs = needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["b"])]);
        assert_eq!(in_order(&needs), Err(vec!["b", "c", "d"]));
    }

    #[test]
    fn who_needs_a_changed_one_through_others_is_found() {
        let needs = needs(&[
            ("a", &[]),
            ("b", &["a"]),
            ("c", &["b"]),
            ("d", &[]),
            ("e", &["d", "c"]),
        ]);
        let order = in_order(&needs).unwrap();
        let found = dependents(&needs, &order, &BTreeSet::from(["a"]));
        assert_eq!(found, BTreeSet::from(["b", "c", "e"]));
        assert_eq!(
            dependents(&needs, &order, &BTreeSet::from(["e"])),
            BTreeSet::new()
        );
    }
}
