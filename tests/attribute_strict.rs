//! Generated code keeps out of the way: no lint of the user hears of it, and no name of the user changes it.

#![no_implicit_prelude]
#![forbid(unsafe_code, clippy::allow_attributes)]
#![deny(
    warnings,
    future_incompatible,
    rust_2018_idioms,
    unused,
    nonstandard_style,
    let_underscore
)]
#![deny(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    unused_lifetimes,
    trivial_casts
)]
#![deny(
    missing_debug_implementations,
    single_use_lifetimes,
    redundant_lifetimes,
    unit_bindings
)]
#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::undocumented_unsafe_blocks
)]
#![allow(
    clippy::missing_const_for_fn,
    reason = "it is right about the code, and a hot function cannot follow"
)]
#![deny(
    clippy::multiple_unsafe_ops_per_block,
    clippy::as_conversions,
    clippy::fn_to_numeric_cast_any
)]
#![deny(
    clippy::missing_inline_in_public_items,
    clippy::single_call_fn,
    clippy::shadow_unrelated
)]

#[::hotpatch::hotpatch]
fn add(_left: u32, (right, _): (u32, u8)) -> u32 {
    right
}

/// Names that generated code must not pick up.
pub mod shadows {
    mod core {}
    mod std {}
    mod hotpatch {}
    struct Some;
    struct None;
    struct Option;
    struct Entry;
    struct Body;
    struct Started;
    struct Future;
    struct Sized;
    macro_rules! concat {
        () => {
            ()
        };
    }
    macro_rules! module_path {
        () => {
            ()
        };
    }

    /// A player.
    #[derive(::std::fmt::Debug, ::hotpatch::Migrate)]
    #[migrate(version = 2, with = Self::again, down)]
    pub struct Player {
        /// Hit points.
        #[migrate(default = 100)]
        pub hp: u32,
    }

    impl Player {
        #[expect(
            clippy::unnecessary_wraps,
            clippy::single_call_fn,
            reason = "a migration may fail, and has one type"
        )]
        fn again(_: &::hotpatch::Old<'_>) -> ::std::result::Result<Self, ::hotpatch::Failure> {
            ::std::result::Result::Ok(Self::new())
        }
    }

    /// What a player does.
    #[derive(::std::fmt::Debug, ::hotpatch::Migrate)]
    #[expect(clippy::exhaustive_enums, reason = "it is all there is")]
    pub enum Doing<T> {
        /// Nothing.
        Nothing,
        /// Something.
        Something {
            /// What it is.
            what: T,
        },
        /// More.
        More(u8, T),
    }

    impl Player {
        /// Takes hit points away.
        #[::hotpatch::hotpatch]
        #[inline]
        pub fn hurt(&mut self, by: u32) -> bool {
            self.hp = self.hp.saturating_sub(by);
            self.hp == 0
        }

        /// A player in full health.
        #[must_use]
        #[::hotpatch::hotpatch]
        #[inline]
        pub fn new() -> Self {
            Self { hp: 100 }
        }
    }

    /// What has an area.
    pub trait Shape<'a, T>: ::std::fmt::Debug {
        /// What areas are measured in.
        type Unit: ::std::marker::Copy;

        /// Its area.
        fn area(&self, of: &'a T) -> Self::Unit;

        /// Twice its area.
        #[::hotpatch::hotpatch]
        #[inline]
        fn areas(&self, of: &'a T) -> (Self::Unit, Self::Unit) {
            (self.area(of), self.area(of))
        }
    }

    impl<'a> Shape<'a, u8> for Player {
        type Unit = u32;

        #[::hotpatch::hotpatch]
        #[inline]
        fn area(&self, of: &'a u8) -> Self::Unit {
            self.hp + <u32 as ::std::convert::From<u8>>::from(*of)
        }
    }

    impl<T: ::std::fmt::Debug> Shape<'_, u16> for Pair<T> {
        type Unit = u64;

        #[::hotpatch::hotpatch]
        #[inline]
        fn area(&self, _of: &u16) -> Self::Unit {
            1
        }
    }

    impl ::std::ops::Drop for Player {
        #[::hotpatch::hotpatch]
        #[inline]
        fn drop(&mut self) {
            self.hp = 0;
        }
    }

    /// Two of a kind.
    #[derive(::std::fmt::Debug)]
    pub struct Pair<T>(pub T, pub T);

    #[::hotpatch::hotpatch]
    impl<T> Pair<T> {
        /// The first.
        #[inline]
        #[expect(clippy::single_call_fn, reason = "the way to its code is the only caller")]
        pub fn first(&self) -> &T {
            &self.0
        }

        /// Makes another pair.
        ///
        /// # Errors
        ///
        /// What `f` says.
        #[inline]
        #[expect(clippy::single_call_fn, reason = "the way to its code is the only caller")]
        pub fn map<U, E>(
            &self,
            mut f: impl ::std::ops::FnMut(&T) -> ::std::result::Result<U, E>,
        ) -> ::std::result::Result<Pair<U>, E> {
            ::std::result::Result::Ok(Pair(f(&self.0)?, f(&self.1)?))
        }

        /// Waits for both.
        #[inline]
        #[expect(clippy::single_call_fn, reason = "the way to its code is the only caller")]
        pub async fn wait(self) -> T
        where
            T: ::std::future::Future<Output = T> + ::std::marker::Send + ::std::marker::Sync,
        {
            let _first = self.0.await;
            self.1.await
        }
    }

    /// Waits.
    #[::hotpatch::hotpatch]
    #[inline]
    #[expect(clippy::single_call_fn, reason = "the way to its code is the only caller")]
    pub async fn wait<F: ::std::future::Future<Output = u8> + ::std::marker::Send>(
        _name: &str,
        future: F,
    ) -> u8 {
        future.await
    }

    /// Uses the shadows.
    #[::hotpatch::hotpatch]
    #[inline]
    pub fn shadowed(body: u32, f: u32, entry: u32) -> u32 {
        let (_, _, _, _, _) = (Some, None, Option, Entry, Body);
        let (_, _, _) = (Started, Future, Sized);
        let ((), ()) = (concat!(), module_path!());
        body + f + entry
    }
}

#[::std::prelude::v1::test]
fn generated_code_keeps_out_of_the_way() {
    let mut player = shadows::Player::new();
    ::std::assert!(player.hurt(100));
    ::std::assert_eq!(shadows::Shape::areas(&player, &1), (1, 1));
    let pair = shadows::Pair(1, 2);
    ::std::assert_eq!(shadows::Shape::area(&pair, &1), 1);
    ::std::assert_eq!(pair.first(), &1);
    let same: ::std::result::Result<_, ()> = pair.map(|one| ::std::result::Result::Ok(*one));
    ::std::assert!(same.is_ok_and(|same| same.0 == 1));
    ::std::mem::drop(shadows::wait("", async { 1 }));
    ::std::assert_eq!(add(1, (2, 3)), 2);
    ::std::assert_eq!(shadows::shadowed(1, 2, 3), 6);
}
