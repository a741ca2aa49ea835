//! What a module does wrong is an error that says where, and nothing of it outlives the call.

use std::ffi::c_void;

use hotpatch_module::CallErrorKind;

use crate::calls::{ADD, CALLS, COUNT};
use crate::wat::{Folder, Wat};
use crate::{call, function, host};

#[test]
fn a_trap_is_told_with_the_functions_that_it_happened_in() {
    let folder = Folder::new();
    let module = Wat::new("shop", (3, 0, 1))
        .function("quote", 4, 4, "(call $price (local.get $in)) (i32.const 0)")
        .more("(func $price (param i32) (call $divide (i32.load (local.get 0))))")
        .more("(func $divide (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))");
    let host = host();
    host.load(folder.text(&module)).unwrap();
    let quote = function(&host, "shop.quote");
    let error = call::<_, i32>(&quote, 0).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Stopped);
    assert_eq!(
        error.to_string(),
        "the sandbox stopped `shop.quote`: module `shop` 3.0.1: it trapped, integer divide by zero: this is an error of the \
         module\n   0: divide\n   1: price\n   2: quote\nits next call begins with a new memory"
    );
    assert!(call::<_, i32>(&quote, 1).is_ok());
}

#[test]
fn every_kind_of_trap_is_an_error_and_the_host_goes_on() {
    let folder = Folder::new();
    let host = host();
    let mut module = Wat::new("bad", (1, 0, 0)).more("(type $other (func (param f64)))");
    let traps = [
        (
            "unreachable",
            "it gave up (`unreachable`), as Rust code does after a panic",
        ),
        (
            "(i32.load (i32.const -1))",
            "it trapped, out of bounds memory access",
        ),
        (
            "(drop (i64.store (i32.const 0x7fffffff) (i64.const 1)) (i32.const 0)) (i32.const 0)",
            "out of bounds",
        ),
        (
            "(i32.trunc_f64_s (f64.const nan))",
            "it trapped, invalid conversion to integer",
        ),
        (
            "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
            "it trapped, integer overflow",
        ),
        (
            "(call_indirect (type $other) (f64.const 0) (i32.const 1)) (i32.const 0)",
            "indirect call type mismatch",
        ),
        (
            "(call_indirect (type $other) (f64.const 0) (i32.const 0)) (i32.const 0)",
            "uninitialized element",
        ),
        (
            "(call_indirect (type $other) (f64.const 0) (i32.const 99)) (i32.const 0)",
            "undefined element",
        ),
    ];
    for (index, (code, _)) in traps.iter().enumerate() {
        let code = code.replace(
            "(drop (i64.store (i32.const 0x7fffffff) (i64.const 1)) (i32.const 0))",
            "(i64.store (i32.const 0x7fffffff) (i64.const 1))",
        );
        module = module.function(&format!("f{index}"), 0, 4, &code);
    }
    host.load(folder.text(&module)).unwrap();
    host.load(folder.text(&Wat::new("sums", (1, 0, 0)).function("add", 8, 4, ADD)))
        .unwrap();
    for (index, (_, reason)) in traps.iter().enumerate() {
        let error = call::<_, i32>(&function(&host, &format!("bad.f{index}")), ()).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}\n  lacks: {reason}");
        assert_eq!(call::<_, i32>(&function(&host, "sums.add"), [40, 2]).unwrap(), 42);
    }
}

#[test]
fn a_module_that_was_stopped_begins_anew_and_others_keep_what_they_have() {
    let folder = Folder::new();
    let host = host();
    let module = |name| {
        Wat::new(name, (1, 0, 0))
            .function("count", 0, 4, COUNT)
            .function("bad", 0, 4, "unreachable")
            .on_load("(global.set $calls (i32.const 100)) (i32.const 0)")
            .more(CALLS)
    };
    host.load(folder.text(&module("one"))).unwrap();
    host.load(folder.text(&module("other"))).unwrap();
    let count = |name: &str| call::<_, i32>(&function(&host, &format!("{name}.count")), ()).unwrap();
    assert_eq!((count("one"), count("one"), count("other")), (101, 102, 101));
    call::<_, i32>(&function(&host, "one.bad"), ()).unwrap_err();
    // `on_load` has run again, in a new memory.
    assert_eq!((count("one"), count("other")), (101, 102));
}

#[test]
fn a_module_that_cannot_begin_anew_says_so_and_tries_again() {
    let folder = Folder::new();
    let host = host();
    // It gives back the data that it finds, once; `bad` would be undone with the memory.
    let module = Wat::new("shop", (1, 0, 0))
        .function("bad", 0, 4, "unreachable")
        .on_reload("(i32.const 0)");
    host.load(folder.text(&module)).unwrap();
    let next = Wat {
        version: (1, 1, 0),
        ..module.on_load("(i32.const 7)")
    };
    host.reload(folder.text(&next)).unwrap();
    let bad = function(&host, "shop.bad");
    let error = call::<_, i32>(&bad, ()).unwrap_err().to_string();
    assert!(error.contains("it gave up"), "{error}");
    for _ in 0..2 {
        let error = call::<_, i32>(&bad, ()).unwrap_err().to_string();
        assert!(
            error.contains("module `shop` 1.1.0: ") && error.contains("`on_load` gave back 7"),
            "{error}"
        );
    }
}

#[test]
fn output_that_is_not_in_its_memory_is_no_output() {
    let folder = Folder::new();
    let host = host();
    let write = |context, data, len| {
        format!("(call $write (i32.const {context}) (i32.const {data}) (i32.const {len})) (i32.const 0)")
    };
    let module = Wat {
        first: "(import \"hotpatch\" \"write\" (func $write (param i32 i32 i32)))".into(),
        ..Wat::new("shop", (1, 0, 0)).function("write", 0, 4, &write(1, 0, 8))
    };
    host.load(folder.text(&module)).unwrap();
    let mut output = 0i32;
    let write = function(&host, "shop.write");
    // SAFETY: the function takes nothing, and gives back four bytes.
    let error = unsafe { write.call(std::ptr::null(), (&raw mut output).cast::<c_void>()) }.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it called `hotpatch.write` in a function that gives back no items"),
        "{error}"
    );
    assert!(error.to_string().contains("\n   0: write"), "{error}");
}
