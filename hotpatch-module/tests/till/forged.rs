//! What a module in another language may do by mistake: give back what is no value, under the signatures of the contract.

#![allow(missing_docs)]

mod contract;

use std::ffi::c_void;

use hotpatch_module::Sink;
use hotpatch_module::abi::{
    MODULE_ABI_VERSION, MODULE_MAGIC, Module, ModuleContract, ModuleFn, ModuleFunction, ModuleText,
    ModuleVersion,
};

/// The description of the contract, from the other side.
struct Nobody;
impl hotpatch_module::__private1::Instance<Exact> for Nobody {
    fn get() -> &'static Exact {
        &Exact
    }
}

struct Exact;
impl contract::Till for Exact {
    fn total(&self, _: &[contract::Item]) -> f64 {
        0.0
    }
    fn dearest(&self, _: &[contract::Item]) -> Option<contract::Item> {
        None
    }
    fn receipt(&self) -> String {
        String::new()
    }
}

/// Says the status that it was asked for: the number of items.
unsafe extern "C" fn total(_: *mut c_void, input: *const c_void, _: *mut c_void) -> i32 {
    // SAFETY: the input is a slice.
    unsafe { *input.cast::<usize>().add(1) as i32 }
}

/// Gives back an item of a kind that there is not, and a tag that there is not if there are two.
unsafe extern "C" fn dearest(_: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: the input is a slice; the output is a tag and an item with alignment 8, whose kind is at 12.
    unsafe {
        let count = *input.cast::<usize>().add(1) as u32;
        output.cast::<u32>().write(count);
        output.cast::<u8>().add(8 + 12).write(9);
    }
    0
}

unsafe extern "C" fn receipt(_: *mut c_void, _: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: the output begins with a sink.
    unsafe {
        let sink = &*output.cast::<Sink>();
        (sink.write)(sink.context, b"a\xff".as_ptr(), 2);
    }
    0
}

const OFFER: hotpatch_module::__private1::Offer = contract::Till::<Exact, Nobody>();

const fn forged(index: usize, function: ModuleFn) -> ModuleFunction {
    let mut forged = OFFER.functions[index];
    forged.function = function;
    forged
}

#[repr(transparent)]
struct Constant<T>(T);
// SAFETY: nobody writes to it.
unsafe impl<T> Sync for Constant<T> {}

static FUNCTIONS: Constant<[ModuleFunction; 3]> =
    Constant([forged(0, total), forged(1, dearest), forged(2, receipt)]);

const fn text(text: &'static str) -> ModuleText {
    ModuleText {
        data: text.as_ptr(),
        len: text.len(),
    }
}

static CONTRACTS: Constant<[ModuleContract; 1]> = Constant([ModuleContract {
    name: text("Till"),
    version: ModuleVersion::new(1, 2, 0),
}]);

#[unsafe(no_mangle)]
pub static HOTPATCH_MODULE_V1: Module = Module {
    magic: MODULE_MAGIC,
    abi_version: MODULE_ABI_VERSION,
    struct_size: size_of::<Module>() as u32,
    name: text("till"),
    version: ModuleVersion::new(0, 0, 1),
    required_host: ModuleVersion::new(1, 0, 0),
    functions: FUNCTIONS.0.as_ptr(),
    function_count: 3,
    dependencies: std::ptr::null(),
    dependency_count: 0,
    contracts: CONTRACTS.0.as_ptr(),
    contract_count: 1,
    on_load: None,
    on_unload: None,
    on_reload: None,
};
