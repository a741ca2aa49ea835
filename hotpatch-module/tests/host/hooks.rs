//! Lifecycle hooks: once for each change, in order, and `on_unload` after the last call.

use std::sync::mpsc;
use std::thread;

use hotpatch_module::{CallErrorKind, ErrorKind};

use crate::build::{Module, module};
use crate::support::{LONG, Told, call, settle, telling_host};

fn versions(name: &str) -> [Module; 3] {
    [1, 2, 3].map(|minor| {
        module(name, [1, minor, 0])
            .giving("number", u64::from(minor))
            .telling()
    })
}

#[test]
fn hooks_run_once_for_each_change_and_in_order() {
    let (host, told) = telling_host();
    let [one, two, three] = versions("hooked");
    host.load(one.build()).unwrap();
    assert_eq!(told.take(), ["hooked 1.1 on_load"]);
    host.reload(two.build()).unwrap();
    settle(&host);
    assert_eq!(told.take(), ["hooked 1.2 on_reload 101", "hooked 1.1 on_unload"]);
    host.reload(three.build()).unwrap();
    settle(&host);
    assert_eq!(told.take(), ["hooked 1.3 on_reload 102", "hooked 1.2 on_unload"]);
    host.rollback("hooked").unwrap();
    settle(&host);
    assert_eq!(told.take(), ["hooked 1.2 on_reload 103", "hooked 1.3 on_unload"]);
    host.unload("hooked").unwrap();
    settle(&host);
    assert_eq!(told.take(), ["hooked 1.2 on_unload"]);
    host.rollback("hooked").unwrap();
    assert_eq!(told.take(), ["hooked 1.2 on_load"]);
    drop(host);
    assert_eq!(told.take(), ["hooked 1.2 on_unload"]);
}

#[test]
fn without_on_reload_a_replacement_is_loaded() {
    let (host, told) = telling_host();
    let plain = |minor: u32| {
        module("plain", [1, minor, 0]).on_load(&format!("return tell(state, \"load {minor}\", 0);"))
    };
    host.load(plain(1).build()).unwrap();
    host.reload(plain(2).build()).unwrap();
    assert_eq!(told.take(), ["load 1", "load 2"]);
}

#[test]
fn a_hook_that_refuses_leaves_all_as_it_was() {
    let (host, told) = telling_host();
    let [one, two, _] = versions("refuses");
    let number = host.function("refuses.number").unwrap();

    told.answer(|what| if what.ends_with("on_load") { 5 } else { 0 });
    let path = one.build();
    let error = host.load(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    let module = format!("module `refuses` 1.1.0 (`{}`)", path.display());
    assert_eq!(
        error.to_string(),
        format!(
            "{module} was to be initialised, and `on_load` of {module} gave back 5: all modules are as they were before"
        )
    );
    assert_eq!(told.take(), ["refuses 1.1 on_load"]);
    assert_eq!(call(&number, 0), Err(CallErrorKind::Unavailable));
    assert!(host.modules().is_empty());

    told.answer(|what| if what.ends_with("on_reload") { -1 } else { 0 });
    host.load(one.build()).unwrap();
    let error = host.reload(two.build()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`on_reload` of module `refuses` 1.2.0"),
        "{error}"
    );
    assert!(error.to_string().contains("panicked"), "{error}");
    settle(&host);
    assert_eq!(told.take(), ["refuses 1.1 on_load", "refuses 1.2 on_reload 101"]);
    assert_eq!(call(&number, 0), Ok(1));
    // A refused change is none to be taken back.
    assert_eq!(host.modules()[0].steps_back, 1);
}

/// A module with a function that tells that it runs, and waits to be let on.
fn waiting(told: &Told, name: &str) -> (Module, mpsc::Receiver<()>, mpsc::SyncSender<()>) {
    let (inside, is_inside) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::sync_channel(1);
    let may_go_on = std::sync::Mutex::new(may_go_on);
    told.answer(move |what| {
        if what == "inside" {
            inside.send(()).unwrap();
            may_go_on.lock().unwrap().recv_timeout(LONG).unwrap();
        }
        0
    });
    let waiting = module(name, [1, 1, 0])
        .function(
            "wait",
            "tell(state, \"inside\", 0); *(uint64_t *)output = 1; return 0;",
        )
        .telling();
    (waiting, is_inside, go_on)
}

#[test]
fn on_unload_waits_for_the_last_call() {
    let (host, told) = telling_host();
    let (waits, is_inside, go_on) = waiting(told, "waits");
    host.load(waits.build()).unwrap();
    let wait = host.function("waits.wait").unwrap();
    let thread = thread::spawn(move || call(&wait, 0));
    is_inside.recv_timeout(LONG).unwrap();
    host.unload("waits").unwrap();
    host.keep(0);
    assert!(!host.settle(std::time::Duration::from_millis(20)).unwrap());
    assert_eq!(told.take(), ["waits 1.1 on_load", "inside"]);
    // Its code is still there.
    go_on.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(1));
    settle(&host);
    assert_eq!(told.take(), ["waits 1.1 on_unload"]);
}

