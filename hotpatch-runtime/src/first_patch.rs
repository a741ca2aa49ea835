//! The patch that a process takes before `main`: for a program that is to begin with code newer than its own.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::{env, process};

use hotpatch_abi::names::{FIRST_PATCH_VAR, TAKEN};

use crate::commit::apply;
use crate::platform::is_privileged;

/// The exit code of a process that could not take its first patch.
const NOT_TAKEN: i32 = 101;

/// Takes the patch that the environment names, if it names one.
///
/// # Safety
///
/// No other thread runs yet.
pub(crate) unsafe fn take() {
    let Some(path) = env::var_os(FIRST_PATCH_VAR).map(PathBuf::from) else {
        return;
    };
    // SAFETY: promised by the caller.
    unsafe { env::remove_var(FIRST_PATCH_VAR) };
    if is_privileged() {
        return;
    }
    let taken = match apply(&path) {
        Ok(_) => File::create(path.with_extension(TAKEN)).map_err(|error| error.to_string()),
        Err(refusal) => Err(refusal.to_string()),
    };
    if let Err(error) = taken {
        // Whoever started it wants the new code and no other. Who closed standard error does not want to know.
        let _ = writeln!(
            io::stderr(),
            "hotpatch: cannot begin with the patch `{}`: {error}",
            path.display()
        );
        process::exit(NOT_TAKEN);
    }
}
