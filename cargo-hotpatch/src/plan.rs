//! What is to be built, where, and what was built before.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use cargo_metadata::Metadata;

use crate::base::Base;
use crate::build_id::BuildId;
use crate::capture::Capture;
use crate::local_crate::LocalCrate;
use crate::obstacle::Obstacle;
use crate::project::Project;
use crate::refusal::Refusal;
use crate::runnable::Runnable;
use crate::rustc_args::RustcArgs;
use crate::selection::Selection;
use crate::settings::{CargoConfig, ProfileSettings, rustflags};
use crate::state_dir::{Mark, StateDir};
use crate::{caller_env, cargo, messages};

/// What is to be built, and where.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) project: Project,
    pub(crate) runnable: Runnable,
    pub(crate) target_dir: PathBuf,
    pub(crate) state: StateDir,
    pub(crate) selection: Selection,
    pub(crate) config: CargoConfig,
    /// The flags that cargo gives to every rustc.
    pub(crate) flags: RustcArgs,
    pub(crate) env: BTreeMap<OsString, OsString>,
}

/// A program that cargo built.
#[derive(Debug)]
pub(crate) struct Built {
    /// Where cargo put it.
    pub(crate) executable: PathBuf,
    /// What it was linked from.
    pub(crate) base: Base,
    /// When the build began.
    pub(crate) started: SystemTime,
    /// The crates of this machine that it was made of, as cargo said just now; `None` where cargo was not asked.
    pub(crate) local: Option<Vec<LocalCrate>>,
}

impl Plan {
    /// Asks cargo for the project and chooses the program.
    ///
    /// # Errors
    ///
    /// Cargo does not understand the project, the program is not clear, or its settings prevent patching.
    pub(crate) fn new(selection: &Selection) -> Result<Self> {
        Self::choosing(selection, Runnable::choose)
    }

    /// The same for the program that `choose` finds.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub(crate) fn choosing(
        selection: &Selection,
        choose: impl FnOnce(&Metadata, &Selection) -> Result<Runnable>,
    ) -> Result<Self> {
        let env = caller_env::current();
        let metadata = cargo::metadata(selection, &env)?;
        let target_dir = match &selection.target_dir {
            Some(dir) => std::path::absolute(dir)?,
            None => metadata.target_directory.clone().into(),
        };
        let target_dir = target_dir.join("hotpatch");
        let state = StateDir::inside(&target_dir);
        let runnable = choose(&metadata, selection)?;
        if selection.wants_messages() {
            messages::begin(&metadata, state.clone(), runnable.clone());
        }
        let cwd = std::env::current_dir().context("cannot read the current folder")?;
        let config = CargoConfig::read(&cwd, &selection.config);
        let flags = rustflags::configured(&env, &config);
        let settings = ProfileSettings::read(metadata.workspace_root.as_std_path(), config.clone());
        if let Some(obstacle) = Obstacle::foreseen(&settings, selection, &flags) {
            return Err(Refusal::from(obstacle).into());
        }
        let project = Project::new(&metadata, target_dir.clone(), &env, cwd);
        Ok(Self {
            project,
            runnable,
            target_dir,
            state,
            selection: selection.clone(),
            config,
            flags,
            env,
        })
    }

    /// The program that [`Self::build`] made last for the same selection, without building anything.
    ///
    /// # Errors
    ///
    /// It was not built, or is gone.
    pub(crate) fn built_last(&self) -> Result<Built> {
        let last = std::fs::read(self.last())
            .ok()
            .and_then(|text| serde_json::from_slice::<PathBuf>(&text).ok());
        let executable = last.filter(|executable| executable.exists());
        let executable =
            executable.context("the program is not built yet: run `cargo hotpatch build` first")?;
        let started = executable.metadata()?.modified()?;
        let base = self.base_of(&executable)?;
        Ok(Built {
            executable,
            base,
            started,
            local: None,
        })
    }

    /// The record of a program.
    ///
    /// # Errors
    ///
    /// There is none, or it is not complete.
    pub(crate) fn base_of(&self, executable: &Path) -> Result<Base> {
        let base = Base::load(&self.state, BuildId::of(executable)?);
        let base =
            base.with_context(|| format!("there is no record of how `{}` was linked", executable.display()))?;
        let recorded = base
            .record()
            .units
            .keys()
            .all(|key| Capture::exists(&self.state, key));
        if !recorded {
            bail!(
                "there is no record of how the crates of `{}` were compiled",
                executable.display()
            );
        }
        Ok(base)
    }

    /// The file that remembers what this selection built last.
    pub(crate) fn last(&self) -> PathBuf {
        let Runnable { package, name, kind } = &self.runnable;
        let profile = self.selection.profile_name();
        let target = self.selection.target.as_deref().unwrap_or("host");
        self.state.last(self.mark()).join(format!(
            "{package}-{}-{name}-{profile}-{target}.json",
            kind.as_str()
        ))
    }

    /// What tells this checkout from others that share its target folder.
    pub(crate) fn mark(&self) -> Mark {
        Mark::of(self.project.root())
    }
}
