//! Patches made by hand for the test process itself: a C compiler makes the dylib, the test writes the manifest.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::{Fixup, FixupForm, ImageRef, Manifest, PatchId, Place, Published};
use hotpatch_abi::patch_file;
use hotpatch_abi::version::ABI_VERSION;
use tempfile::TempDir;

/// Defines a hot function that runs `$built` until it is patched.
macro_rules! hot {
    ($name:ident, $entry:ident, $built:expr) => {
        mod $name {
            pub(super) extern "C" fn built() -> u64 {
                $built
            }
        }
        static $entry: hotpatch_abi::entry::Entry = {
            let body = $name::built as extern "C" fn() -> u64 as *const ();
            let path = concat!("test::", stringify!($name));
            hotpatch_abi::entry::Entry::new(path, "fn() -> u64", Some(hotpatch_abi::entry::Body(body)))
        };
        hotpatch_runtime::inventory::submit!(hotpatch_runtime::Registered(&$entry));

        #[inline(never)]
        fn $name() -> u64 {
            let built: extern "C" fn() -> u64 = $name::built;
            // SAFETY: all bodies of these tests have this type.
            unsafe { hotpatch_runtime::enter(&$entry, built, |body| body()) }
        }
    };
}

/// Tests of one program share its generation: they take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the threads end also when the test fails.
pub(crate) struct StopOnDrop(pub(crate) &'static AtomicBool);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A folder for patches.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A compiled dylib and the offsets of its symbols.
pub(crate) struct Dylib {
    pub(crate) bytes: Vec<u8>,
    pub(crate) symbols: HashMap<String, u64>,
}

pub(crate) fn compile(source: &str) -> Dylib {
    let folder = folder();
    let (input, output) = (folder.path().join("patch.c"), folder.path().join("patch.so"));
    fs::write(&input, source).unwrap();
    let flags = [
        "-shared",
        "-nostdlib",
        "-fPIC",
        "-O1",
        "-Wl,-z,norelro",
        "-Wl,--hash-style=gnu",
        "-o",
    ];
    let status = Command::new("cc")
        .args(flags)
        .args([&output, &input])
        .status()
        .unwrap();
    assert!(status.success());
    let listing = Command::new("nm").arg(&output).output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let symbols = listing.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let offset = u64::from_str_radix(words.next()?, 16).ok()?;
        Some((words.nth(1)?.into(), offset))
    });
    Dylib {
        symbols: symbols.collect(),
        bytes: fs::read(&output).unwrap(),
    }
}

impl Dylib {
    pub(crate) fn place(&self, symbol: &str) -> Place {
        Place {
            image: ImageRef::This,
            offset: self.symbols[symbol],
        }
    }

    /// The manifest of a patch that publishes the given symbols, fits at any generation, and needs nothing.
    pub(crate) fn manifest(&self, published: &[(&'static Entry, &str)]) -> Manifest {
        let published = published.iter().map(|(entry, symbol)| Published {
            entry: base(std::ptr::from_ref(*entry) as usize),
            body: self.place(symbol),
            path: entry.path.into(),
        });
        Manifest {
            abi_version: ABI_VERSION,
            build_id: build_id(),
            parent: None,
            images: Vec::new(),
            got: 0,
            fixups: Vec::new(),
            published: published.collect(),
            instances: Vec::new(),
            backtraces: None,
        }
    }

    pub(crate) fn fixup(&self, symbol: &str, target: Place) -> Fixup {
        Fixup {
            at: self.symbols[symbol],
            target,
            addend: 0,
            form: FixupForm::Absolute,
        }
    }

    pub(crate) fn seal(&self, path: &Path, manifest: &Manifest) -> PatchId {
        let (file, id) = patch_file::seal(self.bytes.clone(), self.bytes.len(), manifest);
        fs::write(path, file).unwrap();
        id
    }
}

const VALUE: u64 = 0xfeed_face_cafe_f00d;

/// A dylib whose code reads a number, and copies of it with other numbers, for tests that need many patches.
pub(crate) struct Template {
    dylib: Dylib,
    at: usize,
}

impl Template {
    /// The functions find the number as `value`.
    pub(crate) fn compile(functions: &str) -> Self {
        let dylib = compile(&format!(
            "static const volatile unsigned long value = {VALUE}UL; {functions}"
        ));
        let mut windows = dylib.bytes.windows(8);
        let at = windows
            .position(|bytes| bytes == VALUE.to_le_bytes())
            .expect("the number");
        Self { dylib, at }
    }

    pub(crate) fn with(&self, value: u64) -> Dylib {
        let (mut bytes, symbols) = (self.dylib.bytes.clone(), self.dylib.symbols.clone());
        bytes[self.at..self.at + 8].copy_from_slice(&value.to_le_bytes());
        Dylib { bytes, symbols }
    }
}

/// Makes a patch in which each function returns the number beside it.
pub(crate) fn returning(
    folder: &Path,
    name: &str,
    published: &[(&'static Entry, u64)],
) -> (PathBuf, PatchId) {
    let (dylib, manifest) = returning_parts(published);
    let path = folder.join(name);
    let id = dylib.seal(&path, &manifest);
    (path, id)
}

pub(crate) fn returning_parts(published: &[(&'static Entry, u64)]) -> (Dylib, Manifest) {
    let names: Vec<String> = (0..published.len())
        .map(|index| format!("body_{index}"))
        .collect();
    let source: String = names
        .iter()
        .zip(published)
        .map(|(name, (_, value))| format!("unsigned long {name}(void) {{ return {value}; }}\n"))
        .collect();
    let dylib = compile(&source);
    let symbols: Vec<_> = published
        .iter()
        .zip(&names)
        .map(|(function, name)| (function.0, name.as_str()))
        .collect();
    let manifest = dylib.manifest(&symbols);
    (dylib, manifest)
}

/// A place in the program.
pub(crate) fn base(address: usize) -> Place {
    Place {
        image: ImageRef::Base,
        offset: (address - load_address()) as u64,
    }
}

pub(crate) fn load_address() -> usize {
    static ADDRESS: OnceLock<usize> = OnceLock::new();
    *ADDRESS.get_or_init(find_load_address)
}

fn find_load_address() -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let program = std::env::current_exe().unwrap();
    let line = maps
        .lines()
        .find(|line| line.ends_with(program.to_str().unwrap()))
        .unwrap();
    usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap()
}

/// Whether the process has the image of this file.
pub(crate) fn is_mapped(path: &Path) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().any(|line| line.ends_with(path.to_str().unwrap()))
}

/// The build id as it stands in the file of the program.
pub(crate) fn build_id() -> Vec<u8> {
    static READ: OnceLock<Vec<u8>> = OnceLock::new();
    READ.get_or_init(read_build_id).clone()
}

fn read_build_id() -> Vec<u8> {
    let program = fs::read("/proc/self/exe").unwrap();
    let note = b"\x03\0\0\0GNU\0";
    let at = program
        .windows(note.len())
        .position(|window| window == note)
        .expect("a build id");
    let len = u32::from_le_bytes(program[at - 4..at].try_into().unwrap()) as usize;
    program[at + note.len()..][..len].to_vec()
}
