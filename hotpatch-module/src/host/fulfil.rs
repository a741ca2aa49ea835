//! Whether a module fulfils the contracts that the host expects of it.

use std::sync::Arc;

use crate::contract::{Contract, ContractFunction};
use crate::host::backend::{Entry, Loaded};
use crate::host::difference::difference;
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::instance::Instance;
use crate::host::manifest::Offered;

/// Checks `instance`, whose module is `loaded`, and gives back what calls of its functions go to.
pub(super) fn entries(
    instance: &Instance,
    loaded: &dyn Loaded,
    contracts: &[&'static Contract],
) -> Result<Arc<[Entry]>, ModuleError> {
    let functions = &loaded.manifest().functions;
    let mut described: Vec<Option<&'static ContractFunction>> = vec![None; functions.len()];
    for contract in contracts {
        check_version(instance, contract)?;
        for wanted in contract.functions {
            let index = functions.iter().position(|offered| offered.name == wanted.name);
            let Some(index) = index else {
                return refuse(
                    instance,
                    contract,
                    &format!(
                        "it has no function `{}`, which is `{}`",
                        wanted.name, wanted.shown
                    ),
                );
            };
            check_signature(instance, contract, &functions[index], wanted)?;
            described[index] = Some(wanted);
        }
    }
    let entry = |(index, described)| {
        loaded.entry(index, described).map_err(|reason| {
            let name = &functions[index].name;
            ModuleError::new(
                ErrorKind::Malformed,
                format!("{instance} is refused, because `{name}` cannot be called: {reason}"),
            )
        })
    };
    described.into_iter().enumerate().map(entry).collect()
}

fn check_version(instance: &Instance, contract: &Contract) -> Result<(), ModuleError> {
    let fulfilled = &instance.manifest().contracts;
    let Some(found) = fulfilled.iter().find(|fulfilled| fulfilled.name == contract.name) else {
        let others = if fulfilled.is_empty() {
            "it names no contract".into()
        } else {
            let names: Vec<&str> = fulfilled
                .iter()
                .map(|fulfilled| fulfilled.name.as_str())
                .collect();
            format!("it names only `{}`", names.join("`, `"))
        };
        return refuse(instance, contract, &others);
    };
    let (have, want) = (found.version, contract.version);
    if have.major != want.major {
        return refuse(
            instance,
            contract,
            &format!("it was written for version {have}, whose major number is another"),
        );
    }
    if have.minor < want.minor {
        return refuse(
            instance,
            contract,
            &format!("it was written for the older version {have}"),
        );
    }
    Ok(())
}

fn check_signature(
    instance: &Instance,
    contract: &Contract,
    offered: &Offered,
    wanted: &ContractFunction,
) -> Result<(), ModuleError> {
    if offered.signature == wanted.signature {
        return Ok(());
    }
    let theirs = if offered.shown.is_empty() {
        format!("another signature, {:016x}", offered.signature)
    } else {
        format!("`{}`", offered.shown)
    };
    let mut reason = format!("its `{}` is {theirs}, and not `{}`", wanted.name, wanted.shown);
    if offered.shown == wanted.shown {
        reason = format!("the types of its `{}` are others", wanted.shown);
    }
    if let Some(difference) = difference(&offered.layout, wanted.layout) {
        reason += &format!(": {difference}");
    }
    refuse(instance, contract, &reason)
}

fn refuse<T>(instance: &Instance, contract: &Contract, reason: &str) -> Result<T, ModuleError> {
    let Contract { name, version, .. } = contract;
    Err(ModuleError::new(
        ErrorKind::Contract,
        format!(
            "{instance} does not fulfil the contract `{name}` {version} that the host expects of it: {reason}; build the module \
             against the contract of the host"
        ),
    ))
}
