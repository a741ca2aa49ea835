//! Modules in C and in C++, whose files are those in the guide: built, loaded, called, reloaded and unloaded.

use std::fs;
use std::path::{Path, PathBuf};

use hotpatch_module::{CallErrorKind, ErrorKind, Function};

use crate::build::compile;
use crate::support::{host, settle, version};

fn file(name: &str) -> (String, PathBuf) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/modules")
        .join(name);
    let source = fs::read_to_string(&path).unwrap();
    let library = compile(&source, path.extension().unwrap().to_str().unwrap());
    (source, library)
}

fn call(function: &Function, left: i64, right: i64) -> Result<i64, CallErrorKind> {
    let (input, mut output) = ([left, right], 0_i64);
    // SAFETY: these are a `Pair` and an `int64_t`.
    let outcome = unsafe { function.call((&raw const input).cast(), (&raw mut output).cast()) };
    outcome.map(|()| output).map_err(|error| error.kind())
}

#[test]
fn a_module_in_c_is_replaced_by_one_in_cpp_and_comes_back() {
    let host = host();
    let (add, divide) = (
        host.function("calculator.add").unwrap(),
        host.function("calculator.divide").unwrap(),
    );
    let (c, cpp) = (file("calculator.c").1, file("calculator.cpp").1);

    host.load(&c).unwrap();
    assert_eq!((call(&add, 40, 2), call(&divide, 84, 2)), (Ok(42), Ok(42)));
    assert_eq!(call(&divide, 1, 0), Err(CallErrorKind::Status(1)));

    let changed = host.reload(&cpp).unwrap();
    assert_eq!(
        (changed.modules[0].from, changed.modules[0].to),
        (Some(version(1, 0, 0)), Some(version(1, 1, 0)))
    );
    assert_eq!((call(&add, 40, 2), call(&divide, 84, 2)), (Ok(42), Ok(42)));
    // It throws, and catches what it throws.
    assert_eq!(call(&divide, 1, 0), Err(CallErrorKind::Panicked));

    host.rollback("calculator").unwrap();
    assert_eq!(call(&divide, 1, 0), Err(CallErrorKind::Status(1)));
    host.unload("calculator").unwrap();
    settle(&host);
    assert_eq!(call(&add, 40, 2), Err(CallErrorKind::Unavailable));
    let error = host.reload(&c).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotLoaded);
}
#[test]
fn the_guide_shows_these_files() {
    let guide =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/modules.md"))
            .unwrap();
    for (name, language) in [("calculator.c", "c"), ("calculator.cpp", "cpp")] {
        let block = format!("```{language}\n{}```\n", file(name).0);
        assert!(guide.contains(&block), "modules.md does not show {name} as it is");
    }
}
