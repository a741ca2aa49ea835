//! Two thousand hot functions, and patches for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotpatch_abi::entry::{Body, Entry};
use hotpatch_abi::manifest::{ImageRef, Manifest, Place, Published, PublishedInstance};
use hotpatch_runtime::Registered;

use crate::support::{self, Dylib};

pub(crate) const FUNCTIONS: usize = 2000;

extern "C" fn built() -> u64 {
    0
}

fn built_place() -> Place {
    support::base(built as extern "C" fn() -> u64 as usize)
}

static ENTRIES: [Entry; FUNCTIONS] = [const {
    Entry::new(
        "bench::function",
        "fn() -> u64",
        Some(Body(built as extern "C" fn() -> u64 as *const ())),
    )
}; FUNCTIONS];

macro_rules! register {
    ($($hundreds:literal)*) => {$(
        register!(@ $hundreds; 0 1 2 3 4 5 6 7 8 9);
    )*};
    (@ $hundreds:literal; $($tens:literal)*) => {$(
        register!(@ $hundreds $tens; 0 1 2 3 4 5 6 7 8 9);
    )*};
    (@ $hundreds:literal $tens:literal; $($ones:literal)*) => {$(
        hotpatch_runtime::inventory::submit!(Registered(&ENTRIES[$hundreds * 100 + $tens * 10 + $ones]));
    )*};
}
register!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);

/// Patches for the first functions of the fleet, each file another patch: what they have in common is made once.
pub(crate) struct Patches {
    dylib: Dylib,
    manifest: Manifest,
    made: usize,
    folder: PathBuf,
}

impl Patches {
    /// Patches of so many functions, each of which calls the program back through a cell.
    pub(crate) fn new(folder: &Path, functions: usize) -> Self {
        let names: Vec<String> = (0..functions).map(|index| format!("function_{index}")).collect();
        // As in patches of the tool, no symbol is exported, so the loader has none to look for.
        let hidden = "#pragma GCC visibility push(hidden)\n".to_owned();
        let pairs = names.iter().map(|name| format!("unsigned long (*cell_{name})(void); unsigned long {name}(void) {{ return cell_{name}() + 1; }}\n"));
        let source: String = [hidden].into_iter().chain(pairs).collect();
        let dylib = support::compile(&source);
        let published: Vec<(&'static Entry, &str)> =
            ENTRIES.iter().zip(names.iter().map(String::as_str)).collect();
        let mut manifest = dylib.manifest(&published);
        for (published, name) in manifest.published.iter_mut().zip(&names) {
            published.path = format!("bench::{name}");
        }
        let target = built_place();
        manifest.fixups = names
            .iter()
            .map(|name| dylib.fixup(&format!("cell_{name}"), target))
            .collect();
        let folder = folder.join(functions.to_string());
        fs::create_dir(&folder).unwrap();
        Self {
            dylib,
            manifest,
            made: 0,
            folder,
        }
    }

    pub(crate) fn next(&mut self) -> PathBuf {
        self.made += 1;
        // Another name makes another patch.
        self.manifest.published[0].path = format!("bench::function_0_{}", self.made);
        let path = self.folder.join(format!("{}.so", self.made));
        self.dylib.seal(&path, &self.manifest);
        path
    }

    pub(crate) fn kilobytes(&self) -> usize {
        self.dylib.bytes.len() / 1024
    }
}

/// A patch that gives the whole fleet, `hot` and 2,000 instances, among them every closure that the program gives to
/// `call`, the code that they have. So a call takes the way of patched code, and executes the same.
pub(crate) fn patch_with_the_same_code(folder: &Path, hot: &'static Entry) -> PathBuf {
    let dylib = support::compile("unsigned long unused(void) { return 0; }\n");
    let mut manifest = dylib.manifest(&[]);
    manifest.published = ENTRIES
        .iter()
        .chain([hot])
        .map(|entry| Published {
            entry: support::base(std::ptr::from_ref(entry).addr()),
            body: support::base(entry.body.expect("a body").0.addr()),
            path: entry.path.into(),
        })
        .collect();
    let (closures, others) = text_symbols();
    assert!(!closures.is_empty(), "no closure of `call` is found any more");
    manifest.instances = closures
        .into_iter()
        .chain(others)
        .take(FUNCTIONS)
        .map(|offset| {
            let place = Place {
                image: ImageRef::Base,
                offset,
            };
            PublishedInstance {
                built: place,
                body: place,
                path: "bench::instance".into(),
            }
        })
        .collect();
    assert_eq!(manifest.instances.len(), FUNCTIONS);
    let path = folder.join("same.so");
    dylib.seal(&path, &manifest);
    path
}

/// The offsets of the functions of this program: the closures given to `call`, and the rest.
pub(crate) fn text_symbols() -> (BTreeSet<u64>, BTreeSet<u64>) {
    let listing = Command::new("nm").arg("/proc/self/exe").output();
    let program = std::env::current_exe().unwrap();
    let listing = match listing {
        Ok(listing) if listing.status.success() && !listing.stdout.is_empty() => listing,
        _ => Command::new("nm").arg(program).output().unwrap(),
    };
    let listing = String::from_utf8(listing.stdout).unwrap();
    let functions = listing.lines().filter_map(|line| {
        let [offset, "t" | "T", name] = line.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some((u64::from_str_radix(offset, 16).ok()?, name.to_owned()))
    });
    let (closures, others): (Vec<_>, Vec<_>) =
        functions.partition(|(_, name)| name.contains("16hotpatch_runtime7closure4body"));
    let offsets = |symbols: Vec<(u64, String)>| {
        symbols
            .into_iter()
            .map(|(offset, _)| offset)
            .collect::<BTreeSet<_>>()
    };
    let closures = offsets(closures);
    let others = &offsets(others) - &closures;
    (closures, others)
}
