//! Cycles of a patch that is applied, rolled back and unloaded.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::Published;
use hotpatch_abi::version::ABI_VERSION;
use hotpatch_runtime::{Unload, apply, keep_generations, rollback, unload};
use tempfile::TempDir;

use super::support::{Dylib, base, compile, folder};

const NUMBER: u64 = 0xfeed_face_cafe_f00d;

/// Patches that differ in a number, which their code returns. Each adds a hot function of its own and is bound to the
/// program.
pub(crate) struct Numbered {
    dylib: Dylib,
    number_at: usize,
    folder: TempDir,
    patched: &'static Entry,
}

extern "C" fn in_the_program() -> u64 {
    0
}

impl Numbered {
    /// Patches of this function.
    pub(crate) fn of(patched: &'static Entry) -> Self {
        let dylib = compile(&format!(
            "static const volatile unsigned long number = {NUMBER}UL;
             unsigned long (*cell)(void);
             struct {{ unsigned slot, version; const char *path; unsigned long path_len;
                       const char *signature; unsigned long signature_len; unsigned long has_body; void *body; }}
             entry = {{ 0, {ABI_VERSION}, \"new::added\", 10, \"fn() -> u64\", 11, 0, 0 }};
             unsigned long added(void) {{ return number; }}
             unsigned long patched(void) {{ return number + cell(); }}"
        ));
        let number = NUMBER.to_le_bytes();
        let number_at = dylib.bytes.windows(8).position(|bytes| bytes == number).unwrap();
        Self {
            dylib,
            number_at,
            folder: folder(),
            patched,
        }
    }

    /// Makes the patch of this number.
    pub(crate) fn make(&mut self, number: u64) -> PathBuf {
        self.dylib.bytes[self.number_at..][..8].copy_from_slice(&number.to_le_bytes());
        let mut manifest = self.dylib.manifest(&[(self.patched, "patched")]);
        let target = base(in_the_program as extern "C" fn() -> u64 as usize);
        manifest.fixups.push(self.dylib.fixup("cell", target));
        manifest.published.push(Published {
            entry: self.dylib.place("entry"),
            body: self.dylib.place("added"),
            path: "new::added".into(),
        });
        let path = self.folder.path().join(format!("{number}.so"));
        self.dylib.seal(&path, &manifest);
        path
    }
}

/// Applies and rolls back another patch in each cycle, with images unloaded as soon as they can be. `look` is called after
/// each cycle with its number and its time.
pub(crate) fn run(
    patched: &'static Entry,
    call: fn() -> u64,
    cycles: u64,
    mut look: impl FnMut(u64, Duration),
) {
    let mut patches = Numbered::of(patched);
    keep_generations(NonZeroUsize::MIN);
    // SAFETY: nothing of these patches is used outside of their functions.
    unsafe { unload(Unload::WhenQuiescent) };
    for cycle in 1..=cycles {
        let path = patches.make(cycle);
        let started = Instant::now();
        let applied = apply(&path).unwrap();
        assert_eq!(call(), cycle);
        let back = rollback(0).unwrap();
        let elapsed = started.elapsed();
        assert_eq!((call(), back.generation), (0, applied.generation + 1));
        fs::remove_file(path).unwrap();
        look(cycle, elapsed);
    }
}
