//! Runs the linker on the merged object.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use hotpatch_abi::code;

use crate::Error;

const OPTIONS: &[&str] = &[
    "-shared",
    "-m",
    "elf_x86_64",
    "--eh-frame-hdr",
    "--hash-style=gnu",
    // Tools that look at the process later know the file by it, also after the session has removed it.
    "--build-id",
    "-z",
    "noexecstack",
    // The runtime writes pointers into constant data after the dynamic loader is done with the image.
    "-z",
    "norelro",
];

/// Links `object` into the dylib `out`, with an ELF linker that takes ld options.
pub(crate) fn link(linker: &Path, object: &Path, out: &Path) -> Result<(), Error> {
    let mut command = Command::new(linker);
    if linker.file_name().is_some_and(|name| name == "rust-lld") {
        command.args(["-flavor", "gnu"]);
    }
    if linker.to_string_lossy().contains("lld") {
        // One small input: starting threads costs more than they save.
        command.args(["--threads=1", "-O0", "--build-id=fast"]);
    }
    command
        .args(OPTIONS)
        .arg("-o")
        .arg(out)
        .arg(object)
        .stdin(Stdio::null());
    let run = command.output().map_err(|error| {
        Error::new(
            code::LINK,
            format!("cannot run the linker `{}`: {error}", linker.display()),
        )
    })?;
    if run.status.success() {
        return Ok(());
    }
    let _ = fs::remove_file(out);
    let said = String::from_utf8_lossy(&run.stderr);
    Err(Error::new(
        code::LINK,
        format!(
            "the linker `{}` failed on the patch:\n{}",
            linker.display(),
            said.trim_end()
        ),
    ))
}
