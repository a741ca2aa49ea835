//! The output folder of a compilation, named by descriptor: `--out-dir /proc/self/fd/200`.
//!
//! rustc throws its incremental cache away when the *name* of the output folder changes. Builds by cargo and replays
//! write into different folders, and both must find the cache of the other, so both say the same name.

use std::fs::File;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

use crate::rustc_args::RustcArgs;

/// Above all descriptors that cargo, rustc and linkers open, and below the usual limit of 1,024: the first free one
/// from here on is this one, in every process that does nothing else.
const FIRST: i32 = 200;

/// The same compilation with its output folder opened and named by descriptor, for a process that is about to become
/// rustc. Without an output folder, the compilation as it is.
pub(crate) fn by_descriptor(args: &RustcArgs) -> Result<RustcArgs> {
    let Some(dir) = args.out_dir() else {
        return Ok(args.clone());
    };
    let open = File::open(dir).with_context(|| format!("cannot open `{}`", dir.display()))?;
    let high = fcntl_dupfd_cloexec(&open, FIRST).context("cannot keep the output folder open")?;
    fcntl_setfd(&high, FdFlags::empty()).context("cannot hand on the output folder")?;
    let name = format!("/proc/self/fd/{}", high.as_raw_fd());
    // Stays open: it belongs to the rustc that this process becomes, and to the linker that it starts.
    let _ = high.into_raw_fd();
    Ok(args.redirected(Path::new(&name), |_| None))
}
