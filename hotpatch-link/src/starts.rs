//! What happens when a program starts, in the process and in the sources.
//!
//! A process has started already, so an edit of any of this has no effect on it. That is told, once for each change.

use crate::Subject;
use crate::constructors::Starts;
use crate::fingerprint::Fingerprint;

/// Something that happens only when a program starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) kind: Kind,
    /// What it is: the path of a function or static, or the module for what `inventory` collects.
    pub(crate) path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Constructor,
    Destructor,
    /// A value of this type.
    Inventory(String),
    /// An element of the distributed slice of this name.
    Slice(String),
}

/// What the author was told about the start of the program, and what the start of the process was.
#[derive(Debug, Default)]
pub(crate) struct KnownStarts {
    in_process: Vec<(Start, Fingerprint)>,
    told: Vec<(Start, Fingerprint)>,
}

/// What differs from the start of the process, and was not told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NewStarts {
    pub(crate) added: Vec<Start>,
    pub(crate) changed: Vec<Start>,
    pub(crate) gone: Vec<Start>,
}

impl KnownStarts {
    pub(crate) fn of_process(starts: Starts) -> Self {
        Self {
            told: starts.all.clone(),
            in_process: starts.all,
        }
    }

    pub(crate) fn compare(&self, now: &Starts) -> NewStarts {
        let mut old = without(&self.in_process, &now.all);
        let mut told = without(&self.told, &self.in_process);
        let mut new = NewStarts::default();
        for (start, fingerprint) in without(&now.all, &self.in_process) {
            let before = old.iter().position(|(known, _)| *known == start);
            let item = (start.clone(), fingerprint);
            let known = told.iter().position(|told| *told == item);
            let list = match before.map(|before| old.remove(before)) {
                Some(_) => &mut new.changed,
                None => &mut new.added,
            };
            match known {
                Some(known) => drop(told.remove(known)),
                None => list.push(start),
            }
        }
        let was_told = |start: &Start| self.told.iter().any(|(told, _)| told == start);
        let gone = old.into_iter().map(|(start, _)| start);
        new.gone = gone.filter(was_told).collect();
        new
    }

    pub(crate) fn tell(&mut self, now: Starts) {
        self.told = now.all;
    }
}

/// The elements of one list that are not in the other; equal ones count.
fn without(list: &[(Start, Fingerprint)], other: &[(Start, Fingerprint)]) -> Vec<(Start, Fingerprint)> {
    let mut left = list.to_vec();
    for item in other {
        if let Some(at) = left.iter().position(|known| known == item) {
            left.remove(at);
        }
    }
    left
}

impl NewStarts {
    /// Whether something is to happen that did not happen in the process.
    pub(crate) fn any_missing(&self) -> bool {
        !self.added.is_empty() || !self.changed.is_empty()
    }

    /// What of it can be shown in the sources; what `inventory` collects has no name.
    pub(crate) fn subject(&self) -> Option<Subject> {
        self.changed
            .iter()
            .chain(&self.added)
            .find_map(|start| match start.kind {
                Kind::Constructor | Kind::Destructor => Some(Subject::of_function(&start.path)),
                Kind::Slice(_) => Some(Subject::of_static(&start.path)),
                Kind::Inventory(_) => None,
            })
    }

    /// Whether a function is a changed constructor, or the destructor.
    pub(crate) fn is_changed_function(&self, path: &str) -> bool {
        let is_function = |start: &&Start| matches!(start.kind, Kind::Constructor | Kind::Destructor);
        self.changed
            .iter()
            .filter(is_function)
            .any(|start| start.path == path)
    }

    /// One sentence for each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.added.iter().map(Start::added));
        notes.extend(self.changed.iter().map(Start::changed));
        notes.extend(self.gone.iter().map(Start::gone));
        notes
    }
}

impl Start {
    fn added(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!(
                    "constructor `{path}` is new: it runs when the program starts, so not in this process"
                )
            }
            Kind::Destructor => {
                format!("destructor `{path}` is new: it runs at the end of programs that started with it")
            }
            Kind::Inventory(of) => format!(
                "`{path}` submits another `{of}` to `inventory`: that happens when the program starts, so not in this \
                 process"
            ),
            Kind::Slice(slice) => format!(
                "`{path}` is a new element of the distributed slice `{slice}`: the process keeps the slice that it \
                 started with"
            ),
        }
    }

    fn changed(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!(
                    "constructor `{path}` changed: it ran when the program started and does not run again"
                )
            }
            Kind::Destructor => {
                format!("destructor `{path}` changed: the end of this process runs the old one")
            }
            Kind::Inventory(of) => format!(
                "the `{of}` that `{path}` submits to `inventory` changed: the process keeps the one that it has"
            ),
            Kind::Slice(slice) => format!(
                "element `{path}` of the distributed slice `{slice}` changed: the process keeps the one that it has"
            ),
        }
    }

    fn gone(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!("constructor `{path}` is gone: what it did when the program started stays")
            }
            Kind::Destructor => format!("destructor `{path}` is gone: the end of this process still runs it"),
            Kind::Inventory(of) => format!(
                "a `{of}` that `{path}` submitted to `inventory` is gone: the process keeps it until it restarts"
            ),
            Kind::Slice(slice) => format!(
                "element `{path}` of the distributed slice `{slice}` is gone: the process keeps it until it restarts"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(list: &[(&str, u128)]) -> Starts {
        let start = |(path, content): &(&str, u128)| {
            let start = Start {
                kind: Kind::Constructor,
                path: (*path).to_owned(),
            };
            (start, Fingerprint(*content))
        };
        Starts {
            all: list.iter().map(start).collect(),
            ..Starts::default()
        }
    }

    fn check(known: &mut KnownStarts, now: &[(&str, u128)], expected: [&[&str]; 3]) {
        let now = starts(now);
        let new = known.compare(&now);
        let paths = |list: &[Start]| list.iter().map(|start| start.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            [paths(&new.added), paths(&new.changed), paths(&new.gone)],
            expected
        );
        known.tell(now);
    }

    #[test]
    fn each_change_of_the_start_is_told_once() {
        let mut known = KnownStarts::of_process(starts(&[("a", 1), ("b", 2)]));
        check(&mut known, &[("a", 1), ("b", 2)], [&[], &[], &[]]);
        check(&mut known, &[("a", 1), ("b", 3), ("c", 4)], [&["c"], &["b"], &[]]);
        check(&mut known, &[("a", 1), ("b", 3), ("c", 4)], [&[], &[], &[]]);
        check(&mut known, &[("a", 1), ("b", 5), ("c", 6)], [&["c"], &["b"], &[]]);
        // What was added after the start is gone without a trace.
        check(&mut known, &[("a", 1)], [&[], &[], &["b"]]);
        check(&mut known, &[("a", 1)], [&[], &[], &[]]);
        // Again as it was when the program started.
        check(&mut known, &[("a", 1), ("b", 2)], [&[], &[], &[]]);
    }

    #[test]
    fn equal_starts_of_one_name_are_counted() {
        let mut known = KnownStarts::of_process(starts(&[("a", 1)]));
        check(&mut known, &[("a", 1), ("a", 1)], [&["a"], &[], &[]]);
    }
}
