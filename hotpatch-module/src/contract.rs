//! What a host and a module have agreed on: the functions of a contract, with the types of their input and output.
//!
//! A contract is made by the attribute `contract`, in code that both sides share.
//!
//! # How values cross
//!
//! The input of a function is one `repr(C)` record with a field for each argument, in their order; its [`Part`]s say
//! what the fields are. The output is a value, or a [`Sink`] that takes any number of items. A sandbox, whose memory is
//! another, copies what the parts describe; so nothing that crosses contains pointers of its own.

use core::ffi::c_void;

use hotpatch_abi::module::ModuleVersion;

/// The functions that a module must offer.
#[derive(Debug)]
pub struct Contract {
    /// The name of the trait, for messages.
    pub name: &'static str,
    /// The version of the contract. A module that offers another major version is refused, and one with a lower minor
    /// version.
    pub version: ModuleVersion,
    /// The functions.
    pub functions: &'static [ContractFunction],
}

/// A function of a contract.
#[derive(Debug)]
pub struct ContractFunction {
    /// The name.
    pub name: &'static str,
    /// The signature as written, for example `fn area(shape: &Shape) -> f64`.
    pub shown: &'static str,
    /// The hash of the types of input and output, with their layouts.
    pub signature: u64,
    /// The fields of the input.
    pub input: &'static [Part],
    /// The size of the input in bytes.
    pub input_size: usize,
    /// What the function gives back.
    pub output: Output,
}

/// A field of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A value without pointers.
    Value {
        /// Where it lies in the input, in bytes.
        offset: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// A pointer to a value without pointers.
    Reference {
        /// Where the pointer lies in the input, in bytes.
        offset: usize,
        /// The size of the value in bytes.
        size: usize,
        /// The alignment of the value in bytes.
        align: usize,
    },
    /// A pointer to items without pointers, followed by their number (a `usize`).
    Slice {
        /// Where the pointer lies in the input, in bytes.
        offset: usize,
        /// The size of an item in bytes.
        size: usize,
        /// The alignment of an item in bytes.
        align: usize,
    },
}

/// What a function gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// One value without pointers, written to where `output` points.
    Value {
        /// Its size in bytes.
        size: usize,
    },
    /// Items without pointers: `output` points to a [`Sink`].
    Items {
        /// The size of an item in bytes.
        size: usize,
    },
}

/// Takes the output of a function that gives back any number of items.
#[repr(C)]
#[derive(Debug)]
pub struct Sink {
    /// What to hand to `write`.
    pub context: *mut c_void,
    /// Appends these bytes, which are whole items. In a sandbox, a module calls the import `write` of `hotpatch` instead,
    /// with the same arguments.
    pub write: unsafe extern "C" fn(context: *mut c_void, data: *const u8, len: usize),
}
