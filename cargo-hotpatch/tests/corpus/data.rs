//! `edits.toml`: what is asked of a program, what is edited, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::kind::KINDS;
use crate::program::Profile;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Applied,
    Nothing,
    Refused,
    Unreached,
    Restart,
    BuildFailed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edits {
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    pub(crate) requests: Vec<Request>,
    pub(crate) edits: Vec<Edit>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) ask: String,
    pub(crate) answer: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) change: Vec<Change>,
    pub(crate) expect: Outcome,
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) says: Vec<String>,
    #[serde(default)]
    pub(crate) functions: Vec<String>,
    #[serde(default)]
    pub(crate) unreached: Vec<String>,
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) requests: Vec<Request>,
    #[serde(default)]
    pub(crate) release: bool,
    /// The crates that must be compiled, and no others: in debug, and in release builds if not the same.
    #[serde(default)]
    pub(crate) compiles: BTreeSet<String>,
    compiles_optimised: Option<BTreeSet<String>>,
    revert: Option<Outcome>,
    #[serde(default)]
    pub(crate) restart_after: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Change {
    Replace {
        file: String,
        find: String,
        replace: String,
    },
    Write {
        file: String,
        write: String,
    },
    Move {
        file: String,
        move_to: String,
    },
    Delete {
        file: String,
        delete: bool,
    },
}

impl Edit {
    /// What taking the edit back must lead to.
    pub(crate) fn revert(&self) -> Outcome {
        self.revert.unwrap_or(match self.expect {
            Outcome::Applied => Outcome::Applied,
            _ => Outcome::Nothing,
        })
    }

    /// The crates that must be compiled, and no others, if that is said.
    pub(crate) fn compiles(&self, profile: Profile) -> Option<&BTreeSet<String>> {
        let optimised = self
            .compiles_optimised
            .as_ref()
            .filter(|_| profile == Profile::Release);
        Some(optimised.unwrap_or(&self.compiles)).filter(|crates| !crates.is_empty())
    }

    /// The code of its outcome.
    pub(crate) fn code(&self) -> Option<&str> {
        match self.expect {
            Outcome::Unreached => Some("HP0401"),
            _ => self.code.as_deref(),
        }
    }
}

impl Edits {
    /// Reads the edits of a program. Data that make no sense are a mistake of their author: it panics.
    pub(crate) fn load(program: &Path) -> Self {
        let path = program.join("edits.toml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let edits: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        edits.validate(&path.display().to_string());
        edits
    }

    /// The arguments of the program's session in a profile.
    pub(crate) fn arguments(&self, profile: Profile) -> Vec<&str> {
        let release = (profile == Profile::Release).then_some("--release");
        self.arguments.iter().map(String::as_str).chain(release).collect()
    }

    fn validate(&self, path: &str) {
        assert!(!self.requests.is_empty(), "{path}: no requests");
        let asked: BTreeSet<_> = self.requests.iter().map(|request| &request.ask).collect();
        let mut names = BTreeSet::new();
        for edit in &self.edits {
            let name = format!("{path}: `{}`", edit.name);
            assert!(names.insert(&edit.name), "{name} is there twice");
            assert!(
                KINDS.contains(&edit.kind.as_str()),
                "{name}: no kind `{}`",
                edit.kind
            );
            assert!(!edit.change.is_empty(), "{name} changes nothing");
            let has_code = matches!(edit.expect, Outcome::Refused | Outcome::Restart);
            assert_eq!(
                has_code,
                edit.code.is_some(),
                "{name}: `code` belongs to `refused` and `restart`"
            );
            let is_live = edit.expect == Outcome::Applied;
            let says_live =
                !(edit.answers.is_empty() && edit.functions.is_empty() && edit.unreached.is_empty());
            assert!(
                is_live || !says_live,
                "{name}: only `applied` changes answers and names functions"
            );
            for ask in edit.answers.keys() {
                assert!(asked.contains(ask), "{name}: `{ask}` is not among the requests");
            }
        }
    }
}
