//! The output folder of a compilation, handed over as standard input: `--out-dir /proc/self/fd/0`.
//!
//! rustc throws its incremental cache away when the *name* of the output folder changes. Builds by cargo and replays
//! write into different folders, and both must find the cache of the other, so both say the same name. rustc reads no
//! standard input for a crate in files, and neither does a linker.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::rustc_args::RustcArgs;

pub(crate) const NAME: &str = "/proc/self/fd/0";

/// Gives rustc its arguments, with the output folder as standard input, and with other files of the crates for which
/// `replaced` knows one.
pub(crate) fn hand_over(
    command: &mut Command,
    args: &RustcArgs,
    dir: &Path,
    replaced: impl Fn(&Path) -> Option<PathBuf>,
) -> Result<()> {
    let open = File::open(dir).with_context(|| format!("cannot open `{}`", dir.display()))?;
    command
        .args(args.redirected(Some(Path::new(NAME)), replaced).as_slice())
        .stdin(open);
    Ok(())
}
