//! The four stages, one after the other. A run sees one state of them from beginning to end.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use hotpatch::module::abi::ModuleVersion;
use hotpatch::module::{Changed, ModuleError, ModuleHost};
use pipeline_stages::{BackendClient, CompilerClient, OptimizerClient, ParserClient, Version};

/// The names of the stages, in the order in which they run.
pub(crate) const STAGES: [&str; 4] = ["parser", "compiler", "optimizer", "backend"];

/// The stages of a folder.
#[derive(Clone)]
pub(crate) struct Pipeline {
    host: ModuleHost,
    folder: PathBuf,
    parser: ParserClient,
    compiler: CompilerClient,
    optimizer: OptimizerClient,
    backend: BackendClient,
}

/// What became of a run.
pub(crate) struct Run {
    pub(crate) stages: Stages,
    /// The operations as text.
    pub(crate) listing: String,
    /// The result, or what is wrong with the expression.
    pub(crate) result: Result<f64, String>,
}

/// The versions of the stages that made a run, as they said themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stages([Version; 4]);

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages = STAGES.iter().zip(&self.0);
        let stages = stages.map(|(name, version)| format!("{name} {version}"));
        f.write_str(&stages.collect::<Vec<_>>().join(", "))
    }
}

impl Pipeline {
    /// Loads the stages in a folder, all at once.
    pub(crate) fn open(folder: &Path) -> Result<Self, ModuleError> {
        let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
        let pipeline = Self {
            parser: host.client("parser")?,
            compiler: host.client("compiler")?,
            optimizer: host.client("optimizer")?,
            backend: host.client("backend")?,
            folder: folder.into(),
            host: host.clone(),
        };
        let load = STAGES
            .iter()
            .fold(host.change(), |change, name| change.load(pipeline.library(name)));
        load.commit()?;
        Ok(pipeline)
    }

    /// Takes these stages from the folder again: all of them switch in one commit, or none.
    pub(crate) fn swap(&self, names: &[&str]) -> Result<Changed, ModuleError> {
        let change = names.iter().fold(self.host.change(), |change, name| {
            change.reload(self.library(name))
        });
        change.commit()
    }

    /// Takes the last swap of these stages back, in one commit.
    pub(crate) fn roll_back(&self, names: &[&str]) -> Result<Changed, ModuleError> {
        let change = names
            .iter()
            .fold(self.host.change(), |change, name| change.rollback(*name));
        change.commit()
    }

    /// The stages that are there now.
    pub(crate) fn stages(&self) -> Result<Stages, Box<dyn Error + Send + Sync>> {
        self.host.consistent(|| {
            Ok(Stages([
                self.parser.version()?,
                self.compiler.version()?,
                self.optimizer.version()?,
                self.backend.version()?,
            ]))
        })
    }

    /// Runs an expression through all stages.
    pub(crate) fn run(&self, text: &str, x: f64) -> Result<Run, Box<dyn Error + Send + Sync>> {
        // Whatever is swapped meanwhile, all calls in here go to the stages that were there when it began.
        self.host.consistent(|| {
            let parsed = self.parser.parse(text)?;
            let operations = match &parsed {
                Ok(nodes) => self.optimizer.optimize(&self.compiler.compile(nodes)?)?,
                Err(_) => Vec::new(),
            };
            let result = match parsed {
                Ok(_) => self.backend.run(&operations, x)?,
                Err(reason) => Err(reason),
            };
            Ok(Run {
                stages: self.stages()?,
                listing: self.backend.listing(&operations)?,
                result,
            })
        })
    }

    fn library(&self, name: &str) -> PathBuf {
        self.folder.join(format!("libpipeline_{name}.so"))
    }
}
