//! The least that can take a patch: what `hotpatch-runtime` does, without any of its checks.
#![crate_type = "rlib"]

use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::{FixupForm, ImageRef, PatchId, Place};
use hotpatch_abi::patch_file;
use std::cell::UnsafeCell;
use std::ffi::{CString, c_char, c_int, c_void};

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlerror() -> *const c_char;
    fn dlinfo(handle: *mut c_void, request: c_int, out: *mut c_void) -> c_int;
    static __executable_start: u8;
}

pub struct Of<T>(UnsafeCell<Vec<T>>);
unsafe impl<T> Sync for Of<T> {}
type Table = Vec<*const ()>;
static TABLE: Of<*const ()> = Of(UnsafeCell::new(Vec::new()));
/// The tables of earlier generations, from generation 0 on.
static TABLES: Of<Table> = Of(UnsafeCell::new(Vec::new()));
static LOADED: Of<(PatchId, usize)> = Of(UnsafeCell::new(Vec::new()));

#[inline(always)]
pub fn live<F: Copy>(entry: &Entry, body: F) -> F {
    let table = unsafe { &*TABLE.0.get() };
    match table.get(entry.slot().0 as usize).copied() {
        Some(address) if !address.is_null() => unsafe { std::mem::transmute_copy(&address) },
        _ => std::hint::black_box(body),
    }
}

pub fn apply(path: &str) {
    let file = std::fs::read(path).unwrap();
    let patch = patch_file::open(&file).unwrap();
    let handle = unsafe { dlopen(CString::new(path).unwrap().as_ptr(), 2) };
    if handle.is_null() {
        panic!("{:?}", unsafe { std::ffi::CStr::from_ptr(dlerror()) });
    }
    let mut map: *const usize = std::ptr::null();
    unsafe { dlinfo(handle, 2, (&raw mut map).cast()) };
    let this = unsafe { *map };
    let base = unsafe { &raw const __executable_start } as usize;
    let loaded = unsafe { &mut *LOADED.0.get() };
    let address = |place: Place| {
        let image = match place.image {
            ImageRef::Base => base,
            ImageRef::This => this,
            ImageRef::Earlier(index) => {
                let patch = patch.manifest.images[index as usize];
                loaded.iter().find(|(loaded, _)| *loaded == patch).unwrap().1
            }
        };
        image + place.offset as usize
    };
    for fixup in &patch.manifest.fixups {
        let mut value = address(fixup.target).wrapping_add(fixup.addend as usize);
        if fixup.form == FixupForm::GotRelative {
            value = value.wrapping_sub(this + patch.manifest.got as usize);
        }
        unsafe { ((this + fixup.at as usize) as *mut usize).write(value) };
    }
    let table = unsafe { &mut *TABLE.0.get() };
    unsafe { &mut *TABLES.0.get() }.push(table.clone());
    if patch.manifest.parent.is_none() {
        table.fill(std::ptr::null());
    }
    table.resize(table.len().max(1), std::ptr::null());
    for published in &patch.manifest.published {
        let entry = unsafe { &*(address(published.entry) as *const Entry) };
        if entry.slot().0 == 0 {
            entry.assign(hotpatch_abi::entry::Slot(table.len() as u32));
            table.push(std::ptr::null());
        }
        table[entry.slot().0 as usize] = address(published.body) as *const ();
    }
    loaded.push((patch.id, this));
}

/// Runs what an earlier generation ran.
pub fn roll_back(to: usize) {
    let (table, tables) = unsafe { (&mut *TABLE.0.get(), &mut *TABLES.0.get()) };
    let len = table.len();
    tables.push(std::mem::replace(table, tables[to].clone()));
    // A function that came later runs the code that it came with.
    table.resize(len, std::ptr::null());
}
