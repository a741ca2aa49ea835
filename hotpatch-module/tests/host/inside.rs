//! Changes from inside a call or a hook are errors, and never wait for themselves.

use std::sync::mpsc;

use hotpatch_module::{ErrorKind, ModuleError, ModuleHost};

use crate::build::module;
use crate::support::{LONG, call, settle, telling_host};

/// All that waits for the turn, each from the same place.
fn try_all(host: &ModuleHost) -> Vec<Result<(), ModuleError>> {
    vec![
        host.load("nowhere.so").map(drop),
        host.reload("nowhere.so").map(drop),
        host.unload("inner").map(drop),
        host.rollback("inner").map(drop),
        host.change().commit().map(drop),
        host.settle(LONG).map(drop),
    ]
}

#[test]
fn a_change_from_inside_a_call_or_a_hook_is_an_error() {
    let (host, told) = telling_host();
    let (tried, outcomes) = mpsc::channel();
    let inner = host.clone();
    told.answer(move |what| {
        tried.send((what.to_owned(), try_all(&inner))).unwrap();
        // What does not change modules may be asked, and calls may be made.
        assert_eq!(
            inner
                .function("inner.number")
                .map(|number| call(&number, 0).unwrap()),
            Ok(1)
        );
        inner.modules();
        0
    });
    let number = module("inner", [1, 1, 0])
        .giving("number", 1)
        .function("tell", "return tell(state, \"call\", 0);")
        .telling();
    host.load(number.build()).unwrap();
    call(&host.function("inner.tell").unwrap(), 0).unwrap();
    // Inside of `hotpatch::call` there is no call of a module.
    hotpatch_runtime::call(|| call(&host.function("inner.tell").unwrap(), 0)).unwrap();
    hotpatch_runtime::call(|| host.reload(number.build())).unwrap();
    settle(&host);

    let all: Vec<_> = outcomes.try_iter().collect();
    let places: Vec<&str> = all.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        places,
        [
            "inner 1.1 on_load",
            "call",
            "call",
            "inner 1.1 on_reload",
            "inner 1.1 on_unload"
        ]
    );
    for (place, outcomes) in all {
        for outcome in outcomes {
            let error = outcome.expect_err(&place);
            assert_eq!(error.kind(), ErrorKind::InsideCall, "{place}: {error}");
        }
    }
    told.answer(|_| 0);
}
