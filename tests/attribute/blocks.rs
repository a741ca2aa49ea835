//! The attribute on whole blocks.

use hotpatch::hotpatch;

use crate::{check_entry, check_generic, entries};

struct Account {
    balance: i64,
}

#[hotpatch]
impl Account {
    const START: i64 = { 5 };

    /// Documented.
    #[must_use]
    const fn new() -> Self {
        let balance = Self::START;
        Self { balance }
    }

    fn add(&mut self, by: i64) -> &mut Self {
        self.balance += by;
        self
    }

    #[hotpatch]
    fn balance(&self) -> i64 {
        self.balance
    }

    #[hotpatch(skip)]
    fn plain(&self) -> i64 {
        self.balance
    }

    #[track_caller]
    fn line() -> u32 {
        std::panic::Location::caller().line()
    }

    async fn later<T: From<i64>>(&self) -> T {
        T::from(self.balance)
    }
}

#[hotpatch]
trait Rate {
    const BASE: i64;

    fn rate(&self) -> i64;

    fn twice(&self) -> i64 {
        2 * self.rate() * Self::BASE
    }

    #[hotpatch(skip)]
    fn thrice(&self) -> i64 {
        3 * self.rate()
    }
}

#[hotpatch]
impl Rate for Account {
    const BASE: i64 = 1;

    fn rate(&self) -> i64 {
        self.balance / 10
    }
}

#[hotpatch]
pub(crate) mod bank {
    #![allow(clippy::new_without_default)]

    use std::fmt;

    macro_rules! limit {
        () => {
            100
        };
    }

    pub(crate) fn limit() -> i64 {
        limit!()
    }

    pub(crate) const fn fixed() -> i64 {
        7
    }

    #[hotpatch(skip)]
    pub(crate) fn cold() -> i64 {
        8
    }

    pub(crate) struct Vault<T>(pub(crate) T);

    impl<T: fmt::Display> fmt::Display for Vault<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "[{}]", self.0)
        }
    }

    #[hotpatch(skip)]
    impl<T> Vault<T> {
        pub(crate) fn open(self) -> T {
            self.0
        }
    }

    pub(crate) mod inner {
        pub(crate) trait Deep {
            fn deep(&self) -> u8 {
                9
            }
        }

        impl Deep for u8 {}

        unsafe extern "C" {
            pub(crate) safe fn abs(x: std::ffi::c_int) -> std::ffi::c_int;
        }

        pub(crate) fn main() -> u8 {
            1
        }
    }
}

macro_rules! made {
    ($name:ident: $type:ty) => {
        struct $name($type);

        #[hotpatch]
        impl $name {
            fn get(&self) -> &$type {
                &self.0
            }
        }

        #[hotpatch]
        impl Rate for $name {
            const BASE: i64 = 1;

            fn rate(&self) -> i64 {
                self.0.into()
            }
        }
    };
}

made!(Small: u8);

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("it waits for nothing"),
    }
}

#[test]
fn blocks() {
    let mut account = Account::new();
    account.add(20).add(5);
    assert_eq!((account.balance(), account.plain()), (30, 30));
    let (line, here) = (Account::line(), line!());
    assert_eq!(line, here);
    assert_eq!(ready(account.later::<i64>()), 30);
    assert_eq!((account.twice(), account.thrice()), (6, 9));
    assert_eq!((bank::limit(), bank::fixed(), bank::cold()), (100, 7, 8));
    assert_eq!(
        (bank::Vault(1).to_string(), bank::Vault(2).open()),
        ("[1]".into(), 2)
    );
    assert_eq!(
        (
            bank::inner::Deep::deep(&1),
            bank::inner::abs(-1),
            bank::inner::main()
        ),
        (9, 1, 1)
    );
    assert_eq!((Small(3).twice(), Small(4).get()), (6, &4));
}

#[test]
fn which_functions_are_hot() {
    check_entry("blocks::Account::add", "fn add(&mut self, by: i64) -> &mut Self");
    check_entry("blocks::Account::balance", "fn balance(&self) -> i64");
    check_entry("blocks::<Account as Rate>::rate", "fn rate(&self) -> i64");
    check_entry("blocks::<Small as Rate>::rate", "fn rate(&self) -> i64");
    check_entry("blocks::bank::limit", "fn limit() -> i64");
    check_entry("blocks::bank::inner::main", "fn main() -> u8");
    check_generic("blocks::Rate::twice", "fn twice(&self) -> i64");
    check_generic("blocks::bank::inner::Deep::deep", "fn deep(&self) -> u8");
    for plain in ["new", "plain", "line", "fixed", "cold", "open", "thrice"] {
        assert_eq!(
            entries(plain)
                .iter()
                .filter(|(name, _)| name.contains("blocks"))
                .count(),
            0,
            "{plain}"
        );
    }
}
