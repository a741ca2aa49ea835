//! What a change leads to, worked out and checked before any hook runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::abi::ModuleVersion;
use crate::host::backend::{self, Source};
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::expected::Expected;
use crate::host::history::Before;
use crate::host::instance::Instance;
use crate::host::manifest::satisfies;
use crate::host::order::{self, Needs};
use crate::host::shared::{Modules, Shared};

/// One step of a change, as it was asked for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Load(PathBuf),
    Reload(PathBuf),
    Unload(String),
    RollBack(String),
}

/// A module that a change is about.
pub(super) struct Move {
    pub(super) name: String,
    pub(super) before: Before,
    pub(super) after: Before,
    /// Whether it takes back the last change of the module.
    pub(super) is_back: bool,
}

/// What a change leads to.
pub(super) struct Plan {
    /// All modules that are loaded afterwards.
    pub(super) modules: Modules,
    pub(super) moves: Vec<Move>,
    /// The modules to initialise, in order.
    pub(super) initialise: Vec<Initialise>,
    /// The modules that leave and are not replaced, those first that others need last.
    pub(super) leaving: Vec<Arc<Instance>>,
}

/// A module to initialise.
pub(super) struct Initialise {
    pub(super) instance: Arc<Instance>,
    /// What was there before under its name. For a module that is initialised anew, itself.
    pub(super) before: Before,
}

impl Initialise {
    pub(super) fn old_version(&self) -> Option<ModuleVersion> {
        self.before.as_ref().map(|before| before.version())
    }

    /// Whether it stays, and one that it needs is another.
    pub(super) fn is_anew(&self) -> bool {
        self.before
            .as_ref()
            .is_some_and(|before| Arc::ptr_eq(before, &self.instance))
    }
}

/// Opens what is to be loaded, and checks that all of it fits together.
pub(super) fn plan(host: &Shared, steps: &[Step]) -> Result<Plan, ModuleError> {
    let before = host.book().modules.clone();
    let mut modules = before.clone();
    let mut moves = Vec::new();
    for step in steps {
        let next = take(host, &modules, step)?;
        if moves.iter().any(|earlier: &Move| earlier.name == next.name) {
            return Err(ModuleError::new(
                ErrorKind::ChangedTwice,
                format!(
                    "one change is to change the module `{}` twice: make two changes of it",
                    next.name
                ),
            ));
        }
        match &next.after {
            Some(instance) => modules.insert(next.name.clone(), instance.clone()),
            None => modules.remove(&next.name),
        };
        moves.push(next);
    }
    check_needs(&modules, &before)?;
    let needs = needs_of(&modules);
    let order = order::in_order(&needs).map_err(|circle| name_circle(&circle))?;
    check_contracts(host, &moves)?;
    let changed: BTreeSet<&str> = moves.iter().map(|change| change.name.as_str()).collect();
    let anew = order::dependents(&needs, &order, &changed);
    let initialise = order
        .iter()
        .filter(|name| changed.contains(*name) || anew.contains(*name))
        .map(|name| Initialise {
            instance: modules[*name].clone(),
            before: before.get(*name).cloned(),
        })
        .collect();
    let leaving = leaving(&before, &moves);
    Ok(Plan {
        initialise,
        modules,
        moves,
        leaving,
    })
}

/// What one step makes of the modules as the steps before it have left them.
fn take(host: &Shared, modules: &Modules, step: &Step) -> Result<Move, ModuleError> {
    match step {
        Step::Load(path) => {
            let instance = open(host, path)?;
            let name = instance.name().to_owned();
            if let Some(loaded) = modules.get(&name) {
                return Err(ModuleError::new(
                    ErrorKind::AlreadyLoaded,
                    format!(
                        "{instance} cannot be loaded beside {loaded}, which has its name: reload it to replace that one"
                    ),
                ));
            }
            Ok(Move {
                name,
                before: None,
                after: Some(instance),
                is_back: false,
            })
        }
        Step::Reload(path) => {
            let instance = open(host, path)?;
            let name = instance.name().to_owned();
            let before = modules.get(&name).cloned().ok_or_else(|| {
                ModuleError::new(
                    ErrorKind::NotLoaded,
                    format!("{instance} replaces nothing, because no module `{name}` is loaded: load it"),
                )
            })?;
            Ok(Move {
                name,
                before: Some(before),
                after: Some(instance),
                is_back: false,
            })
        }
        Step::Unload(name) => {
            let before = modules.get(name).cloned().ok_or_else(|| {
                ModuleError::new(
                    ErrorKind::NotLoaded,
                    format!(
                        "no module `{name}` is loaded, so it cannot be unloaded{}",
                        loaded(modules)
                    ),
                )
            })?;
            Ok(Move {
                name: name.clone(),
                before: Some(before),
                after: None,
                is_back: false,
            })
        }
        Step::RollBack(name) => {
            let kept = host.book().history.last(name).cloned().ok_or_else(|| {
                ModuleError::new(
                    ErrorKind::NothingKept,
                    format!(
                        "no earlier state of a module `{name}` is kept, so it cannot be rolled back{}",
                        loaded(modules)
                    ),
                )
            })?;
            Ok(Move {
                name: name.clone(),
                before: modules.get(name).cloned(),
                after: kept,
                is_back: true,
            })
        }
    }
}

