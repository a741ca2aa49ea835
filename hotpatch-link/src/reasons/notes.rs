//! What the author should know of a patch that is live: old code that goes on although new code was published.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Edge, How, SYNCHRONOUS};
use super::paths::{Crates, plain};
use super::survey::Survey;
use crate::hot::{self, HotFunction};
use crate::names::Names;
use crate::program::{Atom, Program};

/// What makes objects behind a trait live long.
const OWNERS: [&str; 3] = ["alloc::boxed::Box<", "alloc::rc::Rc<", "alloc::sync::Arc<"];

/// The traits of closures that can be called more than once.
const CLOSURES: [&str; 2] = ["core::ops::function::Fn<", "core::ops::function::FnMut<"];

/// The paths of the hot functions that a program enters once. New code of theirs waits for a call that may not come.
pub(crate) fn entered_once(program: &Program, names: &Names, crates: &Crates) -> BTreeSet<String> {
    let mut survey = Survey::of(program, names, crates);
    let mut once = BTreeSet::new();
    for HotFunction { path, bodies, .. } in hot::functions(program, names) {
        let [body] = bodies[..] else { continue };
        if survey
            .node_of(body.atom)
            .is_some_and(|node| survey.graph.is_entered_once(node, &SYNCHRONOUS))
        {
            once.insert(path);
        }
    }
    once
}

/// The note about a hot function that is entered once.
pub(crate) fn goes_on(path: &str) -> String {
    format!(
        "`{path}` is called only once: if that call is running, it goes on with the old code; the new code needs \
         another call"
    )
}

/// Notes about methods and closures whose new code only new objects have: no published function calls them itself.
/// `changed` are functions that are part of the patch.
pub(crate) fn objects_keep(
    program: &Program,
    names: &Names,
    crates: &Crates,
    changed: &[Atom],
    published: &[Atom],
) -> Vec<String> {
    let mut candidates: BTreeMap<String, (Held, Vec<Atom>)> = BTreeMap::new();
    for atom in changed {
        let path = program
            .id(*atom)
            .map(|id| plain(names.text(id.path)))
            .unwrap_or_default();
        if let Some(held) = Held::of(&path, crates) {
            candidates.entry(path).or_insert((held, Vec::new())).1.push(*atom);
        }
    }
    candidates.retain(|_, (held, _)| held.lives_long(program, names));
    if candidates.is_empty() {
        return Vec::new();
    }
    let mut survey = Survey::of(program, names, crates);
    let published: Vec<_> = published
        .iter()
        .filter_map(|body| survey.node_of(*body))
        .collect();
    let mut notes = Vec::new();
    for (path, (held, atoms)) in candidates {
        let start: Vec<_> = atoms.iter().filter_map(|atom| survey.node_of(*atom)).collect();
        let calls = |edge: Edge| matches!(edge.how, How::Called | How::Inlined);
        let called = survey.graph.ancestors(&start, calls);
        let held_by_address = start
            .iter()
            .any(|node| survey.graph.above(*node).any(|edge| edge.how == How::Address));
        if held_by_address && !called.iter().any(|node| published.contains(node)) {
            let what = held.noun();
            notes.push(format!(
                "{what} that exist keep the old code of `{path}`; those made from now on have the new code"
            ));
        }
    }
    notes
}

/// What may hold a function by a vtable.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    /// Objects of this type, behind this trait of the author.
    Object { of: String, behind: String },
    /// Closures of this function.
    Closure { of: String },
}

impl Held {
    fn of(path: &str, crates: &Crates) -> Option<Self> {
        if let Some(of) = path.strip_suffix("::{{closure}}") {
            return crates.own(path).then(|| Self::Closure { of: of.to_owned() });
        }
        let (of, rest) = path.strip_prefix('<')?.split_once(" as ")?;
        let behind = rest.split_once(">::").map_or(rest, |(behind, _)| behind);
        let base = |of: &str| of.split('<').next().unwrap_or(of).to_owned();
        crates.own(behind).then(|| Self::Object {
            of: base(of),
            behind: base(behind),
        })
    }

    /// Whether the program has types that own such objects, as what they are and as what they are behind.
    fn lives_long(&self, program: &Program, names: &Names) -> bool {
        let types = program.objects.iter().flat_map(|object| &object.types.types);
        let texts = types.map(|described| names.text(described.name));
        let (mut is_owned, mut is_behind) = (false, false);
        let mut owned = texts.flat_map(|text| OWNERS.iter().filter_map(|owner| text.strip_prefix(owner)));
        owned.any(|text| {
            is_owned |= self.is(text);
            is_behind |= text.strip_prefix("dyn ").is_some_and(|text| self.is_behind(text));
            is_owned && is_behind
        })
    }

    fn is(&self, owned: &str) -> bool {
        match self {
            Self::Object { of, .. } => begins_with(owned, of),
            Self::Closure { of } => {
                let name = owned.split(',').next().unwrap_or(owned).trim_end_matches('>');
                name.contains("{closure_env") && plain(name) == format!("{of}::{{{{closure}}}}")
            }
        }
    }

    fn is_behind(&self, object: &str) -> bool {
        match self {
            Self::Object { behind, .. } => begins_with(object, behind),
            Self::Closure { .. } => CLOSURES.iter().any(|of| object.starts_with(of)),
        }
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Object { .. } => "objects",
            Self::Closure { .. } => "closures",
        }
    }
}

/// Whether a text begins with a path, and not with a longer one.
fn begins_with(text: &str, path: &str) -> bool {
    let rest = text.strip_prefix(path);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(path: &str) -> Option<Held> {
        Held::of(path, &Crates::named(&["game"]))
    }

    #[test]
    fn methods_of_own_traits_and_closures_may_be_held() {
        let object = held("<game::Cat as game::Noise>::noise").unwrap();
        assert!(object.is("game::Cat, alloc::alloc::Global>") && !object.is("game::Cats>"));
        assert!(object.is_behind("game::Noise, alloc::alloc::Global>") && !object.is_behind("game::Noises>"));
        let generic = held("<game::Cage<T> as game::Noise>::noise").unwrap();
        assert!(generic.is("game::Cage<u8>>"));
        assert_eq!(held("<game::Cat as core::fmt::Debug>::fmt"), None);
        assert_eq!(held("game::step"), None);
    }

    #[test]
    fn closures_of_bodies_are_those_of_their_functions() {
        let closure = held("game::step::{{closure}}").unwrap();
        assert!(closure.is("game::step::__hotpatch_body_0123456789abcdef::{closure_env#1}>"));
        assert!(closure.is("game::step::{closure_env#0}, alloc::alloc::Global>"));
        assert!(!closure.is("game::other::{closure_env#0}>"));
        assert!(closure.is_behind("core::ops::function::Fn<(u32), Output=u32>, alloc::alloc::Global>"));
        assert!(!closure.is_behind("core::ops::function::FnOnce<()>>"));
    }
}
