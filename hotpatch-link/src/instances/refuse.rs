//! The refusal of closures that would run with what another one captured.

use hotpatch_abi::code;

use super::{Adopted, Capture, KnownInstances, find};
use crate::names::{Name, Names};
use crate::{Error, Subject, written};

/// Refuses closures that capture something else than before, unless they come with new code that makes them.
///
/// # Errors
///
/// `HP0203`, with what is captured on both sides.
pub(crate) fn changed_captures(
    adopted: &Adopted,
    known: &KnownInstances,
    comes_along: impl Fn(usize) -> bool,
    names: &Names,
) -> Result<(), Error> {
    let stays = adopted.parted.iter().find(|(index, _)| !comes_along(*index));
    let Some((index, id)) = stays else {
        return Ok(());
    };
    let path = &adopted.instances[*index].path;
    let sides = [&known.get(*id).captures, &adopted.instances[*index].captures];
    let [old, new] = sides.map(|captures| captures.as_deref().unwrap_or_default());
    let message = format!("cannot patch `{path}`: what the closure captures changed");
    Err(Error::new(code::LAYOUT, message)
        .about(Subject::of_function(path))
        .label_as(format!("`{}` -> `{}`", listed(old, names), listed(new, names)))
        .note("the function around it goes on as it was, and gives it what the old one captures"))
}

/// Refuses to migrate values that a closure uses which the edited program has no more, or which cannot be told from
/// others, if the function around it goes on as it was: it would use what it does not know. `migrating` are the types of
/// the values; `goes_on` says of a function, by its path, whether it runs without the table.
///
/// # Errors
///
/// `HP0203`, with the closure and the type.
pub(crate) fn gone_accesses(
    adopted: &Adopted,
    known: &KnownInstances,
    migrating: &[&str],
    goes_on: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    if migrating.is_empty() {
        return Ok(());
    }
    for instance in known.lost(adopted) {
        let Some((closure, of)) = find::access(&instance.identity) else {
            continue;
        };
        if !migrating.contains(&of) || written::made(closure).is_some() {
            continue;
        }
        let around = closure.split("::{closure_env#").next().unwrap_or(closure);
        if goes_on(around) {
            let closure = find::plain_closure(closure);
            let message =
                format!("cannot migrate `{of}`: what `{closure}` does with it is gone, or cannot be told");
            return Err(Error::new(code::LAYOUT, message)
                .about(Subject::of_function(around))
                .note(
                    "the function around the closure goes on as it was, and would use the value as it was",
                ));
        }
    }
    Ok(())
}

/// `count: &mut u32, name: &str`.
fn listed(captures: &[Capture], names: &Names) -> String {
    let reference = |name: Name| names.text(name).strip_prefix(BY_REFERENCE);
    let captures = captures.iter().map(|capture| {
        let name = reference(capture.name).unwrap_or_else(|| names.text(capture.name));
        format!("{name}: {}", names.text(capture.of))
    });
    match captures.collect::<Vec<_>>() {
        captures if captures.is_empty() => "nothing".to_owned(),
        captures => captures.join(", "),
    }
}

/// How the debug information marks what is captured by reference.
const BY_REFERENCE: &str = "_ref__";
