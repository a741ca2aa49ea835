//! Files that are wrong, or want too much, are refused by name, and nothing of them runs.

use hotpatch_module::{ErrorKind, Limits, ModuleHost};

use crate::calls::ADD;
use crate::host;
use crate::wat::{Folder, MANIFEST, Wat};

/// A module that would be stopped if any of it ran.
fn module() -> Wat {
    Wat::new("sums", (1, 0, 0))
        .function("add", 8, 4, ADD)
        .needs("other", (1, 0, 0))
        .more("(func $boom unreachable) (start $boom)")
}

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

/// Checks that a file is refused for this reason.
fn refuses(host: &ModuleHost, bytes: &[u8], kind: ErrorKind, reason: &str) {
    let folder = Folder::new();
    let path = folder.file("m.wat", bytes);
    let error = host.load(&path).unwrap_err();
    assert!(error.message().contains(reason), "{error}\n  lacks: {reason}");
    assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(host.modules().is_empty());
}

fn check(module: &Wat, kind: ErrorKind, reason: &str) {
    refuses(&host(), module.text().as_bytes(), kind, reason);
}

#[test]
fn what_is_no_webassembly_is_refused() {
    let bytes = wat::parse_str(module().text()).unwrap();
    let folder = Folder::new();
    for len in [8, 20, bytes.len() / 2, bytes.len() - 1] {
        let error = host().load(folder.file("cut.wasm", &bytes[..len])).unwrap_err();
        assert!(!error.message().is_empty(), "{len}");
    }
    let malformed = |text: &str, reason| refuses(&host(), text.as_bytes(), ErrorKind::Malformed, reason);
    malformed("(module", "its text is no valid WebAssembly: ");
    malformed("(module $a (func (type 7)))", "unknown type");
}

#[test]
fn any_bit_of_a_module_may_be_wrong() {
    let bytes = wat::parse_str(module().text()).unwrap();
    let folder = Folder::new();
    let host = host();
    for place in (8..bytes.len()).step_by(3) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        // It is refused whatever it says: it needs another module, and there is none.
        host.load(folder.file("m.wasm", &bytes)).unwrap_err();
    }
    assert!(host.modules().is_empty());
}

#[test]
fn a_module_without_a_manifest_is_none() {
    let none = |text: &str, reason: &str| refuses(&host(), text.as_bytes(), ErrorKind::NotAModule, reason);
    none("(module)", "it has no memory of its own");
    none("(module (memory 1))", "it exports no constant of that name");
    let exported = |what: &str| format!("(module (memory 1) {what})");
    none(
        &exported("(func (export \"HOTPATCH_MODULE_V1\"))"),
        "it exports no constant",
    );
    none(
        &exported("(global (export \"HOTPATCH_MODULE_V1\") i64 (i64.const 9))"),
        "it exports no constant",
    );
    none(
        &exported("(global (export \"HOTPATCH_MODULE_V1\") (mut i32) (i32.const 9))"),
        "it exports no constant",
    );
    none(
        &exported("(global (export \"HOTPATCH_MODULE_V1\") i32 (i32.const 9))"),
        "does not begin with `HOTPMOD1`",
    );
}

#[test]
fn a_manifest_that_does_not_hold_together_is_refused() {
    use ErrorKind::{AbiMismatch, Malformed, NotAModule};
    let damaged = |offset, bytes: &[u8], kind, reason| check(&module().damage(offset, bytes), kind, reason);
    damaged(0, b"X", NotAModule, "does not begin with `HOTPMOD1`");
    damaged(
        8,
        &word(2),
        AbiMismatch,
        "made for version 2 of the manifest, and this host reads version 1",
    );
    damaged(
        12,
        &word(104),
        Malformed,
        "says that it has 104 bytes, and for `wasm32` it has 88",
    );
    damaged(
        16,
        &word(u32::MAX),
        Malformed,
        "its name at address 0xffffffff reaches beyond its memory",
    );
    damaged(16, &word(0), Malformed, "its name has 4 bytes at address 0");
    damaged(20, &word(0), Malformed, "its name is empty");
    damaged(
        20,
        &word(1 << 20),
        Malformed,
        "its name has 1048576 bytes, and 256 is the most",
    );
    damaged(
        48,
        &word(65_530),
        Malformed,
        "functions at address 0xfffa reaches beyond its memory",
    );
    damaged(48, &word(0), Malformed, "it has 1 functions at address 0");
    damaged(
        52,
        &word(u32::MAX),
        Malformed,
        "it claims to have 4294967295 functions",
    );
    damaged(52, &word(65_536), Malformed, "functions at address");
    damaged(
        60,
        &word(u32::MAX),
        Malformed,
        "it claims to have 4294967295 dependencies",
    );
    damaged(
        64,
        &[0, 0, 0, 0, 7, 0, 0, 0],
        Malformed,
        "it has 7 contracts at address 0",
    );
    damaged(
        72,
        &word(1),
        Malformed,
        "the pointer to `on_load`, 1, leads to a function of another type",
    );
    damaged(
        80,
        &word(9),
        Malformed,
        "the pointer to `on_reload`, 9, leads to no function of its table",
    );
    let first = Wat::FUNCTIONS;
    damaged(first, &word(MANIFEST + 8), Malformed, "contains");
    damaged(
        first + 4,
        &word(u32::MAX),
        Malformed,
        "the name of a function has 4294967295 bytes",
    );
    damaged(
        first + 24,
        &word(0),
        Malformed,
        "the pointer to `add`, 0, leads to no function of its table",
    );
    damaged(
        first + 24,
        &word(u32::MAX),
        Malformed,
        "the pointer to `add`, 4294967295, leads to no function",
    );
    damaged(
        first + 28,
        &[0, 4, 0, 0, 0, 0, 16, 0],
        Malformed,
        "a signature at address 0x400 reaches beyond",
    );
    // A name that is no UTF-8.
    let texts = first + 48 + 20;
    damaged(texts, &[0xff], Malformed, "its name is no UTF-8");
}

