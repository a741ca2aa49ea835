//! Load, reload, unload, roll back; handles across all of it.

use std::fs;

use hotpatch_module::{CallErrorKind, ErrorKind};

use crate::build::{folder, module};
use crate::support::{call, host, ninety_nine, settle, version};

#[test]
fn a_function_goes_from_its_fallback_through_versions_and_back() {
    let host = host();
    // SAFETY: it takes what `call` passes.
    unsafe { host.register_fallback("swaps.number", ninety_nine) }.unwrap();
    let number = host.function("swaps.number").unwrap();
    assert_eq!(call(&number, 0), Ok(99));

    let loaded = host
        .load(module("swaps", [1, 0, 0]).giving("number", 1).build())
        .unwrap();
    assert_eq!(loaded.generation, 1);
    assert_eq!(
        (loaded.modules[0].from, loaded.modules[0].to),
        (None, Some(version(1, 0, 0)))
    );
    assert_eq!(call(&number, 0), Ok(1));

    let reloaded = host
        .reload(module("swaps", [2, 0, 0]).giving("number", 2).build())
        .unwrap();
    assert_eq!(
        (reloaded.modules[0].from, reloaded.modules[0].to),
        (Some(version(1, 0, 0)), Some(version(2, 0, 0)))
    );
    assert_eq!(call(&number, 0), Ok(2));

    host.unload("swaps").unwrap();
    assert_eq!(call(&number, 0), Ok(99));

    // Back, step by step, to where nothing was loaded.
    for expected in [2, 1, 99] {
        host.rollback("swaps").unwrap();
        assert_eq!(call(&number, 0), Ok(expected));
    }
    let error = host.rollback("swaps").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingKept);
    assert_eq!(host.generation(), 6);
}

#[test]
fn a_handle_is_valid_before_anybody_offers_the_function_and_after() {
    let host = host();
    let number = host.function("early.number").unwrap();
    // SAFETY: nobody offers it, so nobody looks at what is passed.
    let error = unsafe { number.call(std::ptr::null(), std::ptr::null_mut()) }.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "no loaded module offers `early.number`, and it has no fallback: load a module that does"
    );
    assert!(!number.is_available());
    host.load(module("early", [1, 0, 0]).giving("number", 1).build())
        .unwrap();
    assert_eq!(call(&number, 0), Ok(1));
    assert!(number.is_available());
    // The next version has another function in its place.
    host.reload(module("early", [1, 1, 0]).giving("other", 2).build())
        .unwrap();
    assert_eq!(call(&number, 0), Err(CallErrorKind::Unavailable));
    assert_eq!(call(&host.function("early.other").unwrap(), 0), Ok(2));
    host.unload("early").unwrap();
    assert_eq!(call(&number, 0), Err(CallErrorKind::Unavailable));
}

#[test]
fn a_new_content_at_the_same_path_is_loaded() {
    let host = host();
    let path = folder().join("same_path.so");
    for number in 1..=5 {
        // Written in place, as `cp` does.
        fs::write(
            &path,
            fs::read(module("same", [1, 0, 0]).giving("number", number).build()).unwrap(),
        )
        .unwrap();
        if number == 1 {
            host.load(&path)
        } else {
            host.reload(&path)
        }
        .unwrap();
        assert_eq!(call(&host.function("same.number").unwrap(), 0), Ok(number));
    }
    // What runs does not hang on the file.
    fs::write(&path, b"torn").unwrap();
    assert_eq!(call(&host.function("same.number").unwrap(), 0), Ok(5));
}

#[test]
fn the_statics_of_a_version_are_what_they_were_when_it_comes_back() {
    let host = host();
    let counting = module("counts", [1, 0, 0])
        .globals("static uint64_t count;")
        .function("next", "count += 1; *(uint64_t *)output = count; return 0;");
    host.load(counting.build()).unwrap();
    let next = host.function("counts.next").unwrap();
    assert_eq!([call(&next, 0), call(&next, 0)], [Ok(1), Ok(2)]);
    // The same file again is another module, with statics of its own.
    host.reload(counting.build()).unwrap();
    assert_eq!(call(&next, 0), Ok(1));
    host.rollback("counts").unwrap();
    assert_eq!(call(&next, 0), Ok(3));
}

#[test]
fn a_status_of_a_module_is_an_error_and_changes_nothing() {
    let host = host();
    let failing = module("fails", [1, 0, 0])
        .function("seven", "return 7;")
        .function("panics", "return HOTPATCH_STATUS_PANICKED;");
    host.load(failing.build()).unwrap();
    let kind = |name| call(&host.function(name).unwrap(), 0).unwrap_err();
    assert_eq!(kind("fails.seven"), CallErrorKind::Status(7));
    assert_eq!(kind("fails.panics"), CallErrorKind::Panicked);
    // A function that nobody offers, and one that only says so.
    assert_eq!(kind("fails.nothing"), CallErrorKind::Unavailable);
    assert_eq!(kind("fails.seven"), CallErrorKind::Status(7));
}

#[test]
fn the_state_of_the_host_is_the_first_argument() {
    let (host, told) = crate::support::telling_host();
    let talking = module("talks", [1, 0, 0])
        .function("talk", "return tell(state, \"hello\", *(const uint64_t *)input);");
    host.load(talking.build()).unwrap();
    assert_eq!(call(&host.function("talks.talk").unwrap(), 5), Ok(u64::MAX));
    assert_eq!(told.take(), ["hello 5"]);
}

#[test]
fn the_status_says_what_is_loaded() {
    let host = host();
    host.load(module("base", [1, 4, 0]).giving("number", 1).build())
        .unwrap();
    let path = module("user", [2, 0, 1])
        .giving("number", 1)
        .needs("base", [1, 2, 0])
        .fulfils("Numbers", [1, 0, 0])
        .build();
    host.load(&path).unwrap();
    let modules = host.modules();
    assert_eq!(
        modules
            .iter()
            .map(|module| module.name.as_str())
            .collect::<Vec<_>>(),
        ["base", "user"]
    );
    let user = &modules[1];
    assert_eq!((user.version, user.steps_back), (version(2, 0, 1), 1));
    assert_eq!(
        (&user.functions, &user.needs),
        (&vec!["number".to_owned()], &vec!["base".to_owned()])
    );
    assert_eq!(user.contracts, [("Numbers".to_owned(), version(1, 0, 0))]);
    assert_eq!(user.path, path);
}

#[test]
fn what_is_kept_is_bounded_and_the_rest_is_closed() {
    let host = host();
    host.keep(2);
    let build = |number| {
        module("kept", [1, number, 0])
            .giving("number", u64::from(number))
            .build()
    };
    host.load(build(0)).unwrap();
    for number in 1..=5 {
        host.reload(build(number)).unwrap();
    }
    assert_eq!(host.modules()[0].steps_back, 2);
    settle(&host);
    let number = host.function("kept.number").unwrap();
    for expected in [4, 3] {
        host.rollback("kept").unwrap();
        assert_eq!(call(&number, 0), Ok(expected));
    }
    assert_eq!(host.rollback("kept").unwrap_err().kind(), ErrorKind::NothingKept);
    host.reload(build(9)).unwrap();
    host.keep(0);
    assert_eq!(host.rollback("kept").unwrap_err().kind(), ErrorKind::NothingKept);
    assert_eq!(call(&number, 0), Ok(9));
}
