//! The Rust modules of these tests, built for both machines from the same sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hotpatch_module::Machine;

/// What runs a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Native,
    Sandbox,
}

use Build::{Native, Sandbox};

impl Build {
    /// What the host says of it.
    pub(crate) fn machine(self) -> Machine {
        match self {
            Native => Machine::Native,
            Sandbox => Machine::Sandbox,
        }
    }
}

/// Where the modules lie, with the sources from the folder of the tests.
const MODULES: [(&str, &str); 10] = [
    ("shop_v1", "shop/v1.rs"),
    ("shop_v2", "shop/v2.rs"),
    ("stall", "sandbox/modules/stall.rs"),
    ("troubled", "sandbox/modules/troubled.rs"),
    ("till_exact", "till/exact.rs"),
    ("till_older", "till/older.rs"),
    ("till_next", "till/next.rs"),
    ("till_drifted", "till/drifted.rs"),
    ("till_short", "till/short.rs"),
    ("till_forged", "till/forged.rs"),
];

/// Both machines, or none if this one cannot build for the sandbox. That is said loudly.
pub(crate) fn machines() -> &'static [Build] {
    if folders().is_some() {
        &[Native, Sandbox]
    } else {
        &[]
    }
}

/// The file of a module.
pub(crate) fn built(build: Build, name: &str) -> PathBuf {
    let [native, sandbox] = folders().as_ref().expect("there are machines");
    match build {
        Native => native.join(format!("lib{name}.so")),
        Sandbox => sandbox.join(format!("{name}.wasm")),
    }
}

fn folders() -> &'static Option<[PathBuf; 2]> {
    static FOLDERS: OnceLock<Option<[PathBuf; 2]>> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let target = "wasm32-unknown-unknown";
        let library = output("rustc", &["--print", "target-libdir", "--target", target]);
        if !Path::new(library.trim()).is_dir() {
            eprintln!(
                "SKIPPED: rustc has no library for `{target}` here, so no Rust module was seen in the sandbox; \
                 `rustup target add {target}`"
            );
            return None;
        }
        Some(build(target))
    })
}

fn build(target: &str) -> [PathBuf; 2] {
    let version = output("rustc", &["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc has a host");
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules");
    std::fs::create_dir_all(&package).unwrap();
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut manifest = format!(
        "[workspace]\n[package]\nname = \"modules\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\npath = \"lib.rs\"\n\
         [dependencies]\nhotpatch-module = {{ path = {:?}, default-features = false }}\n\
         [profile.dev]\nopt-level = \"s\"\ndebug = false\n",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    for (name, source) in MODULES {
        manifest += &format!(
            "[[example]]\nname = {name:?}\npath = \"{tests}/{source}\"\ncrate-type = [\"cdylib\"]\n"
        );
    }
    std::fs::write(package.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(package.join("lib.rs"), "").unwrap();
    // The versions of the workspace, which are on this machine.
    std::fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.lock"),
        package.join("Cargo.lock"),
    )
    .unwrap();
    let own = std::env::current_exe().unwrap();
    // What the workspace has built of the macros is used again.
    let folder = own.ancestors().nth(3).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--offline",
        "--examples",
        "--target",
        target,
        "--target",
        host,
    ]);
    cargo.arg("--target-dir").arg(folder).current_dir(&package);
    assert!(cargo.status().unwrap().success());
    [host, target].map(|target| folder.join(target).join("debug/examples"))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("a toolchain");
    String::from_utf8(output.stdout).expect("text")
}
