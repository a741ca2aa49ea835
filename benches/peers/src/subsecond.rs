//! Subsecond 0.7: `subsecond::call` with a table of 2,000 entries, in which its closure has one.
//!
//! The table comes in by the public `apply_patch`, with a dylib that exports `main` as Subsecond wants it. Both bases
//! are chosen so that its entries are addresses as they are. They are those of functions of this program, closures among
//! them, and lead to the code that these have. How long Subsecond searches depends on the address, so eight closures are
//! measured.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use ::subsecond::{HotFunction, JumpTable, apply_patch, aslr_reference};
use subsecond_types::AddressMap;

use crate::mean_of_eight;
use crate::measure::calls::body;
use crate::measure::fleet::{self, FUNCTIONS};
use crate::measure::rounds::{Candidate, candidate, time_an_eighth};
use crate::support;

pub(crate) const CALL: &str = "`subsecond::call` of a closure, mean of eight (subsecond 0.7.10)";

/// The address under which Subsecond looks a closure up.
fn key<M, F: HotFunction<(), M>>(_: &F) -> u64 {
    <F as HotFunction<(), M>>::call_it as *const () as u64
}

/// A closure of two words: what is as long as a pointer, Subsecond takes for one.
#[inline(always)]
fn closure<const NUMBER: u64>(x: u64, y: u64) -> impl FnMut() -> u64 + Copy {
    move || body(x ^ y ^ NUMBER)
}

#[inline(never)]
fn call<const NUMBER: u64>(x: u64) -> u64 {
    ::subsecond::call(closure::<NUMBER>(x, 0))
}

fn keys() -> [u64; 8] {
    [
        key(&closure::<0>(1, 2)),
        key(&closure::<1>(1, 2)),
        key(&closure::<2>(1, 2)),
        key(&closure::<3>(1, 2)),
        key(&closure::<4>(1, 2)),
        key(&closure::<5>(1, 2)),
        key(&closure::<6>(1, 2)),
        key(&closure::<7>(1, 2)),
    ]
}

pub(crate) fn candidates() -> Vec<Candidate> {
    install();
    assert_eq!(call::<0>(5), body(5));
    vec![candidate(CALL, || mean_of_eight!(call))]
}

fn install() {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dylib = support::compile("int main(void) { return 0; }\n");
    let lib = FOLDER.get_or_init(support::folder).path().join("patch.so");
    std::fs::write(&lib, &dylib.bytes).unwrap();
    let base = support::load_address() as u64;
    let (closures, functions) = fleet::text_symbols();
    let functions = closures.into_iter().chain(functions).map(|offset| base + offset);
    let mut map: AddressMap = keys().into_iter().map(|key| (key, key)).collect();
    for address in functions {
        if map.len() == FUNCTIONS {
            break;
        }
        map.insert(address, address);
    }
    let table = JumpTable {
        new_base_address: address_of_main(&lib),
        lib,
        map,
        aslr_reference: aslr_reference() as u64,
        ifunc_count: 0,
    };
    assert_eq!(table.map.len(), FUNCTIONS);
    // SAFETY: each key leads to the code that it is the address of.
    unsafe { apply_patch(table) }.expect("a good patch");
}

/// Where `main` of the library lies: it is loaded here, and again by Subsecond, which gets the same image.
fn address_of_main(lib: &Path) -> u64 {
    let path = CString::new(lib.as_os_str().as_bytes()).unwrap();
    // SAFETY: the library has no initialisers, and both names are C strings.
    let main = unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        assert!(!handle.is_null());
        libc::dlsym(handle, c"main".as_ptr())
    };
    main.addr() as u64
}
