//! Modules in Rust: one source and one contract, native and in the sandbox.

use std::time::Duration;

use hotpatch_module::{CallErrorKind, ErrorKind, Limits, Machine, ModuleHost};

use crate::built::{Build, built, machines};
use crate::host;
use crate::shop::{Order, Quote, Refusal, Rule, ShopClient, Side};
use crate::till::{Item, Kind, TillClient};
use crate::troubled::TroubledClient;

fn order(id: u64, quantity: u32, side: Side) -> Order {
    Order {
        id,
        price: 2.5,
        quantity,
        side,
        urgent: id == 1,
    }
}

/// Calls all that a shop can do. It adds so many percent.
fn check(shop: &ShopClient, percent: u64) {
    let bought = order(1, 4, Side::Buy);
    let rules = [
        Rule {
            from: 1,
            percent: 0.0,
        },
        Rule {
            from: 4,
            percent: 100.0 - percent as f64,
        },
    ];
    let expect = Quote {
        total: 20.0,
        order: bought,
        letters: ['ß', '€'],
    };
    assert_eq!(shop.quote(&bought, &rules).unwrap(), Ok(expect));
    assert_eq!(
        shop.quote(&order(1, 0, Side::Buy), &[]).unwrap(),
        Err(Refusal(-7))
    );
    assert_eq!(shop.add(3, u64::MAX - 13).unwrap(), u64::MAX - 10 + percent);
    let orders = [
        order(9, 1, Side::Sell),
        order(8, 2, Side::Buy),
        order(7, 3, Side::Sell),
    ];
    assert_eq!(
        shop.describe("Zoë", &orders).unwrap(),
        format!("Zoë wants 6 at {percent} %")
    );
    assert_eq!(shop.sorted(&orders, Side::Sell).unwrap(), [orders[2], orders[0]]);
    assert_eq!(shop.sorted(&[], Side::Sell).unwrap(), []);
    let many: Vec<Order> = (0..5_000).rev().map(|id| order(id, 1, Side::Buy)).collect();
    let sorted = shop.sorted(&many, Side::Buy).unwrap();
    assert!(sorted.iter().rev().eq(&many));
    assert_eq!(shop.first(&[0.5, 1.5]).unwrap(), Some(0.5));
    assert_eq!(shop.first(&[]).unwrap(), None);
    assert_eq!(shop.parse("1 22 333").unwrap(), Ok(vec![1, 22, 333]));
    assert_eq!(shop.parse("1 two").unwrap(), Err("`two` is no number".into()));
    assert_eq!(shop.name().unwrap(), format!("plain {percent}"));
}

#[test]
fn both_machines_fulfil_one_contract() {
    for build in machines() {
        let host = host();
        let shop: ShopClient = host.client("shop").unwrap();
        host.load(built(*build, "shop_v1")).unwrap();
        check(&shop, 1);
        assert_eq!((shop.count().unwrap(), shop.count().unwrap()), (0, 1));
        shop.forget().unwrap();
        assert_eq!(shop.count().unwrap(), 0);
    }
}

#[test]
fn one_machine_replaces_the_other_under_one_name() {
    let [native, sandbox] = machines() else { return };
    for (first, second) in [(*native, *sandbox), (*sandbox, *native)] {
        let host = host();
        let shop: ShopClient = host.client("shop").unwrap();
        host.load(built(first, "shop_v1")).unwrap();
        shop.count().unwrap();
        check(&shop, 1);
        host.reload(built(second, "shop_v2")).unwrap();
        check(&shop, 2);
        assert_eq!(shop.count().unwrap(), 0);
        assert_eq!(host.modules()[0].machine, second.machine());
        assert_eq!(host.modules()[0].contracts.len(), 2);
        host.rollback("shop").unwrap();
        check(&shop, 1);
        // What fulfils the contract was dropped when the module left, and is a new one.
        assert_eq!(shop.count().unwrap(), 0);
        assert_eq!(host.modules()[0].machine, first.machine());
    }
}

#[test]
fn both_machines_serve_side_by_side_and_change_together() {
    let [native, sandbox] = machines() else { return };
    let host = host();
    let (shop, stall): (ShopClient, ShopClient) =
        (host.client("shop").unwrap(), host.client("stall").unwrap());
    let early = host.load(built(*sandbox, "stall")).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Dependency);
    host.change()
        .load(built(*native, "shop_v1"))
        .load(built(*sandbox, "stall"))
        .commit()
        .unwrap();
    check(&shop, 1);
    check(&stall, 5);
    stall.count().unwrap();
    // What is needed moves into the sandbox, and what needs it there is initialised anew.
    let changed = host.reload(built(*sandbox, "shop_v1")).unwrap();
    assert_eq!(changed.initialised_anew, ["stall"]);
    check(&shop, 1);
    check(&stall, 5);
    // Its next major version will not do, so nothing changes.
    let error = host.reload(built(*native, "shop_v2")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillNeeded, "{error}");
    check(&shop, 1);
    // Both change machines as one.
    host.change()
        .reload(built(*native, "shop_v1"))
        .reload(built(*native, "stall"))
        .commit()
        .unwrap();
    check(&shop, 1);
    check(&stall, 5);
    assert!(
        host.modules()
            .iter()
            .all(|module| module.machine == Machine::Native)
    );
}

