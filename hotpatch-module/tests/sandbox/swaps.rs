//! Modules in the sandbox are replaced, taken back and cascaded like native ones.

use hotpatch_module::ErrorKind;

use crate::calls::{CALLS, COUNT};
use crate::wat::{Folder, Wat};
use crate::{call, function, host};

/// Gives back a constant.
fn gives(value: i32) -> String {
    format!("(i32.store (local.get $out) (i32.const {value})) (i32.const 0)")
}

#[test]
fn a_module_is_replaced_and_taken_back_with_its_memory() {
    let folder = Folder::new();
    let host = host();
    let module = |version, by| {
        Wat {
            version,
            ..Wat::new("counter", version)
        }
        .function(
            "count",
            0,
            4,
            &COUNT.replace("(i32.const 1)", &format!("(i32.const {by})")),
        )
        .more(CALLS)
    };
    let count = function(&host, "counter.count");
    host.load(folder.text(&module((1, 0, 0), 1))).unwrap();
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 1);
    host.reload(folder.text(&module((2, 0, 0), 10))).unwrap();
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 10);
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 20);
    host.rollback("counter").unwrap();
    assert_eq!(host.modules()[0].version.to_string(), "1.0.0");
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 2);
}

#[test]
fn hooks_learn_the_version_that_was_there_before() {
    let folder = Folder::new();
    let host = host();
    let remember = "(global.set $old (i32.add (i32.mul (i32.load (local.get $old)) (i32.const 10000))
        (i32.add (i32.mul (i32.load offset=4 (local.get $old)) (i32.const 100)) (i32.load offset=8 (local.get $old)))))
        (i32.const 0)";
    let module = |version| {
        Wat::new("shop", version)
            .function(
                "old",
                0,
                4,
                "(i32.store (local.get $out) (global.get $old)) (i32.const 0)",
            )
            .on_load("(global.set $old (i32.const -1)) (i32.const 0)")
            .on_reload(remember)
            .more("(global $old (mut i32) (i32.const 0))")
    };
    let old = function(&host, "shop.old");
    host.load(folder.text(&module((1, 2, 3)))).unwrap();
    assert_eq!(call::<_, i32>(&old, ()).unwrap(), -1);
    host.reload(folder.text(&module((1, 3, 0)))).unwrap();
    assert_eq!(call::<_, i32>(&old, ()).unwrap(), 10_203);
    host.rollback("shop").unwrap();
    assert_eq!(call::<_, i32>(&old, ()).unwrap(), 10_300);
}

#[test]
fn a_hook_that_refuses_or_traps_leaves_everything_as_it_was() {
    let folder = Folder::new();
    let host = host();
    let one = function(&host, "shop.one");
    host.load(folder.text(&Wat::new("shop", (1, 0, 0)).function("one", 0, 4, &gives(1))))
        .unwrap();
    for (hook, reason) in [
        ("(i32.const 5)", "`on_reload` gave back 5"),
        ("unreachable", "\n   0: on_reload"),
    ] {
        let next = Wat::new("shop", (1, 1, 0))
            .function("one", 0, 4, &gives(2))
            .on_reload(hook);
        let error = host.reload(folder.text(&next)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Hook);
        assert!(error.message().contains(reason), "{error}");
        assert_eq!(call::<_, i32>(&one, ()).unwrap(), 1);
        assert_eq!(host.modules()[0].version.to_string(), "1.0.0");
    }
}

#[test]
fn those_that_need_a_module_are_initialised_anew_with_it() {
    let folder = Folder::new();
    let host = host();
    let base = |version| Wat::new("base", version).function("one", 0, 4, &gives(1));
    let user = Wat::new("user", (1, 0, 0))
        .needs("base", (1, 0, 0))
        .function(
            "count",
            0,
            4,
            "(i32.store (local.get $out) (global.get $calls)) (i32.const 0)",
        )
        .on_reload(
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (i32.eq (global.get $calls) (i32.const 3))",
        )
        .more(CALLS);
    let early = host.load(folder.text(&user)).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Dependency);
    host.load(folder.text(&base((1, 0, 0)))).unwrap();
    host.load(folder.text(&user)).unwrap();
    let count = function(&host, "user.count");
    for (patch, times) in [(1, 1), (2, 2)] {
        let changed = host.reload(folder.text(&base((1, 0, patch)))).unwrap();
        assert_eq!(changed.initialised_anew, ["user"]);
        assert_eq!(call::<_, i32>(&count, ()).unwrap(), times);
    }
    // The third time it refuses, and everything is as it was.
    let error = host.reload(folder.text(&base((1, 0, 3)))).unwrap_err();
    assert!(error.message().contains("user"), "{error}");
    let versions: Vec<String> = host
        .modules()
        .iter()
        .map(|module| module.version.to_string())
        .collect();
    assert_eq!(versions, ["1.0.2", "1.0.0"]);
    assert_eq!(host.unload("base").unwrap_err().kind(), ErrorKind::StillNeeded);
}
