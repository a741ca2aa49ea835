//! `program.toml`: what is fetched, what becomes hot, what is edited, and what the program answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Program {
    /// The folder of `program.toml`.
    #[serde(skip)]
    pub(crate) name: String,
    /// The package as the registry has it, `mini-redis 0.4.1`.
    pub(crate) package: Package,
    pub(crate) kind: String,
    /// Packages of the same authors, brought as members of the program's workspace.
    #[serde(default)]
    pub(crate) libraries: Vec<Package>,
    /// For `cargo hotpatch run`. `{port}` is a free port, `{folder}` the folder of the program.
    pub(crate) arguments: Vec<String>,
    pub(crate) talk: Way,
    /// Variables of the program, with the same.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Files that the program reads, by their paths, with `{port}` and `{folder}`.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) hot: Vec<Hot>,
    /// What else is changed in the sources before the program is built.
    #[serde(default)]
    pub(crate) prepare: Vec<Change>,
    /// Said once, when the program has started: it makes the state.
    #[serde(default)]
    pub(crate) start: Vec<Exchange>,
    /// Said before and after each edit, with the same answers: the state is still there.
    pub(crate) kept: Vec<Exchange>,
    pub(crate) edits: Vec<Edit>,
}

/// `name version`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl TryFrom<String> for Package {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, version) = text
            .split_once(' ')
            .ok_or_else(|| format!("`{text}` is no `name version`"))?;
        let (name, version) = (name.to_owned(), version.to_owned());
        Ok(Self { name, version })
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// Standard input and output.
    Lines,
    /// The program has a terminal of its own.
    Terminal,
    /// The program listens at `{port}`.
    Tcp,
}

/// Functions that get the attribute. A function is the beginning of its line, without the space before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hot {
    pub(crate) file: String,
    pub(crate) functions: Vec<String>,
}

/// The text must be there exactly once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) file: String,
    pub(crate) find: String,
    pub(crate) replace: String,
}

/// Something is sent, and then the program shows a text that was not there before. Characters are bytes. In the answer,
/// `{n}` is how often this was sent, and `{all}` how often anything was.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    #[serde(default)]
    pub(crate) send: String,
    pub(crate) expect: String,
    /// Which of several open connections.
    #[serde(default)]
    pub(crate) on: String,
    /// All that comes up to the expected text is the same each time.
    #[serde(default)]
    pub(crate) same: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// What is edited, for the table.
    pub(crate) name: String,
    pub(crate) change: Vec<Change>,
    pub(crate) ask: Vec<Question>,
}

/// An exchange whose answer the edit changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    #[serde(default)]
    pub(crate) send: String,
    pub(crate) before: String,
    pub(crate) after: String,
    #[serde(default)]
    pub(crate) on: String,
}

impl Program {
    pub(crate) fn load(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("program.toml")).unwrap();
        let mut program: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        program.name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        program
    }
}
