//! Patches whose one function returns a number.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use hotpatch_abi::manifest::PatchId;
use hotpatch_abi::patch_file;

use crate::ONE;
use crate::support::Template;

/// A patch that is not in a file yet.
pub(crate) struct Patch {
    pub(crate) value: u64,
    pub(crate) id: PatchId,
    pub(crate) bytes: Vec<u8>,
}

/// A patch with a number of its own, which follows on `parent` or fits anywhere.
pub(crate) fn patch(parent: Option<PatchId>) -> Patch {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    let template = TEMPLATE.get_or_init(|| Template::compile("unsigned long one(void) { return value; }"));
    let value = NEXT.fetch_add(1, Ordering::Relaxed);
    let dylib = template.with(value);
    let mut manifest = dylib.manifest(&[(&ONE, "one")]);
    manifest.parent = parent;
    let covered = dylib.bytes.len();
    let (bytes, id) = patch_file::seal(dylib.bytes, covered, &manifest);
    Patch { value, id, bytes }
}

/// Patches that follow one on the other.
pub(crate) fn chain<const N: usize>() -> [Patch; N] {
    let mut parent = None;
    [(); N].map(|()| {
        let patch = patch(parent);
        parent = Some(patch.id);
        patch
    })
}

impl Patch {
    /// Writes it as a file, modified at this second.
    pub(crate) fn write_at(&self, folder: &Path, name: &str, second: u64) -> PathBuf {
        let path = self.write(folder, name);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
        path
    }

    pub(crate) fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, &self.bytes).unwrap();
        path
    }

    /// Puts it in place at once, as who deploys does.
    pub(crate) fn rename_to(&self, path: &Path) {
        let aside = path.with_extension("tmp");
        fs::write(&aside, &self.bytes).unwrap();
        fs::rename(aside, path).unwrap();
    }
}
