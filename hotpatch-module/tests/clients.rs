//! Typed clients, over code of the program itself that stands in for modules.

#![forbid(unsafe_code)]

#[path = "shop/contract.rs"]
mod contract;
#[path = "shop/plain.rs"]
mod plain;

use contract::{Order, Quote, Refusal, Rule, ShopClient, Side};
use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{CallErrorKind, ErrorKind, ModuleHost};
use plain::Plain;

fn host() -> ModuleHost {
    ModuleHost::new(ModuleVersion::new(1, 0, 0))
}

fn order(id: u64, quantity: u32, side: Side) -> Order {
    Order {
        id,
        price: 2.5,
        quantity,
        side,
        urgent: id == 1,
    }
}

#[test]
fn all_kinds_of_values_cross() {
    let host = host();
    host.register_fallbacks::<ShopClient, _>("shop", Plain::<10>::default())
        .unwrap();
    let shop: ShopClient = host.client("shop").unwrap();

    let rules = [
        Rule {
            from: 1,
            percent: 0.0,
        },
        Rule {
            from: 4,
            percent: 90.0,
        },
    ];
    let bought = order(1, 4, Side::Buy);
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
    assert_eq!(shop.add(3, u64::MAX - 13).unwrap(), u64::MAX);
    let orders = [
        order(9, 1, Side::Sell),
        order(8, 2, Side::Buy),
        order(7, 3, Side::Sell),
    ];
    assert_eq!(shop.describe("Zoë", &orders).unwrap(), "Zoë wants 6 at 10 %");
    assert_eq!(shop.sorted(&orders, Side::Sell).unwrap(), [orders[2], orders[0]]);
    assert_eq!(shop.sorted(&[], Side::Sell).unwrap(), []);
    assert_eq!(shop.first(&[0.5, 1.5]).unwrap(), Some(0.5));
    assert_eq!(shop.first(&[]).unwrap(), None);
    assert_eq!(shop.parse("1 22 333").unwrap(), Ok(vec![1, 22, 333]));
    assert_eq!(shop.parse("1 two").unwrap(), Err("`two` is no number".into()));
    assert_eq!(shop.name().unwrap(), "plain 10");
}

#[test]
fn the_value_behind_a_client_lives_as_long_as_the_host() {
    let host = host();
    host.register_fallbacks::<ShopClient, _>("shop", Plain::<1>::default())
        .unwrap();
    let shop: ShopClient = host.client("shop").unwrap();
    drop(host);
    assert_eq!(shop.count().unwrap(), 0);
    assert_eq!(shop.clone().count().unwrap(), 1);
    shop.forget().unwrap();
    assert_eq!(shop.count().unwrap(), 0);
}

#[test]
fn a_panic_is_an_error_of_the_call() {
    let host = host();
    host.register_fallbacks::<ShopClient, _>("shop", Plain::<13>::default())
        .unwrap();
    let shop: ShopClient = host.client("shop").unwrap();
    let error = shop.forget().unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Panicked);
    assert_eq!(error.to_string(), "`shop.forget` panicked");
    assert_eq!(shop.count().unwrap(), 0);
}

#[test]
fn a_call_that_goes_nowhere_says_so() {
    let shop: ShopClient = host().client("shop").unwrap();
    let error = shop.add(1, 2).unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Unavailable);
    assert!(error.to_string().contains("`shop.add`"), "{error}");
}

#[test]
fn a_function_has_one_fallback() {
    let host = host();
    host.register_fallbacks::<ShopClient, _>("shop", Plain::<1>::default())
        .unwrap();
    let error = host
        .register_fallbacks::<ShopClient, _>("shop", Plain::<2>::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FallbackTaken);
    let shop: ShopClient = host.client("shop").unwrap();
    assert_eq!(shop.name().unwrap(), "plain 1");
}

#[allow(unreachable_pub)]
mod other {
    use hotpatch_module::contract;

    /// Another contract with functions of the same names.
    #[contract(version = "1.2.0")]
    pub trait Shop {
        fn add(&self, left: f64) -> u64;
    }
}

#[test]
fn one_name_stands_for_one_type() {
    let host = host();
    host.register_fallbacks::<ShopClient, _>("shop", Plain::<1>::default())
        .unwrap();
    let error = host.client::<other::ShopClient>("shop").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contract);
    let text = error.to_string();
    assert!(
        text.contains("`fn add(&self, left: u64, right: u64) -> u64` in one"),
        "{text}"
    );
    assert!(
        text.contains("`fn add(&self, left: f64) -> u64` in the other"),
        "{text}"
    );
}

/// Whoever is strict about their own code hears nothing of what is generated.
#[deny(
    warnings,
    unused,
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::missing_errors_doc,
    clippy::undocumented_unsafe_blocks
)]
#[no_implicit_prelude]
pub mod strict {
    use ::core::clone::Clone;
    use ::core::cmp::{Eq, PartialEq};
    use ::core::fmt::Debug;
    use ::core::marker::{Copy, Send as Sendable};
    use ::hotpatch_module::{Shared, contract};

    /// The names of arguments and types are those of generated code, or keywords.
    #[derive(Shared, Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C)]
    pub struct Input {
        /// A field.
        pub r#type: u8,
        /// A field.
        pub bytes: [i32; 2],
    }

    /// A type with the name of a parameter.
    #[derive(Shared, Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(transparent)]
    pub struct T(
        /// A field.
        pub Input,
    );

    /// A contract.
    #[contract(version = "1.0.0")]
    pub trait Odd: Sendable {
        /// A function.
        fn r#match(&self, input: &Input, output: T, context: &[T], r#type: &str) -> T;
        /// A function with a body.
        fn functions(&self, _: u8) -> u8 {
            7
        }
        #[must_use]
        /// A function.
        fn latest() -> ::core::option::Option<Input>;
    }
}

struct Odd;

impl strict::Odd for Odd {
    fn r#match(
        &self,
        input: &strict::Input,
        output: strict::T,
        context: &[strict::T],
        r#type: &str,
    ) -> strict::T {
        let mut result = context[context.len() - 1];
        result.0.bytes = [input.bytes[0], output.0.bytes[1]];
        result.0.r#type = r#type.len() as u8;
        result
    }

    fn latest() -> Option<strict::Input> {
        None
    }
}

#[test]
fn odd_names_are_no_matter() {
    let host = host();
    host.register_fallbacks::<strict::OddClient, _>("odd", Odd)
        .unwrap();
    let odd: strict::OddClient = host.client("odd").unwrap();
    let input = |one, other| strict::Input {
        r#type: 0,
        bytes: [one, other],
    };
    let found = odd
        .r#match(
            &input(1, 2),
            strict::T(input(3, 4)),
            &[strict::T(input(5, 6))],
            "four",
        )
        .unwrap();
    let expect = strict::Input {
        r#type: 4,
        bytes: [1, 4],
    };
    assert_eq!(found, strict::T(expect));
    assert_eq!(odd.functions(1).unwrap(), 7);
    assert_eq!(odd.latest().unwrap(), None);
}