/// What a host says that expects the contract `Till`, without the path and the name of the module.
fn refused(build: Build, name: &str) -> String {
    let host = host();
    let _till: TillClient = host.client("till").unwrap();
    let error = host.load(built(build, name)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contract, "{error}");
    let (_, reason) = error.message().split_once("does not fulfil").expect("a reason");
    reason.into()
}

#[test]
fn what_is_refused_is_refused_on_both_machines_with_the_same_words() {
    let [one, other] = machines() else { return };
    for name in ["till_older", "till_next", "till_drifted", "till_short"] {
        assert_eq!(refused(*one, name), refused(*other, name));
    }
}

#[test]
fn what_is_no_value_never_reaches_the_host() {
    const ITEM: Item = Item {
        price: 2.0,
        count: 3,
        kind: Kind::Service,
    };
    for build in machines() {
        let host = host();
        let till: TillClient = host.client("till").unwrap();
        host.load(built(*build, "till_exact")).unwrap();
        assert_eq!(till.dearest(&[ITEM]).unwrap(), Some(ITEM));
        host.reload(built(*build, "till_forged")).unwrap();
        let kind = till.dearest(&[ITEM]).unwrap_err();
        assert_eq!(kind.kind(), CallErrorKind::BadValue);
        assert!(
            kind.to_string().contains("`Some.kind`: 9 is no value of `Kind`"),
            "{kind}"
        );
        let tag = till.dearest(&[ITEM, ITEM]).unwrap_err();
        assert!(tag.to_string().contains("2 is no value of `Option`"), "{tag}");
        assert_eq!(
            till.total(&[ITEM, ITEM]).unwrap_err().kind(),
            CallErrorKind::Status(2)
        );
        assert_eq!(till.total(&[]).unwrap(), 0.0);
        let text = till.receipt().unwrap_err().to_string();
        match build {
            Build::Native => assert!(text.contains("no UTF-8"), "{text}"),
            // It called the pointer in its sink, which leads nowhere.
            Build::Sandbox => assert!(text.contains("it trapped, undefined element"), "{text}"),
        }
    }
}

fn troubled(limits: Limits) -> Option<(ModuleHost, TroubledClient)> {
    if machines().is_empty() {
        return None;
    }
    let host = host();
    host.limit_module("troubled", limits);
    let troubled: TroubledClient = host.client("troubled").unwrap();
    host.load(built(Build::Sandbox, "troubled")).unwrap();
    Some((host, troubled))
}

/// Checks that a call was stopped for this reason, in that function, and that the module begins anew.
fn stopped(
    troubled: &TroubledClient,
    call: impl Fn(&TroubledClient) -> Result<(), hotpatch_module::CallError>,
    reason: &str,
    function: &str,
) {
    assert_eq!((troubled.count().unwrap(), troubled.count().unwrap()), (1, 2));
    let error = call(troubled).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Stopped);
    let text = error.to_string();
    assert!(text.contains("module `troubled` 1.0.0: "), "{text}");
    assert!(text.contains(reason), "{text}\n  lacks: {reason}");
    assert!(text.contains(function), "{text}\n  lacks: {function}");
    assert_eq!(troubled.count().unwrap(), 1);
    troubled_again(troubled);
}

/// Has it begin anew.
fn troubled_again(troubled: &TroubledClient) {
    troubled.panic("again").unwrap_err();
}

#[test]
fn a_module_in_trouble_is_stopped_and_begins_anew() {
    let Some((_host, troubled)) = troubled(Limits::new().fuel(20_000_000)) else {
        return;
    };
    stopped(
        &troubled,
        |it| it.panic("help"),
        "as Rust code does after a panic",
        "Everything",
    );
    stopped(
        &troubled,
        |it| it.spin(),
        "it used up its fuel, 20000000 units",
        "spin",
    );
    stopped(
        &troubled,
        |it| it.dive(u64::MAX).map(|_| ()),
        "it used up its stack, ",
        "dive",
    );
    assert_eq!(troubled.dive(100).unwrap(), 100);
}

#[test]
fn a_module_that_hoards_is_stopped() {
    let limits = Limits::new()
        .fuel(u64::MAX)
        .time(Duration::from_secs(20))
        .memory(16 << 20);
    let Some((_host, troubled)) = self::troubled(limits) else {
        return;
    };
    stopped(
        &troubled,
        |it| it.hoard().map(|_| ()),
        "and its limit is 16777216",
        "hoard",
    );
}

#[test]
fn a_module_that_takes_too_long_is_stopped() {
    let limits = Limits::new().fuel(u64::MAX).time(Duration::from_millis(200));
    let Some((_host, troubled)) = self::troubled(limits) else {
        return;
    };
    stopped(
        &troubled,
        |it| it.spin(),
        "it ran for longer than its limit, 200ms",
        "spin",
    );
}
