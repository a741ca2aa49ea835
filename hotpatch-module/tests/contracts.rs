//! Modules that were written for contracts: loaded, refused with both sides named, and swapped.

#![forbid(unsafe_code)]

#[path = "shop/contract.rs"]
mod shop;
#[path = "till/contract.rs"]
mod till;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{CallErrorKind, Client, ErrorKind, ModuleError, ModuleHost};
use shop::ShopClient;
use till::{Item, Kind, TillClient};

/// The library of an example of this package. They are built if they are not there, or not new.
fn module(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples", "--manifest-path"]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let own = std::env::current_exe().unwrap();
        let profile = own.ancestors().nth(2).unwrap().to_owned();
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
        profile.join("examples")
    });
    folder.join(format!("lib{name}.so"))
}

fn host() -> ModuleHost {
    ModuleHost::new(ModuleVersion::new(1, 0, 0))
}

/// What a host says that expects the contract `Till`, and has a fallback for nothing.
fn refused(name: &str) -> ModuleError {
    let host = host();
    let till: TillClient = host.client("till").unwrap();
    let error = host.load(module(name)).unwrap_err();
    assert_eq!(till.total(&[]).unwrap_err().kind(), CallErrorKind::Unavailable);
    assert_eq!(error.kind(), ErrorKind::Contract);
    // Who loads first and asks then is told the same.
    host.load(module(name)).unwrap_err();
    let late = self::host();
    late.load(module(name)).unwrap();
    assert_eq!(late.client::<TillClient>("till").unwrap_err(), error);
    error
}

fn check(name: &str, expect: &[&str]) {
    let text = refused(name).to_string();
    for expect in [&["`Till` 1.2.0", "libtill_"], expect].concat() {
        assert!(text.contains(expect), "{text}");
    }
}

const ITEM: Item = Item {
    price: 2.0,
    count: 3,
    kind: Kind::Service,
};

