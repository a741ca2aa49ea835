//! The module in C of the guide, built for the sandbox where this machine has clang and its linker.

use std::path::{Path, PathBuf};
use std::process::Command;

use hotpatch_module::{CallErrorKind, Machine};

use crate::wat::Folder;
use crate::{call, function, host};

/// Builds the module with the command of the guide.
fn build(folder: &Folder) -> Option<PathBuf> {
    let package = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let output = folder.file("calculator.wasm", b"");
    let mut clang = Command::new("clang");
    clang.args([
        "--target=wasm32",
        "-O2",
        "-nostdlib",
        "-Wl,--no-entry",
        "-Wl,--export=HOTPATCH_MODULE_V1",
        "-I",
    ]);
    clang
        .arg(package.join("include"))
        .arg(package.join("tests/modules/calculator.c"))
        .arg("-o")
        .arg(&output);
    let said = match clang.output() {
        Ok(built) if built.status.success() => return Some(output),
        Ok(built) => String::from_utf8_lossy(&built.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let lacking = said.contains("wasm-ld") || said.contains("No such file") || said.contains("wasm32");
    assert!(lacking, "{said}");
    eprintln!(
        "SKIPPED: clang cannot build for WebAssembly here, so no module in C was seen in the sandbox: {said}"
    );
    None
}

#[test]
fn a_module_in_c_runs_in_the_sandbox() {
    let folder = Folder::new();
    let Some(module) = build(&folder) else { return };
    let host = host();
    host.load(module).unwrap();
    assert_eq!(host.modules()[0].machine, Machine::Sandbox);
    let (add, divide) = (
        function(&host, "calculator.add"),
        function(&host, "calculator.divide"),
    );
    assert_eq!(call::<_, i64>(&add, [40i64, 2]).unwrap(), 42);
    assert_eq!(call::<_, i64>(&divide, [84i64, 2]).unwrap(), 42);
    assert_eq!(
        call::<_, i64>(&divide, [1i64, 0]).unwrap_err().kind(),
        CallErrorKind::Status(1)
    );
}
