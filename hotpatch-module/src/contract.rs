//! What a host and a module have agreed on: the functions of a contract, with the types of their input and output.
//!
//! A contract is made by the attribute `contract`, in code that both sides share.
//!
//! # How values cross
//!
//! The input of a function is one `repr(C)` record with a field for each argument, in their order; its [`Part`]s say
//! what the fields are. The output is a value, a [`Sink`] that takes any number of bytes, or both. A sandbox, whose
//! memory is another, copies what the parts describe; so nothing that crosses contains pointers of its own, and only
//! the input record itself looks different there: its pointers are as wide as those of the sandbox.

mod definitions;

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
    /// The types of arguments and output with their layouts, a line for each fact: see [`layout`](crate::layout).
    pub layout: &'static str,
    /// The hash of `layout`.
    pub signature: u64,
    /// The fields of the input.
    pub input: &'static [Part],
    /// The size of the input in bytes.
    pub input_size: usize,
    /// What the function gives back.
    pub output: Output,
}

impl ContractFunction {
    /// The size in bytes of what `output` points to.
    pub const fn output_size(&self) -> usize {
        let Output { size, align, bytes } = self.output;
        if !bytes {
            return size;
        }
        let align = if align > align_of::<Sink>() {
            align
        } else {
            align_of::<Sink>()
        };
        let place = size_of::<Sink>().next_multiple_of(self.output.align);
        (place + size).next_multiple_of(align)
    }
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
        /// Its alignment in bytes.
        align: usize,
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

/// What a function gives back: a value, which may be of no size, and for some functions any number of bytes.
///
/// Without bytes, `output` points to the value. With them, it points to a record of a [`Sink`] and the value behind it, at
/// the next place that fits its alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The size of the value in bytes. It contains no pointers.
    pub size: usize,
    /// The alignment of the value in bytes.
    pub align: usize,
    /// Whether the function also gives back bytes.
    pub bytes: bool,
}

/// Takes the bytes of a function that gives back any number of items: a text, or values without pointers.
#[repr(C)]
#[derive(Debug)]
pub struct Sink {
    /// What to hand to `write`.
    pub context: *mut c_void,
    /// Appends these bytes.
    pub write: unsafe extern "C" fn(context: *mut c_void, data: *const u8, len: usize),
}

// What a module for the sandbox (`wasm32-unknown-unknown`) has, beside what every module has:
//
// - `memory`, and `HOTPATCH_MODULE_V1` as a global: the address of the manifest, with pointers and `usize` of 4 bytes.
// - Nothing else that it would have to export: the sandbox finds the function behind a pointer of the manifest (its index in the
//   table) in the file itself, and places the input in pages that it adds to the memory.
// - `hotpatch_alloc(size: u32, align: u32) -> u32`, optional, for a module that cannot have pages added to its memory: where
//   the input is to lie. 0 is "no memory". It stays the sandbox's; a larger one is asked for when that becomes too small.
// - The import `hotpatch.write(context: u32, data: u32, len: u32)`, only if one of its functions gives back bytes. `context` is
//   the word that the sandbox put there; what it puts at `Sink::write` is never called.