#[test]
fn two_functions_of_one_name_are_refused() {
    let module = module().function("add", 8, 4, ADD);
    check(
        &module,
        ErrorKind::Malformed,
        "it offers the function `add` twice",
    );
}

#[test]
fn texts_that_share_their_bytes_do_not_fill_the_memory_of_the_host() {
    let mut module = Wat {
        memory: "(memory 40)".into(),
        ..module()
    };
    for index in 0..40 {
        module = module.function(&format!("f{index}"), 0, 0, "(i32.const 0)");
    }
    for index in 0..41 {
        let at = Wat::FUNCTIONS + 48 * index + 28;
        module = module.damage(at, &[word(1 << 17), word(1 << 20)].concat());
    }
    check(
        &module,
        ErrorKind::Malformed,
        "the texts of its manifest have more than 16777216 bytes together",
    );
}

#[test]
fn a_module_that_asks_the_system_for_anything_is_refused() {
    for (import, name) in [
        (
            "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))",
            "fd_write",
        ),
        ("(import \"env\" \"memory\" (memory 1))", "env.memory"),
        ("(import \"env\" \"table\" (table 1 funcref))", "env.table"),
        ("(import \"hotpatch\" \"read\" (func))", "hotpatch.read"),
        ("(import \"hotpatch\" \"write\" (global i32))", "hotpatch.write"),
    ] {
        let module = Wat {
            first: import.into(),
            ..Wat::new("sums", (1, 0, 0))
        };
        check(&module, ErrorKind::Sandbox, name);
        check(
            &module,
            ErrorKind::Sandbox,
            "the sandbox offers nothing but `hotpatch.write`",
        );
    }
    let escape = Wat {
        first: "(import \"\\1b[2J\" \"x\" (func))".into(),
        ..module()
    };
    check(&escape, ErrorKind::Sandbox, "it imports `\u{fffd}[2J.x`");
    let other = Wat {
        first: "(import \"hotpatch\" \"write\" (func (param i64)))".into(),
        ..module()
    };
    check(
        &other,
        ErrorKind::Malformed,
        "its import `hotpatch.write` is of another type",
    );
}

#[test]
fn machines_that_the_sandbox_is_not_are_refused() {
    let with = |memory: &str| Wat {
        memory: memory.into(),
        ..module()
    };
    let folder = Folder::new();
    for memory in ["(memory i64 1)", "(memory 1 1 shared)"] {
        let error = host()
            .load(folder.file("m.wat", with(memory).text().as_bytes()))
            .unwrap_err();
        assert!(!error.message().is_empty());
    }
    check(
        &with("(memory i64 1)"),
        ErrorKind::Malformed,
        "build it for `wasm32`",
    );
}

#[test]
fn a_module_that_wants_more_than_its_limits_from_the_start_is_refused() {
    let memory = Wat {
        memory: "(memory 2000)".into(),
        ..module()
    };
    check(
        &memory,
        ErrorKind::Sandbox,
        "it asks for 131072000 bytes of memory, and its limit is 67108864",
    );
    let table = module().more("(table 10001 funcref)");
    check(
        &table,
        ErrorKind::Sandbox,
        "it asks for 10001 elements in a table, and its limit is 10000",
    );

    // The limits of one module say nothing of the others.
    let host = host();
    host.limit(Limits::new().memory(65_536).file(100_000));
    host.limit_module("large", Limits::new());
    let two_pages = Wat {
        memory: "(memory 2)".into(),
        ..Wat::new("sums", (1, 0, 0))
    };
    refuses(
        &host,
        two_pages.text().as_bytes(),
        ErrorKind::Sandbox,
        "131072 bytes of memory, and its limit is 65536",
    );
    let long = module().more(&format!("\n(@custom \"x\" \"{}\")", "a".repeat(100_000)));
    refuses(
        &host,
        long.text().as_bytes(),
        ErrorKind::Sandbox,
        "bytes in its file, and its limit is 100000",
    );
    let folder = Folder::new();
    host.load(folder.text(&Wat {
        name: "large",
        ..two_pages
    }))
    .unwrap();
}

#[test]
fn code_of_a_file_is_validated_too() {
    let module = module().more("(func (result i32) (i64.const 1))");
    check(&module, ErrorKind::Malformed, "it is no valid WebAssembly");
}
