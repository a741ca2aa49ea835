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
    #[derive(::std::fmt::Debug)]
    pub struct Player {
        /// Hit points.
        pub hp: u32,
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

    /// Uses the shadows.
    #[::hotpatch::hotpatch]
    #[inline]
    pub fn shadowed(body: u32, f: u32, entry: u32) -> u32 {
        let (_, _, _, _, _) = (Some, None, Option, Entry, Body);
        let ((), ()) = (concat!(), module_path!());
        body + f + entry
    }
}

#[::std::prelude::v1::test]
fn generated_code_keeps_out_of_the_way() {
    let mut player = shadows::Player::new();
    ::std::assert!(player.hurt(100));
    ::std::assert_eq!(add(1, (2, 3)), 2);
    ::std::assert_eq!(shadows::shadowed(1, 2, 3), 6);
}
