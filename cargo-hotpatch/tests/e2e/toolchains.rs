//! Compilers, linkers and settings of code generation: in each combination a program is edited and keeps its state.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::project::{Project, text};
use crate::scripts::MAIN;
use crate::session::Session;

/// A combination. `RUSTFLAGS` with `--target` spares compiling the proc macros for each.
struct Setting {
    name: &'static str,
    /// Without this program there is nothing to try.
    needs: Option<&'static str>,
    flags: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

const SETTINGS: &[Setting] = &[
    Setting {
        name: "v0, level 1, one unit, no debug information",
        needs: None,
        flags: "-Csymbol-mangling-version=v0",
        variables: &[
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_DEV_CODEGEN_UNITS", "1"),
            ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ],
    },
    Setting {
        name: "size, not incremental, frame pointers, this processor, dynamic std",
        needs: None,
        flags: "-Cforce-frame-pointers=yes -Ctarget-cpu=native -Cprefer-dynamic",
        variables: &[
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "s"),
            ("CARGO_PROFILE_DEV_INCREMENTAL", "false"),
            ("CARGO_PROFILE_DEV_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_DEV_DEBUG", "1"),
            ("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "unpacked"),
        ],
    },
    Setting {
        name: "GNU ld, least size, 256 units, packed lines, panics abort, no PIE",
        needs: Some("ld.bfd"),
        flags: "-Clinker-features=-lld -Clink-arg=-fuse-ld=bfd -Clink-arg=-no-pie",
        variables: &[
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "z"),
            ("CARGO_PROFILE_DEV_CODEGEN_UNITS", "256"),
            ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"),
            ("CARGO_PROFILE_DEV_SPLIT_DEBUGINFO", "packed"),
            ("CARGO_PROFILE_DEV_PANIC", "abort"),
        ],
    },
    Setting {
        name: "mold, level 2",
        needs: Some("mold"),
        flags: "-Clinker-features=-lld -Clink-arg=-fuse-ld=mold",
        variables: &[("CARGO_PROFILE_DEV_OPT_LEVEL", "2")],
    },
    Setting {
        name: "clang with an lld of its own, level 3",
        needs: Some("clang"),
        flags: "-Clinker=clang -Clinker-features=-lld -Clink-arg=-fuse-ld=lld",
        variables: &[("CARGO_PROFILE_DEV_OPT_LEVEL", "3")],
    },
    Setting {
        name: "wild",
        needs: Some("wild"),
        flags: "-Clinker=clang -Clinker-features=-lld -Clink-arg=--ld-path=wild",
        variables: &[],
    },
    Setting {
        name: "nightly",
        needs: Some("+nightly"),
        flags: "",
        variables: &[("RUSTUP_TOOLCHAIN", "nightly")],
    },
];

/// Whether a program runs; `+nightly` is a toolchain.
fn is_there(program: &str) -> bool {
    let mut command = match program.strip_prefix('+') {
        Some(toolchain) => {
            let mut rustc = Command::new("rustc");
            rustc.env("RUSTUP_TOOLCHAIN", toolchain);
            rustc
        }
        None => Command::new(program),
    };
    let output = command.arg("--version").stderr(Stdio::null()).output();
    output.is_ok_and(|output| {
        output.status.success() && (program != "+nightly" || text(&output.stdout).contains("nightly"))
    })
}

#[test]
fn programs_of_all_compilers_and_linkers_take_edits() {
    let project = Project::new("toolchains", MAIN);
    for setting in SETTINGS {
        if let Some(program) = setting.needs.filter(|program| !is_there(program)) {
            // Past the capture of the test harness: a passing test must not hide it.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: {}: there is no `{program}` on this machine",
                setting.name
            );
            continue;
        }
        println!("{}", setting.name);
        let mut variables = setting.variables.to_vec();
        variables.push(("RUSTFLAGS", setting.flags));
        let arguments = ["--target", "x86_64-unknown-linux-gnu"];
        let mut session = Session::start_with(&project, &arguments, &variables);
        assert_eq!(session.ask("a"), "a count 1", "{}", setting.name);
        project.edit("src/main.rs", "\"count", "\"COUNT");
        assert_eq!(session.applied(), ["toolchains::step"], "{}", setting.name);
        assert_eq!(session.ask("b"), "b COUNT 2", "{}", setting.name);
        project.edit("src/main.rs", "\"COUNT", "\"count");
        session.applied();
        assert_eq!(session.ask("c"), "c count 3", "{}", setting.name);
        assert!(session.finish().success(), "{}", setting.name);
    }
}

#[test]
fn code_that_cannot_be_patched_is_refused_before_it_is_built() {
    let project = Project::new("toolchains_refused", MAIN);
    for (flags, code) in [
        ("-C relocation-model=static", "HP0109"),
        ("-Zcodegen-backend=cranelift", "HP0109"),
        ("-C target-feature=+crt-static", "HP0101"),
    ] {
        for arguments in [&["run"][..], &["doctor"]] {
            let output = project
                .hotpatch(arguments)
                .env("RUSTFLAGS", flags)
                .output()
                .unwrap();
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(!output.status.success() && said.contains(code), "{flags}: {said}");
            assert!(!said.contains("Compiling"), "{said}");
        }
    }
}
