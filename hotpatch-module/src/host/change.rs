//! A change: several modules are loaded, replaced or unloaded as one.

use std::path::PathBuf;
use std::sync::Arc;

use hotpatch_runtime::module_host::is_inside_module;

use crate::host::departure::Turn;
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::initialise::initialise;
use crate::host::inside::{self, Inside};
use crate::host::plan::{Plan, Step, plan};
use crate::host::shared::Shared;
use crate::host::status::{Changed, ChangedModule};

/// A change of several modules, which is made as one: all their functions switch with one store, or nothing changes.
#[derive(Clone)]
#[must_use = "nothing changes until it is committed"]
pub struct Change<'a> {
    host: &'a Arc<Shared>,
    steps: Vec<Step>,
}

impl<'a> Change<'a> {
    pub(super) fn new(host: &'a Arc<Shared>) -> Self {
        Self {
            host,
            steps: Vec::new(),
        }
    }

    fn and(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Loads the module in this file, whose name no other may have.
    pub fn load(self, path: impl Into<PathBuf>) -> Self {
        self.and(Step::Load(path.into()))
    }

    /// Replaces a module by the one in this file, which has the same name.
    pub fn reload(self, path: impl Into<PathBuf>) -> Self {
        self.and(Step::Reload(path.into()))
    }

    /// Unloads a module.
    pub fn unload(self, name: impl Into<String>) -> Self {
        self.and(Step::Unload(name.into()))
    }

    /// Takes the last change of a module back.
    pub fn rollback(self, name: impl Into<String>) -> Self {
        self.and(Step::RollBack(name.into()))
    }

    /// Makes the change. Waits while another one is being made.
    ///
    /// # Errors
    ///
    /// Any of [`ErrorKind`]. All is as it was before.
    pub fn commit(self) -> Result<Changed, ModuleError> {
        refuse_inside("the modules cannot be changed")?;
        let turn = self.host.departures.turn();
        let plan = plan(self.host, &self.steps)?;
        run_hooks(self.host, &plan)?;
        Ok(publish(self.host, &turn, plan))
    }
}

/// Refuses what would wait for itself.
pub(super) fn refuse_inside(what: &str) -> Result<(), ModuleError> {
    if Inside::is_here() || is_inside_module() {
        return Err(ModuleError::new(
            ErrorKind::InsideCall,
            format!(
                "{what} from inside a call or a hook of a module: do it after that has ended, or on another thread"
            ),
        ));
    }
    Ok(())
}

/// Runs the hooks. What they call of this host goes to what will be live.
fn run_hooks(host: &Shared, plan: &Plan) -> Result<(), ModuleError> {
    let table = host.book().table_of(&plan.modules);
    let outcome = inside::stay(host, || &raw const *table, || initialise(&plan.initialise));
    outcome.map_err(|refused| refused.take_back())
}

fn publish(host: &Shared, turn: &Turn<'_>, plan: Plan) -> Changed {
    let initialised = plan.initialise.iter();
    let mut modules: Vec<ChangedModule> = initialised
        .clone()
        .filter(|module| !module.is_anew())
        .map(|module| ChangedModule {
            name: module.instance.name().into(),
            from: module.old_version(),
            to: Some(module.instance.version()),
        })
        .collect();
    modules.extend(
        plan.moves
            .iter()
            .filter(|change| change.after.is_none())
            .map(|change| ChangedModule {
                name: change.name.clone(),
                from: change.before.as_ref().map(|before| before.version()),
                to: None,
            }),
    );
    let initialised_anew = initialised
        .filter(|module| module.is_anew())
        .map(|module| module.instance.name().into())
        .collect();

    for change in &plan.moves {
        if let Some(instance) = &change.after {
            turn.take_back(instance);
        }
    }
    let mut forgotten = Vec::new();
    let mut book = host.book();
    book.modules = plan.modules;
    book.generation += 1;
    let generation = book.generation;
    host.publish(&mut book, plan.leaving);
    for change in plan.moves {
        if change.is_back {
            book.history.pop(&change.name);
        } else {
            forgotten.extend(book.history.push(&change.name, change.before));
        }
    }
    drop(book);
    // Closes libraries, whose destructors may do anything.
    drop(forgotten);
    turn.let_go();
    Changed {
        generation,
        modules,
        initialised_anew,
    }
}
