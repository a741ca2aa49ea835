//! Functions of modules in the sandbox are called like any other.

use std::sync::Barrier;
use std::thread;

use hotpatch_module::Machine;

use crate::wat::{Folder, Wat};
use crate::{call, function, host};

/// `add(a: i32, b: i32) -> i32`.
pub(crate) const ADD: &str = "(i32.store (local.get $out)
    (i32.add (i32.load (local.get $in)) (i32.load offset=4 (local.get $in)))) (i32.const 0)";

/// `count() -> i32`: how often it was called, in a global.
pub(crate) const COUNT: &str = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (local.get $out) (global.get $calls)) (i32.const 0)";

pub(crate) const CALLS: &str = "(global $calls (mut i32) (i32.const 0))";

#[test]
fn a_module_is_loaded_from_text_and_from_bytes() {
    let folder = Folder::new();
    let module = Wat::new("sums", (1, 2, 3)).function("add", 8, 4, ADD);
    let bytes = wat::parse_str(module.text()).unwrap();
    for path in [
        folder.text(&module),
        folder.file("sums.wasm", &bytes),
        folder.file("sums.so", &bytes),
    ] {
        let host = host();
        let add = function(&host, "sums.add");
        assert!(!add.is_available());
        host.load(path).unwrap();
        assert_eq!(call::<_, i32>(&add, [19, 23]).unwrap(), 42);
        let status = &host.modules()[0];
        assert_eq!(
            (status.name.as_str(), status.version.to_string().as_str()),
            ("sums", "1.2.3")
        );
        assert_eq!(status.machine, Machine::Sandbox);
        assert_eq!(status.functions, ["add"]);
    }
}

#[test]
fn a_module_keeps_its_memory_from_call_to_call() {
    let folder = Folder::new();
    let host = host();
    host.load(
        folder.text(
            &Wat::new("counter", (1, 0, 0))
                .function("count", 0, 4, COUNT)
                .more(CALLS),
        ),
    )
    .unwrap();
    let count = function(&host, "counter.count");
    for expected in 1..=100 {
        assert_eq!(call::<_, i32>(&count, ()).unwrap(), expected);
    }
}

#[test]
fn a_status_is_the_modules_own_word() {
    let folder = Folder::new();
    let host = host();
    host.load(folder.text(&Wat::new("shop", (1, 0, 0)).function(
        "refuse",
        4,
        4,
        "(i32.load (local.get $in))",
    )))
    .unwrap();
    let refuse = function(&host, "shop.refuse");
    assert_eq!(call::<_, i32>(&refuse, 0).unwrap(), 0);
    let error = call::<_, i32>(&refuse, 17).unwrap_err();
    assert_eq!(error.to_string(), "`shop.refuse` gave back the error 17");
}

#[test]
fn output_begins_as_zeros_whatever_the_host_has_there() {
    let folder = Folder::new();
    let host = host();
    let peek =
        "(i64.store (local.get $out) (i64.or (i64.load (local.get $out)) (i64.const 1))) (i32.const 0)";
    host.load(folder.text(&Wat::new("spy", (1, 0, 0)).function("peek", 0, 8, peek)))
        .unwrap();
    let mut output = 0x5ec7e7u64;
    let peek = function(&host, "spy.peek");
    // SAFETY: the function takes nothing, and gives back eight bytes.
    unsafe { peek.call(std::ptr::null(), (&raw mut output).cast()) }.unwrap();
    assert_eq!(output, 1);
}

#[test]
fn input_of_any_size_crosses_and_the_memory_grows_only_with_the_largest() {
    let folder = Folder::new();
    let host = host();
    // The sum of the bytes of `$in`, as many as its first word says.
    let sum = "(local $at i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (local.get $in) (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 200000))))
        (i32.store (local.get $out) (local.get $sum))
        (i32.store offset=4 (local.get $out) (memory.size)) (i32.const 0)";
    host.load(
        folder.text(
            &Wat::new("sums", (1, 0, 0))
                .function("add", 8, 4, ADD)
                .function("sum", 200_000, 8, sum),
        ),
    )
    .unwrap();
    let (add, sum) = (function(&host, "sums.add"), function(&host, "sums.sum"));
    let input = [1u8; 200_000];
    for _ in 0..50 {
        assert_eq!(call::<_, i32>(&add, [1, 2]).unwrap(), 3);
        let [total, pages] = call::<_, [i32; 2]>(&sum, input).unwrap();
        assert_eq!(total, 200_000);
        // One page of the module, and what holds the input: four pages, of which one was there before.
        assert_eq!(pages, 5);
    }
}

#[test]
fn a_module_whose_memory_may_not_grow_makes_room_itself() {
    let folder = Folder::new();
    let module = Wat {
        memory: "(memory (export \"memory\") 1 1)".into(),
        ..Wat::new("sums", (1, 0, 0)).function("add", 8, 4, ADD)
    };
    let host = host();
    host.load(folder.text(&module)).unwrap();
    let add = function(&host, "sums.add");
    let error = call::<_, i32>(&add, [1, 2]).unwrap_err().to_string();
    assert!(error.contains("declares that it never has more"), "{error}");
    assert!(error.contains("export `hotpatch_alloc`"), "{error}");

    let alloc = |place: u32| {
        format!("(func (export \"hotpatch_alloc\") (param i32 i32) (result i32) (i32.const {place}))")
    };
    let with = |place, patch| Wat {
        version: (1, 0, patch),
        ..module.clone().more(&alloc(place))
    };
    host.reload(folder.text(&with(4096, 1))).unwrap();
    assert_eq!(call::<_, i32>(&add, [1, 2]).unwrap(), 3);
    // Places that are not in its memory, or not aligned, are not believed.
    for (patch, place) in [(2, 0), (3, 4097), (4, 65_536), (5, u32::MAX - 63)] {
        host.reload(folder.text(&with(place, patch))).unwrap();
        let error = call::<_, i32>(&add, [1, 2]).unwrap_err().to_string();
        assert!(
            error.contains(&format!("`hotpatch_alloc` gave back {place:#x} for ")),
            "{error}"
        );
    }
}

#[test]
fn threads_take_turns_and_lose_no_call() {
    let folder = Folder::new();
    let host = host();
    host.load(
        folder.text(
            &Wat::new("counter", (1, 0, 0))
                .function("count", 0, 4, COUNT)
                .more(CALLS),
        ),
    )
    .unwrap();
    let count = function(&host, "counter.count");
    let begin = Barrier::new(4);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                begin.wait();
                for _ in 0..500 {
                    call::<_, i32>(&count, ()).unwrap();
                }
            });
        }
    });
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 2001);
}
