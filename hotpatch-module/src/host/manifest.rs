//! What a module says of itself, in memory of the host and checked, whatever machine it came from.

use std::collections::HashSet;

use crate::abi::ModuleVersion;

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: ModuleVersion,
    /// The lowest version of the host that it works with.
    pub(crate) required_host: ModuleVersion,
    pub(crate) functions: Vec<Offered>,
    pub(crate) dependencies: Vec<Needed>,
    pub(crate) contracts: Vec<Fulfilled>,
    pub(crate) hooks: Hooks,
}

/// A function that it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) name: String,
    /// 0 where nobody has agreed on one.
    pub(crate) signature: u64,
    pub(crate) input_size: u32,
    pub(crate) output_size: u32,
    /// The signature as written; may be empty.
    pub(crate) shown: String,
    /// What the signature is the hash of; may be empty.
    pub(crate) layout: String,
}

/// Another module that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) name: String,
    pub(crate) at_least: ModuleVersion,
}

/// A contract that it was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fulfilled {
    pub(crate) name: String,
    pub(crate) version: ModuleVersion,
}

/// Which hooks it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hooks {
    pub(crate) on_load: bool,
    pub(crate) on_unload: bool,
    pub(crate) on_reload: bool,
}

/// More than any module has: a count above it is none.
pub(crate) const MOST: usize = 65_536;
/// The longest name, in bytes.
pub(crate) const LONGEST_NAME: usize = 256;
/// The longest text of a signature or a layout, in bytes.
pub(crate) const LONGEST_TEXT: usize = 1 << 20;

impl Manifest {
    /// Checks what can be told without the module: counts, names, what is there twice. The error is a fragment, for
    /// example ``it offers the function `f` twice``.
    pub(crate) fn check(&self) -> Result<(), String> {
        check_count("functions", self.functions.len())?;
        check_count("dependencies", self.dependencies.len())?;
        check_count("contracts", self.contracts.len())?;
        check_name("its name", &self.name)?;
        let mut seen = HashSet::new();
        for function in &self.functions {
            check_name("the name of a function", &function.name)?;
            if !seen.insert(function.name.as_str()) {
                return Err(format!("it offers the function `{}` twice", function.name));
            }
        }
        seen.clear();
        for needed in &self.dependencies {
            check_name("the name of a module that it needs", &needed.name)?;
            if needed.name == self.name {
                return Err("it needs itself".into());
            }
            if !seen.insert(needed.name.as_str()) {
                return Err(format!("it needs the module `{}` twice", needed.name));
            }
        }
        seen.clear();
        for contract in &self.contracts {
            check_name("the name of a contract", &contract.name)?;
            if !seen.insert(contract.name.as_str()) {
                return Err(format!("it fulfils the contract `{}` twice", contract.name));
            }
        }
        Ok(())
    }
}

/// Whether there can be so many of something.
pub(crate) fn check_count(what: &str, count: usize) -> Result<(), String> {
    if count > MOST {
        return Err(format!(
            "it claims to have {count} {what}, and {MOST} is the most"
        ));
    }
    Ok(())
}

/// Whether something can be called so: what stands in messages, between dots, and in files.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "{what} has {} bytes, and {LONGEST_NAME} is the most",
            name.len()
        ));
    }
    if let Some(odd) = name
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || matches!(c, '.' | '`'))
    {
        return Err(format!("{what}, {name:?}, contains {odd:?}"));
    }
    Ok(())
}

/// Whether `have` will do where `at_least` is needed.
pub(crate) fn satisfies(have: ModuleVersion, at_least: ModuleVersion) -> bool {
    have.major == at_least.major && have >= at_least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(major: u32, minor: u32, patch: u32) -> ModuleVersion {
        ModuleVersion { major, minor, patch }
    }

    fn manifest() -> Manifest {
        Manifest {
            name: "shop".into(),
            version: version(1, 0, 0),
            required_host: version(1, 0, 0),
            functions: Vec::new(),
            dependencies: Vec::new(),
            contracts: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    #[test]
    fn names_are_something_to_be_called_by() {
        let check = |name: &str| {
            let mut manifest = manifest();
            manifest.name = name.into();
            manifest.check()
        };
        assert_eq!(check("prices-2_ä"), Ok(()));
        assert_eq!(check("").unwrap_err(), "its name is empty");
        for name in ["a.b", "a b", "a\n", "a\0", "`a`"] {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(check(&"a".repeat(257)).is_err());
    }

    #[test]
    fn a_higher_major_version_will_not_do() {
        assert!(satisfies(version(1, 2, 0), version(1, 1, 9)));
        assert!(satisfies(version(1, 2, 0), version(1, 2, 0)));
        assert!(!satisfies(version(1, 2, 0), version(1, 2, 1)));
        assert!(!satisfies(version(2, 0, 0), version(1, 0, 0)));
    }
}