#[test]
fn on_unload_comes_without_anybody_asking_when_a_late_call_ends() {
    let (host, told) = telling_host();
    let (waits, is_inside, go_on) = waiting(told, "late");
    host.load(waits.build()).unwrap();
    let (left, has_left) = mpsc::channel();
    let wait = host.function("late.wait").unwrap();
    let thread = thread::spawn(move || call(&wait, 0));
    is_inside.recv_timeout(LONG).unwrap();
    host.unload("late").unwrap();
    told.answer(move |what| {
        left.send(what.to_owned()).unwrap();
        0
    });
    go_on.send(()).unwrap();
    assert_eq!(has_left.recv_timeout(LONG).unwrap(), "late 1.1 on_unload");
    thread.join().unwrap().unwrap();
}

#[test]
fn who_comes_back_before_the_last_call_has_ended_has_never_left() {
    let (host, told) = telling_host();
    let (waits, is_inside, go_on) = waiting(told, "returns");
    host.load(waits.build()).unwrap();
    let wait = host.function("returns.wait").unwrap();
    let thread = thread::spawn(move || call(&wait, 0));
    is_inside.recv_timeout(LONG).unwrap();
    host.reload(module("returns", [1, 2, 0]).telling().build())
        .unwrap();
    host.rollback("returns").unwrap();
    go_on.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(1));
    settle(&host);
    let mut lines = told.take();
    // That of the version that was replaced in turn may come at any time after that.
    lines.sort();
    assert_eq!(
        lines,
        [
            "inside",
            "returns 1.1 on_load",
            "returns 1.1 on_reload 102",
            "returns 1.2 on_reload 101",
            "returns 1.2 on_unload"
        ]
    );
}

#[test]
fn a_handle_that_a_hook_makes_is_one_for_all_threads() {
    let (host, told) = telling_host();
    let inner = host.clone();
    let (saw, seen) = mpsc::channel();
    told.answer(move |_| {
        // What nobody else knows of yet.
        let new = inner.function("grows.number").unwrap();
        let other = new.clone();
        let elsewhere = thread::spawn(move || call(&other, 0)).join().unwrap();
        saw.send((call(&new, 0), elsewhere)).unwrap();
        1
    });
    let grows = module("grows", [1, 1, 0]).giving("number", 1).telling();
    host.load(grows.build()).unwrap_err();
    assert_eq!(
        seen.recv_timeout(LONG).unwrap(),
        (Ok(1), Err(CallErrorKind::Unavailable))
    );
    assert_eq!(
        call(&host.function("grows.number").unwrap(), 0),
        Err(CallErrorKind::Unavailable)
    );
    told.answer(|_| 0);
}

#[test]
fn a_hook_may_drop_the_last_handle() {
    let (host, told) = telling_host();
    let (waits, is_inside, go_on) = waiting(told, "last");
    host.load(waits.build()).unwrap();
    let other = module("other", [1, 1, 0]).telling();
    host.load(other.build()).unwrap();
    let wait = host.function("last.wait").unwrap();
    let thread = thread::spawn(move || call(&wait, 0));
    is_inside.recv_timeout(LONG).unwrap();
    host.unload("other").unwrap();
    let (left, has_left) = mpsc::channel();
    let last = std::sync::Mutex::new(Some(host));
    told.answer(move |what| {
        drop(last.lock().unwrap().take());
        left.send(what.to_owned()).unwrap();
        0
    });
    go_on.send(()).unwrap();
    thread.join().unwrap().unwrap();
    let mut lines = [(); 2].map(|()| has_left.recv_timeout(LONG).unwrap());
    lines.sort();
    assert_eq!(lines, ["last 1.1 on_unload", "other 1.1 on_unload"]);
}

#[test]
fn hooks_see_what_will_be_live_and_others_do_not() {
    let (host, told) = telling_host();
    let [one, two, _] = versions("seen");
    host.load(one.build()).unwrap();
    let number = host.function("seen.number").unwrap();
    let (saw, seen) = mpsc::channel();
    told.answer(move |what| {
        if what.ends_with("on_reload") {
            let elsewhere = number.clone();
            let elsewhere = thread::spawn(move || call(&elsewhere, 0)).join().unwrap();
            saw.send((call(&number, 0), elsewhere)).unwrap();
        }
        0
    });
    host.reload(two.build()).unwrap();
    assert_eq!(seen.recv_timeout(LONG).unwrap(), (Ok(2), Ok(1)));
}