fn loaded(modules: &Modules) -> String {
    if modules.is_empty() {
        return ": none is loaded".into();
    }
    let names: Vec<String> = modules.keys().map(|name| format!("`{name}`")).collect();
    format!(": loaded are {}", names.join(", "))
}

/// Opens a module, and checks what can be told without the others.
fn open(host: &Shared, path: &Path) -> Result<Arc<Instance>, ModuleError> {
    let source = Source::read(path)?;
    let path = source.path.clone();
    let instance = Instance::new(backend::open(source, host)?, path);
    let required = instance.manifest().required_host;
    if required != ModuleVersion::new(0, 0, 0) && !satisfies(host.version, required) {
        return Err(ModuleError::new(
            ErrorKind::HostMismatch,
            format!(
                "{instance} needs a host of version {required} or a later one of {}.x, and this host is {}: take a module that was \
                 made for it",
                required.major, host.version
            ),
        ));
    }
    Ok(Arc::new(instance))
}

fn needs_of(modules: &Modules) -> Needs<'_> {
    modules
        .iter()
        .map(|(name, instance)| {
            let needed = &instance.manifest().dependencies;
            (
                name.as_str(),
                needed.iter().map(|needed| needed.name.as_str()).collect(),
            )
        })
        .collect()
}

/// Checks that each module finds what it needs. Before the change all of them did.
fn check_needs(modules: &Modules, before: &Modules) -> Result<(), ModuleError> {
    for (name, instance) in modules {
        for needed in &instance.manifest().dependencies {
            let found = modules.get(&needed.name);
            if found.is_some_and(|found| satisfies(found.version(), needed.at_least)) {
                continue;
            }
            let wanted = format!(
                "module `{}` {} or a later one of {}.x",
                needed.name, needed.at_least, needed.at_least.major
            );
            let stays = before
                .get(name)
                .is_some_and(|before| Arc::ptr_eq(before, instance));
            return Err(match (stays, found) {
                (true, None) => ModuleError::new(
                    ErrorKind::StillNeeded,
                    format!(
                        "module `{}` cannot leave, because {instance} needs it: unload that one in the same change",
                        needed.name
                    ),
                ),
                (true, Some(found)) => ModuleError::new(
                    ErrorKind::StillNeeded,
                    format!(
                        "{found} will not do for {instance}, which needs {wanted}: change both in one change"
                    ),
                ),
                (false, None) => ModuleError::new(
                    ErrorKind::Dependency,
                    format!(
                        "{instance} needs {wanted}, and none is loaded: load that one before, or in the same change"
                    ),
                ),
                (false, Some(found)) => ModuleError::new(
                    ErrorKind::Dependency,
                    format!("{instance} needs {wanted}, and {found} is loaded: change both in one change"),
                ),
            });
        }
    }
    Ok(())
}

fn name_circle(circle: &[&str]) -> ModuleError {
    let names: Vec<String> = circle
        .iter()
        .chain(circle.first())
        .map(|name| format!("`{name}`"))
        .collect();
    ModuleError::new(
        ErrorKind::Cycle,
        format!(
            "modules need each other in a circle: {}; take one of these dependencies away",
            names.join(" needs ")
        ),
    )
}

fn check_contracts(host: &Shared, moves: &[Move]) -> Result<(), ModuleError> {
    for change in moves {
        if let Some(instance) = &change.after {
            let contracts = host
                .book()
                .contracts
                .get(&change.name)
                .map(Expected::contracts)
                .unwrap_or_default();
            instance.fulfil(&contracts)?;
        }
    }
    Ok(())
}

/// Those of `before` that are there no more, each before what it needs.
fn leaving(before: &Modules, moves: &[Move]) -> Vec<Arc<Instance>> {
    let mut leaving = last_first(before);
    leaving.retain(|instance| moves.iter().any(|change| change.name == instance.name()));
    leaving
}

/// All of them, each before what it needs.
pub(super) fn last_first(modules: &Modules) -> Vec<Arc<Instance>> {
    // They were loaded, so there is no circle.
    let order = order::in_order(&needs_of(modules)).unwrap_or_default();
    order.iter().rev().map(|name| modules[*name].clone()).collect()
}
