//! Modules in the sandbox: what is refused, what is stopped, and what goes on afterwards.

mod built;
mod c;
mod wat;

#[path = "../shop/contract.rs"]
mod shop;
#[path = "../till/contract.rs"]
mod till;
#[path = "modules/contract.rs"]
mod troubled;

mod calls;
mod contracts;
mod hostile;
mod limits;
mod rust;
mod swaps;
mod traps;

use std::ffi::c_void;
use std::mem::MaybeUninit;

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{CallError, Function, ModuleHost};

/// A host of version 1.0.0.
fn host() -> ModuleHost {
    ModuleHost::new(ModuleVersion::new(1, 0, 0))
}

/// Calls a function whose input and output are these types.
fn call<I: Copy, O: Copy>(function: &Function, input: I) -> Result<O, CallError> {
    let mut output = MaybeUninit::<O>::uninit();
    // SAFETY: the modules of these tests have the sizes of these types in their manifests, and the types are numbers.
    unsafe {
        function.call((&raw const input).cast::<c_void>(), output.as_mut_ptr().cast())?;
        Ok(output.assume_init())
    }
}

/// A handle of a function.
fn function(host: &ModuleHost, name: &str) -> Function {
    host.function(name).expect("a name")
}
