//! What takes more than it may is stopped, and the host goes on.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_module::{CallErrorKind, ErrorKind, Limits, ModuleHost};

use crate::calls::{ADD, CALLS, COUNT};
use crate::wat::{Folder, Wat};
use crate::{call, function, host};

const FOREVER: &str = "(loop $on (br $on)) unreachable";

/// A module whose `bad` has this code, and whose `add` adds.
fn module(bad: &str) -> Wat {
    Wat::new("shop", (2, 1, 0))
        .function("bad", 0, 4, bad)
        .function("add", 8, 4, ADD)
}

/// Calls `shop.bad`, which is stopped for this reason; then `shop.add`, which works.
fn stopped(host: &ModuleHost, reason: &str) {
    let error = call::<_, i32>(&function(host, "shop.bad"), ()).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Stopped);
    let text = error.to_string();
    assert!(
        text.starts_with("the sandbox stopped `shop.bad`: module `shop` 2.1.0: "),
        "{text}"
    );
    assert!(text.contains(reason), "{text}\n  lacks: {reason}");
    assert_eq!(call::<_, i32>(&function(host, "shop.add"), [40, 2]).unwrap(), 42);
}

fn loaded(module: &Wat, limits: Limits) -> ModuleHost {
    let host = host();
    host.limit(limits);
    let folder = Folder::new();
    host.load(folder.text(module)).unwrap();
    host
}

#[test]
fn a_loop_without_end_runs_out_of_fuel() {
    let host = loaded(&module(FOREVER), Limits::new().fuel(1_000_000));
    stopped(
        &host,
        "it used up its fuel, 1000000 units: let it have more with `Limits::fuel`",
    );
    stopped(&host, "\n   0: bad");
}

#[test]
fn a_loop_without_end_runs_out_of_time() {
    let limits = Limits::new().fuel(u64::MAX).time(Duration::from_millis(50));
    let host = loaded(&module(FOREVER), limits);
    let begin = Instant::now();
    stopped(
        &host,
        "it ran for longer than its limit, 50ms: let it have more with `Limits::time`",
    );
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[test]
fn fuel_and_time_are_those_of_one_call() {
    let host = loaded(
        &module("(i32.const 0)"),
        Limits::new().fuel(1_000).time(Duration::from_secs(5)),
    );
    let add = function(&host, "shop.add");
    for _ in 0..1_000 {
        call::<_, i32>(&add, [40, 2]).unwrap();
    }
}

#[test]
fn memory_does_not_grow_beyond_the_limit() {
    let grow = "(drop (memory.grow (i32.const 100))) (i32.const 0)";
    let host = loaded(&module(grow), Limits::new().memory(10 << 16));
    stopped(
        &host,
        "it asked for 6684672 bytes of memory, and its limit is 655360: let it have more with `Limits::memory`",
    );
    let host = loaded(&module(grow), Limits::new());
    assert!(call::<_, i32>(&function(&host, "shop.bad"), ()).is_ok());
}

#[test]
fn a_maximum_of_its_own_is_no_error_of_the_module() {
    let grow = "(i32.store (local.get $out) (memory.grow (i32.const 100))) (i32.const 0)";
    let module = Wat {
        memory: "(memory 1 3)".into(),
        ..module(grow)
    };
    let host = loaded(&module, Limits::new().memory(10 << 16));
    assert_eq!(call::<_, i32>(&function(&host, "shop.bad"), ()).unwrap(), -1);
}

#[test]
fn a_table_does_not_grow_beyond_the_limit() {
    let grow = "(drop (table.grow $more (ref.null func) (i32.const 100))) (i32.const 0)";
    let module = module(grow).more("(table $more 1 funcref)");
    let host = loaded(&module, Limits::new().table_elements(50));
    stopped(
        &host,
        "it asked for 101 elements in a table, and its limit is 50: let it have more with `Limits::table_elements`",
    );
}

#[test]
fn a_function_that_calls_itself_runs_out_of_stack() {
    let code = "(call $f0 (local.get $state) (local.get $in) (local.get $out))";
    let host = loaded(&module(code), Limits::new().stack(64 << 10));
    stopped(
        &host,
        "it used up its stack, 65536 bytes: let it have more with `Limits::stack`",
    );
}

#[test]
fn a_thread_with_too_little_stack_is_told_so_and_lives() {
    let code = "(call $f0 (local.get $state) (local.get $in) (local.get $out))";
    let module = module(code).function("count", 0, 4, COUNT).more(CALLS);
    let host = loaded(&module, Limits::new());
    let (bad, count) = (function(&host, "shop.bad"), function(&host, "shop.count"));
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 1);
    let small = thread::Builder::new().stack_size(256 << 10);
    let error = small
        .spawn(move || call::<_, i32>(&bad, ()).unwrap_err())
        .unwrap()
        .join()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("bytes of stack left for it, and its limit is 524288"),
        "{error}"
    );
    // Nothing was interrupted, so nothing is lost.
    assert_eq!(call::<_, i32>(&count, ()).unwrap(), 2);
    stopped(&host, "it used up its stack");
}

#[test]
fn a_limit_holds_for_hooks_and_for_the_start() {
    let limits = Limits::new().fuel(1_000_000);
    let start = module("(i32.const 0)").more(&format!("(func $start {FOREVER}) (start $start)"));
    let initialize = module("(i32.const 0)").more(&format!("(func (export \"_initialize\") {FOREVER})"));
    let folder = Folder::new();
    for module in [start, initialize, module("(i32.const 0)").on_load(FOREVER)] {
        let host = host();
        host.limit(limits);
        let error = host.load(folder.text(&module)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Hook, "{error}");
        assert!(
            error.message().contains("it used up its fuel, 1000000 units"),
            "{error}"
        );
        assert!(host.modules().is_empty());
    }
    let host = loaded(&module("(i32.const 0)").on_unload(FOREVER), limits);
    host.unload("shop").unwrap();
    assert!(host.settle(Duration::from_secs(60)).unwrap());
    let complaints = host.take_complaints();
    assert!(
        complaints[0].contains("it used up its fuel, 1000000 units"),
        "{complaints:?}"
    );
}

#[test]
fn a_call_holds_up_others_no_longer_than_the_limit() {
    let limits = Limits::new().fuel(u64::MAX).time(Duration::from_millis(300));
    let host = loaded(&module(FOREVER), limits);
    let (bad, add) = (function(&host, "shop.bad"), function(&host, "shop.add"));
    let begin = Barrier::new(2);
    thread::scope(|s| {
        let slow = s.spawn(|| {
            begin.wait();
            call::<_, i32>(&bad, ()).unwrap_err()
        });
        begin.wait();
        // It waits for its turn, and gets it or not; either way that takes no longer than the limit.
        let waited = Instant::now();
        let result = call::<_, i32>(&add, [40, 2]);
        assert!(waited.elapsed() < Duration::from_secs(20));
        if let Err(error) = result {
            assert!(
                error
                    .to_string()
                    .contains("other calls of the module ran for all of the 300ms"),
                "{error}"
            );
        }
        assert!(
            slow.join()
                .unwrap()
                .to_string()
                .contains("it ran for longer than its limit")
        );
    });
    assert_eq!(call::<_, i32>(&add, [40, 2]).unwrap(), 42);
}

#[test]
fn limits_are_those_of_a_module_by_its_name() {
    let folder = Folder::new();
    let host = host();
    host.limit(Limits::new().fuel(1_000_000));
    host.limit_module("shop", Limits::new().fuel(2_000_000));
    host.load(folder.text(&module(FOREVER))).unwrap();
    stopped(&host, "it used up its fuel, 2000000 units");
}