#[test]
fn a_module_for_the_contract_is_called() {
    let host = host();
    let till: TillClient = host.client("till").unwrap();
    host.load(module("till_exact")).unwrap();
    assert_eq!(till.total(&[ITEM, ITEM]).unwrap(), 12.0);
    assert_eq!(till.dearest(&[ITEM]).unwrap(), Some(ITEM));
    assert_eq!(till.receipt().unwrap(), "thank you");
    assert_eq!(host.modules()[0].version.to_string(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_module_for_an_extended_contract_is_called() {
    let host = host();
    let till: TillClient = host.client("till").unwrap();
    host.load(module("till_newer")).unwrap();
    assert_eq!(till.total(&[]).unwrap(), 0.5);
}

#[test]
fn an_older_contract_is_refused() {
    check("till_older", &["older version 1.1.9"]);
}

#[test]
fn another_major_version_is_refused() {
    check("till_next", &["version 2.0.0, whose major number is another"]);
}

#[test]
fn a_missing_function_is_refused() {
    check(
        "till_short",
        &["it has no function `receipt`, which is `fn receipt(&self) -> String`"],
    );
}

#[test]
fn a_field_of_another_type_is_named() {
    check(
        "till_drifted",
        &[
            "the types of its `fn total(&self, items: &[Item]) -> f64` are others",
            "argument 1.price is `f32 at 0` in the module and `f64 at 0` in the contract",
        ],
    );
}

#[test]
fn what_is_no_value_never_reaches_the_host() {
    let host = host();
    let till: TillClient = host.client("till").unwrap();
    host.load(module("till_forged")).unwrap();
    let kind = till.dearest(&[ITEM]).unwrap_err();
    assert_eq!(kind.kind(), CallErrorKind::BadValue);
    assert!(
        kind.to_string().contains("`Some.kind`: 9 is no value of `Kind`"),
        "{kind}"
    );
    let tag = till.dearest(&[ITEM, ITEM]).unwrap_err();
    assert!(tag.to_string().contains("2 is no value of `Option`"), "{tag}");
    let text = till.receipt().unwrap_err();
    assert!(text.to_string().contains("no UTF-8"), "{text}");
    // A status of its own.
    let status = till.total(&[ITEM, ITEM]).unwrap_err();
    assert_eq!(status.kind(), CallErrorKind::Status(2));
    // The output that it did not write is 0.
    assert_eq!(till.total(&[]).unwrap(), 0.0);
}

#[test]
fn a_client_goes_along_with_every_change() {
    let host = host();
    let shop: ShopClient = host.client("shop").unwrap();
    host.load(module("shop_v1")).unwrap();
    assert_eq!(shop.add(1, 2).unwrap(), 4);
    assert_eq!((shop.count().unwrap(), shop.count().unwrap()), (0, 1));
    host.reload(module("shop_v2")).unwrap();
    assert_eq!(shop.add(1, 2).unwrap(), 5);
    assert_eq!(shop.count().unwrap(), 0);
    assert_eq!(host.modules()[0].contracts.len(), 2);
    host.rollback("shop").unwrap();
    assert_eq!(
        (shop.add(1, 2).unwrap(), shop.name().unwrap()),
        (4, "plain 1".into())
    );
    host.unload("shop").unwrap();
    assert_eq!(shop.add(1, 2).unwrap_err().kind(), CallErrorKind::Unavailable);
}

#[test]
fn the_value_of_a_module_lives_from_load_to_unload() {
    let host = host();
    let shop: ShopClient = host.client("shop").unwrap();
    host.load(module("shop_v1")).unwrap();
    assert_eq!((shop.count().unwrap(), shop.count().unwrap()), (0, 1));
    host.reload(module("shop_v2")).unwrap();
    assert_eq!((shop.count().unwrap(), shop.count().unwrap()), (0, 1));

    // It does not want to replace itself, and whoever is there stays as it is.
    let error = host.reload(module("shop_v2")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    assert!(error.to_string().contains("gave back 7"), "{error}");
    assert_eq!(shop.count().unwrap(), 2);

    // What left has dropped its value.
    host.settle(Duration::MAX).unwrap();
    host.rollback("shop").unwrap();
    assert_eq!(
        (shop.name().unwrap(), shop.count().unwrap()),
        ("plain 1".into(), 0)
    );
}

#[test]
fn a_state_from_before_a_contract_is_not_called_through_it() {
    let host = host();
    host.load(module("till_drifted")).unwrap();
    let till = host.consistent(|| {
        // Another thread replaces the module, after which the contract is fulfilled.
        let till: TillClient = thread::scope(|scope| {
            let replace = || {
                host.reload(module("till_exact")).unwrap();
                host.client("till").unwrap()
            };
            scope.spawn(replace).join().unwrap()
        });
        let error = till.total(&[ITEM]).unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Unavailable);
        assert!(
            error
                .to_string()
                .contains("from before the contract was expected"),
            "{error}"
        );
        till
    });
    assert_eq!(till.total(&[ITEM]).unwrap(), 6.0);
}

#[test]
fn a_module_in_c_fulfils_a_contract() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libtill.so");
    fs::write(
        folder.path().join("till.h"),
        <TillClient as Client>::CONTRACT.c_definitions(),
    )
    .unwrap();
    let mut cc = Command::new("cc");
    cc.args([
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-fvisibility=hidden",
        "-shared",
        "-I",
    ]);
    cc.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/include"))
        .arg("-I")
        .arg(folder.path());
    cc.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/till/till.c"));
    assert!(cc.arg("-o").arg(&library).status().unwrap().success());

    let host = host();
    let till: TillClient = host.client("till").unwrap();
    host.load(module("till_exact")).unwrap();
    host.reload(&library).unwrap();
    let goods = Item {
        price: 0.5,
        count: 2,
        kind: Kind::Goods,
    };
    assert_eq!(till.total(&[ITEM, goods]).unwrap(), 7.0);
    assert_eq!(till.dearest(&[goods, ITEM, goods]).unwrap(), Some(ITEM));
    assert_eq!(till.dearest(&[]).unwrap(), None);
    assert_eq!(till.receipt().unwrap(), "merci, from C");
    host.rollback("till").unwrap();
    assert_eq!(till.receipt().unwrap(), "thank you");
}
