//! Every refusal that is not about dependents or hooks: its kind, both sides by name, and that all is as it was.

use std::fs;
use std::path::Path;

use hotpatch_module::{Contract, ContractFunction, Output};
use hotpatch_module::{ErrorKind, ModuleHost};

use crate::build::{folder, module};
use crate::support::{call, host, ninety_nine, version};

#[track_caller]
fn refused(host: &ModuleHost, path: &Path, kind: ErrorKind) -> String {
    let generation = host.generation();
    let error = host.load(path).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(host.generation(), generation);
    error.to_string()
}

fn write(name: &str, content: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = folder().join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn files_that_are_no_modules() {
    let host = host();
    let none = refused(&host, Path::new("/nowhere/to/be/found.so"), ErrorKind::Unreadable);
    assert_eq!(
        none,
        "the module `/nowhere/to/be/found.so` cannot be read: No such file or directory (os error 2)"
    );
    assert!(refused(&host, folder(), ErrorKind::Unreadable).ends_with("it is no file"));
    for (name, content, says) in [
        ("empty", &b""[..], "it is no shared library"),
        ("text", b"hello", "it is no shared library"),
        ("archive", b"!<arch>\n", "it is no shared library"),
        ("elf32", b"\x7fELF\x01\x01\x01", "for another kind of machine"),
    ] {
        let text = refused(&host, &write(name, content), ErrorKind::NotAModule);
        assert!(text.contains(says), "{text}");
    }
    let program = refused(&host, Path::new("/proc/self/exe"), ErrorKind::NotAModule);
    assert!(
        program.contains("it has no symbol `HOTPATCH_MODULE_V1`")
            || program.contains("cannot dynamically load"),
        "{program}"
    );
}

#[test]
fn every_length_of_half_a_file() {
    let host = host();
    let whole = fs::read(module("torn", [1, 0, 0]).giving("number", 1).build()).unwrap();
    // The headers of sections lie behind all that is mapped.
    let mapped = u64::from_le_bytes(whole[40..48].try_into().unwrap()) as usize;
    let mut torn = 0;
    for len in (0..mapped).step_by(97) {
        let path = write("torn.so", &whole[..len]);
        if host.load(&path).is_ok() {
            // All that is mapped was there.
            host.unload("torn").unwrap();
        } else {
            torn += 1;
        }
    }
    assert!(torn > 100, "{torn}");
    host.load(write("torn.so", &whole)).unwrap();
}

#[test]
fn libraries_that_cannot_be_loaded() {
    let host = host();
    let plain = crate::build::compile(
        "int main_of_nothing(void);\nint main_of_nothing(void) { return 1; }\n",
        "c",
    );
    let text = refused(&host, &plain, ErrorKind::NotAModule);
    assert!(
        text.contains("it has no symbol `HOTPATCH_MODULE_V1`: give the path of a library that exports one"),
        "{text}"
    );
    let unbound = module("unbound", [1, 0, 0])
        .globals("int somewhere_else(void);")
        .function("call", "return somewhere_else();");
    let text = refused(&host, &unbound.build(), ErrorKind::NotAModule);
    assert!(text.contains("undefined symbol: somewhere_else"), "{text}");
}

#[test]
fn another_version_of_the_host() {
    let host = host();
    for required in [[1, 2, 4], [1, 3, 0], [2, 0, 0], [0, 9, 0]] {
        let path = module("hosted", [1, 0, 0]).host(required).build();
        let text = refused(&host, &path, ErrorKind::HostMismatch);
        let [major, minor, patch] = required;
        assert_eq!(
            text,
            format!(
                "module `hosted` 1.0.0 (`{}`) needs a host of version {major}.{minor}.{patch} or a later one of {major}.x, and this \
                 host is 1.2.3: take a module that was made for it",
                path.display()
            )
        );
    }
    host.load(module("hosted", [1, 0, 0]).host([1, 2, 3]).build())
        .unwrap();
}

#[test]
fn names_that_are_taken_or_not_there() {
    let host = host();
    let (one, two) = (
        module("taken", [1, 0, 0]).build(),
        module("taken", [2, 0, 0]).build(),
    );
    let text = host.reload(&one).unwrap_err();
    assert_eq!(text.kind(), ErrorKind::NotLoaded);
    assert_eq!(
        text.to_string(),
        format!(
            "module `taken` 1.0.0 (`{}`) replaces nothing, because no module `taken` is loaded: load it",
            one.display()
        )
    );
    host.load(&one).unwrap();
    let text = refused(&host, &two, ErrorKind::AlreadyLoaded);
    assert_eq!(
        text,
        format!(
            "module `taken` 2.0.0 (`{}`) cannot be loaded beside module `taken` 1.0.0 (`{}`), which has its name: reload it to replace \
             that one",
            two.display(),
            one.display()
        )
    );
    let error = host.unload("other").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotLoaded);
    assert_eq!(
        error.to_string(),
        "no module `other` is loaded, so it cannot be unloaded: loaded are `taken`"
    );
    let error = host.rollback("other").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingKept);
    let error = host.change().reload(&two).reload(&one).commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChangedTwice);
    assert_eq!(host.modules()[0].version, version(1, 0, 0));
}

