//! The contracts that a host expects of one module.

use crate::contract::Contract;
use crate::host::error::{ErrorKind, ModuleError};

/// The contracts that a host expects of one module.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected(Vec<(&'static Contract, u64)>);

impl Expected {
    pub(super) fn contracts(&self) -> Vec<&'static Contract> {
        self.0.iter().map(|(contract, _)| *contract).collect()
    }

    /// The serial number of the first table in which it is fulfilled, if it is expected already.
    pub(super) fn since(&self, contract: &Contract) -> Option<u64> {
        let same = |known: &Contract| {
            known.name == contract.name
                && known.version == contract.version
                && known.functions.len() == contract.functions.len()
                && known
                    .functions
                    .iter()
                    .zip(contract.functions)
                    .all(|(known, new)| {
                        known.name == new.name
                            && known.signature == new.signature
                            && known.layout == new.layout
                    })
        };
        self.0
            .iter()
            .find(|(known, _)| same(known))
            .map(|(_, since)| *since)
    }

    /// Adds a contract, which is fulfilled by all tables from `since` on.
    pub(super) fn add(&mut self, contract: &'static Contract, since: u64) {
        self.0.push((contract, since));
    }

    /// Whether a module `module` can fulfil this contract, too. Nothing can if another contract has a function of the same name
    /// with other types, and what runs as a fallback for one is no function of the other.
    pub(super) fn check(&self, module: &str, contract: &Contract) -> Result<(), ModuleError> {
        for (known, _) in &self.0 {
            for function in contract.functions {
                let clash = known
                    .functions
                    .iter()
                    .find(|other| other.name == function.name && other.signature != function.signature);
                if let Some(other) = clash {
                    return Err(ModuleError::new(
                        ErrorKind::Contract,
                        format!(
                            "no module `{module}` can fulfil the contracts `{}` {} and `{}` {}: `{}` in one, `{}` in the other; \
                             expect them of modules with different names",
                            known.name,
                            known.version,
                            contract.name,
                            contract.version,
                            other.shown,
                            function.shown
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}
