//! The refusal of closures that would run with what another one captured.

use hotpatch_abi::code;

use super::{Adopted, Capture, KnownInstances};
use crate::names::{Name, Names};
use crate::{Error, Subject};

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