#[test]
fn names_of_functions() {
    let host = host();
    for name in ["", "number", ".number", "module."] {
        let error = host.function(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadName);
        assert_eq!(
            error.to_string(),
            format!("`{name}` is no full name of a function: write `<module>.<function>`")
        );
    }
    // SAFETY: it takes what `call` passes.
    unsafe {
        host.register_fallback("one.number", ninety_nine).unwrap();
        let error = host.register_fallback("one.number", ninety_nine).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FallbackTaken);
        assert_eq!(
            host.register_fallback("number", ninety_nine).unwrap_err().kind(),
            ErrorKind::BadName
        );
    }
    assert_eq!(call(&host.function("one.number").unwrap(), 0), Ok(99));
}

static NUMBERS: Contract = Contract {
    name: "Numbers",
    version: version(1, 2, 0),
    functions: &[ContractFunction {
        name: "number",
        shown: "fn number(of: u64) -> u64",
        signature: 7,
        layout: "in 0 u64\nout u64\n",
        input: &[],
        input_size: 8,
        output: Output {
            size: 8,
            align: 8,
            bytes: false,
        },
    }],
};

#[test]
fn contracts_that_are_not_fulfilled() {
    let host = host();
    host.expect("bound", &NUMBERS).unwrap();
    let give = "*(uint64_t *)output = 1; return 0;";
    let bound = || module("bound", [5, 0, 0]);
    let cases = [
        (bound().signed("number", 7, give), "it names no contract"),
        (
            bound().signed("number", 7, give).fulfils("Other", [1, 2, 0]),
            "it names only `Other`",
        ),
        (
            bound().signed("number", 7, give).fulfils("Numbers", [2, 2, 0]),
            "it was written for version 2.2.0, whose major number is another",
        ),
        (
            bound().signed("number", 7, give).fulfils("Numbers", [1, 1, 9]),
            "it was written for the older version 1.1.9",
        ),
        (
            bound().signed("numbers", 7, give).fulfils("Numbers", [1, 2, 0]),
            "it has no function `number`, which is `fn number(of: u64) -> u64`",
        ),
        (
            bound().signed("number", 8, give).fulfils("Numbers", [1, 2, 0]),
            "its `number` is another signature, 0000000000000008, and not `fn number(of: u64) -> u64`",
        ),
    ];
    for (module, says) in cases {
        let path = module.build();
        let text = refused(&host, &path, ErrorKind::Contract);
        assert_eq!(
            text,
            format!(
                "module `bound` 5.0.0 (`{}`) does not fulfil the contract `Numbers` 1.2.0 that the host expects of it: {says}; build \
                 the module against the contract of the host",
                path.display()
            )
        );
    }
    host.load(
        bound()
            .signed("number", 7, give)
            .fulfils("Numbers", [1, 3, 0])
            .build(),
    )
    .unwrap();
    // Expected once more is expected once.
    host.expect("bound", &NUMBERS).unwrap();

    // What is loaded already is checked at once, and stays.
    host.load(module("free", [1, 0, 0]).giving("number", 3).build())
        .unwrap();
    assert_eq!(
        host.expect("free", &NUMBERS).unwrap_err().kind(),
        ErrorKind::Contract
    );
    assert_eq!(call(&host.function("free.number").unwrap(), 0), Ok(3));
    host.reload(module("free", [1, 1, 0]).giving("number", 4).build())
        .unwrap();
    host.unload("free").unwrap();
    host.expect("free", &NUMBERS).unwrap();
    assert_eq!(host.rollback("free").unwrap_err().kind(), ErrorKind::Contract);
}
