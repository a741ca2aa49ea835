//! Facts of an edit that its author should know although it is applied: what counts only from the next start on.
//!
//! Each is told once, and only when the edit was: one that was merely compared, or that failed later, is told again.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::constructors::Starts;
use crate::fingerprint::Fingerprint;
use crate::hot;
use crate::initial::{self, InitialValues, Told, Variable};
use crate::names::{Name, Names};
use crate::program::{Atom, Program};
use crate::reasons::Crates;
use crate::renames;
use crate::safety::Safety;
use crate::selection::{Compared, Selection};
use crate::starts::{KnownStarts, NewStarts};
use crate::states::States;

/// What the author of the program was told, and what the process began with.
#[derive(Debug)]
pub(crate) struct News {
    functions: HashSet<(Name, Fingerprint)>,
    values: InitialValues,
    starts: KnownStarts,
}

/// What the sources say now that is no code of hot functions.
#[derive(Debug)]
pub(crate) struct Findings {
    functions: HashSet<(Name, Fingerprint)>,
    variables: Vec<Variable>,
    told: HashMap<Name, Told>,
    starts: Starts,
    pub(crate) new_starts: NewStarts,
    /// Functions that changed since the author was last told.
    pub(crate) changed: Vec<Atom>,
    /// Statics and thread-locals that begin with something else.
    pub(crate) values: Vec<Variable>,
    /// Those that are made at their first use, with the changed function that makes them.
    pub(crate) makers: Vec<(Variable, Atom)>,
}

impl News {
    /// For a program as built.
    pub(crate) fn of_process(program: &Program, names: &Names, crates: &Crates) -> Self {
        let variables = initial::variables(program, names, crates);
        let mut values = InitialValues::default();
        values.learn(&variables);
        values.tell(initial::told(&variables, &States::default()));
        Self {
            functions: HashSet::default(),
            values,
            starts: KnownStarts::of_process(Starts::of(program, names)),
        }
    }

    pub(crate) fn look(&self, compared: Compared<'_>, states: &States, crates: &Crates) -> Findings {
        let Compared {
            program,
            names,
            unchanged,
            ..
        } = compared;
        let variables = initial::variables(program, names, crates);
        let starts = Starts::of(program, names);
        // What only the loader calls is told as what it is.
        let of_author = |atom: &Atom| !starts.code.contains(atom);
        let all = unchanged.changed.iter().copied().filter(of_author);
        let state = |atom: Atom| Some((program.id(atom)?.path, program.deep(atom).fingerprint));
        let functions = all.clone().filter_map(state).collect();
        let is_new = |atom: &Atom| state(*atom).is_some_and(|state| !self.functions.contains(&state));
        let mut changed: Vec<Atom> = all.filter(is_new).collect();
        let path = |atom: &Atom| program.id(*atom).map(|id| names.text(id.path));
        changed.retain(|atom| !path(atom).is_some_and(|path| initial::is_accessor(path, &variables)));
        let makers = initial::makers(program, names, &variables, &changed);
        changed.retain(|atom| {
            let makes = |(variable, maker): &(Variable, Atom)| maker == atom && !variable.is_thread_local;
            !makers.iter().any(makes)
        });
        let new_starts = self.starts.compare(&starts);
        changed.retain(|atom| {
            let path = path(atom).map(hot::function_path);
            !path.is_some_and(|path| new_starts.is_changed_function(&path))
        });
        Findings {
            functions,
            told: initial::told(&variables, states),
            values: self.values.changed(&variables, states),
            new_starts,
            variables,
            starts,
            changed,
            makers,
        }
    }

    /// What an edit does that has no effect on what runs.
    pub(crate) fn notes(
        &self,
        findings: &Findings,
        compared: Compared<'_>,
        selection: &Selection,
        states: &States,
        safety: &Safety,
    ) -> Vec<String> {
        let added = findings.variables.iter().filter(|variable| {
            selection.included.contains(&variable.atom) || states.reserved.contains_key(&variable.linkage)
        });
        let mut notes = renames::notes(added, self.values.gone(&findings.told), compared, safety);
        notes.extend(values(findings, selection));
        notes.extend(findings.new_starts.notes());
        notes
    }

    /// The author was told of an edit that changes nothing in the process.
    pub(crate) fn tell(&mut self, findings: Findings) {
        self.functions = findings.functions;
        self.values.tell(findings.told);
        self.starts.tell(findings.starts);
    }

    /// The process has the edit, and the author was told.
    pub(crate) fn commit(&mut self, findings: Findings, selection: &Selection, states: &States) {
        let is_here = |variable: &&Variable| {
            selection.included.contains(&variable.atom) || states.reserved.contains_key(&variable.linkage)
        };
        self.values.learn(findings.variables.iter().filter(is_here));
        self.tell(findings);
    }
}

impl Findings {
    /// Whether new code uses a variable. `thread_local!` makes several of one path, of which one is used.
    fn are_used(&self, path: &str, selection: &Selection) -> bool {
        let mut alike = self.variables.iter().filter(|variable| variable.path == path);
        alike.any(|variable| selection.used.contains_key(&variable.linkage))
    }

    /// The statics that a change of what they begin with concerns.
    pub(crate) fn changed_statics(&self) -> impl Iterator<Item = Atom> {
        let makers = self.makers.iter().map(|(variable, _)| variable);
        let makers = makers.filter(|variable| !variable.is_thread_local);
        self.values.iter().chain(makers).map(|variable| variable.atom)
    }
}

/// Statics that begin with something else, which the process does not notice.
fn values(findings: &Findings, selection: &Selection) -> Vec<String> {
    let mut notes = Vec::new();
    for (variable, _) in &findings.makers {
        let path = &variable.path;
        if !variable.is_thread_local {
            notes.push(format!(
                "`{path}` keeps the value that it has; if it has none yet, the process makes it with the old code"
            ));
        } else if findings.are_used(path, selection) {
            notes.push(format!(
                "threads that have a value of `{path}` keep it; the others make theirs with the new code"
            ));
        }
    }
    let is_made = |path: &str| findings.makers.iter().any(|(made, _)| made.path == path);
    for variable in findings.values.iter().filter(|variable| !is_made(&variable.path)) {
        let path = &variable.path;
        notes.push(match variable.is_thread_local {
            false => format!(
                "`{path}` keeps the value that it has: its new initial value counts from the next start on"
            ),
            true => format!(
                "`{path}` keeps the values that it has, and new threads begin with the old one: its new initial value \
                 counts from the next start on"
            ),
        });
    }
    notes.sort();
    notes.dedup();
    notes
}
