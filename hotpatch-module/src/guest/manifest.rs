//! The parts of a module's manifest, made while compiling.

use hotpatch_abi::module::{
    ModuleContract, ModuleDependency, ModuleFn, ModuleFunction, ModuleText, ModuleVersion,
};

use crate::contract::{Contract, ContractFunction};

/// What a type offers for a contract.
pub struct Offer {
    /// The contract.
    pub contract: &'static Contract,
    /// A function for each of the contract, in its order.
    pub functions: &'static [ModuleFunction],
}

/// Constants of a manifest, which contain pointers to other constants.
#[repr(transparent)]
pub struct Table<T>(pub T);

// SAFETY: nobody writes to it, and what it points to are constants.
unsafe impl<T> Sync for Table<T> {}

/// A text that lives as long as the library.
pub const fn text(text: &'static str) -> ModuleText {
    ModuleText {
        data: text.as_ptr(),
        len: text.len(),
    }
}

/// The entry of a function in a manifest.
pub const fn function(of: &'static ContractFunction, function: ModuleFn) -> ModuleFunction {
    ModuleFunction {
        name: text(of.name),
        signature: of.signature,
        input_size: of.input_size as u32,
        output_size: of.output_size() as u32,
        function,
        shown: text(of.shown),
        layout: text(of.layout),
    }
}

/// The entry of a contract in a manifest.
pub const fn contract(of: &Offer) -> ModuleContract {
    ModuleContract {
        name: text(of.contract.name),
        version: of.contract.version,
    }
}

/// The entry of a dependency in a manifest.
pub const fn dependency(name: &'static str, major: u32, minor: u32, patch: u32) -> ModuleDependency {
    let name = text(name);
    let at_least = ModuleVersion { major, minor, patch };
    ModuleDependency { name, at_least }
}

/// The functions of all offers, of which there are `N`.
///
/// # Panics
///
/// Two have the same name.
pub const fn join<const N: usize>(offers: &[&Offer]) -> Table<[ModuleFunction; N]> {
    let mut functions = [offers[0].functions[0]; N];
    let mut count = 0;
    let mut offer = 0;
    while offer < offers.len() {
        let mut at = 0;
        while at < offers[offer].functions.len() {
            let name = offers[offer].contract.functions[at].name;
            assert_new(offers, offer, name);
            functions[count] = offers[offer].functions[at];
            count += 1;
            at += 1;
        }
        offer += 1;
    }
    Table(functions)
}

const fn assert_new(offers: &[&Offer], before: usize, name: &str) {
    let mut offer = 0;
    while offer < before {
        let functions = offers[offer].contract.functions;
        let mut at = 0;
        while at < functions.len() {
            if equal(functions[at].name, name) {
                panic!(
                    "two contracts of this module have a function of the same name; rename one, or offer them in two modules"
                );
            }
            at += 1;
        }
        offer += 1;
    }
}

const fn equal(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}
