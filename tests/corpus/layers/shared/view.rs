//! What a crate sees of the leaf: part of each crate that depends on it.

#![deny(deprecated, unused_must_use)]

use std::cell::Cell;
use std::fmt::Debug;
use std::mem::offset_of;
use std::panic::catch_unwind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[allow(unused_imports)]
use leaf::{Named, Pick};

const MADE: u32 = leaf::made(2);

struct Own;

impl Named for Own {}

fn is_send<T: Send>(_: &T) {}

fn kept() -> &'static str {
    let short = String::from("short");
    leaf::longer("long", &short)
}

fn polled() -> u32 {
    let future = pin!(leaf::later());
    is_send(&future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => 0,
    }
}

fn dropped() -> u32 {
    let cell = Cell::new(0);
    drop(leaf::Guard(&cell));
    cell.get()
}

fn debug(value: impl Debug) -> String {
    format!("{value:?}")
}

/// What the leaf says when it is asked like this.
pub fn see(name: &str) -> String {
    match name {
        "plain" => leaf::plain(2).to_string(),
        "kept" => leaf::kept(2).to_string(),
        "hot" => leaf::hot(leaf::Pair { a: 1, b: 2 }),
        "text" => leaf::text(),
        "method" => leaf::Counter(3).value().to_string(),
        "shown" => leaf::Counter(3).to_string(),
        "dropped" => dropped().to_string(),
        "boxed" => leaf::boxed()(1).to_string(),
        "careful" => match catch_unwind(|| leaf::careful(4)) {
            Ok(value) => value.to_string(),
            Err(_) => "panicked".to_owned(),
        },
        "inlined" => leaf::inlined(1).to_string(),
        "generic" => leaf::generic(7_u64),
        "wrapped" => leaf::Wrapped(5_u8).value(),
        "sized" => leaf::sized::<3>().to_string(),
        "constant" => leaf::CONSTANT.to_string(),
        "made" => MADE.to_string(),
        "base" => leaf::Counter::BASE.to_string(),
        "own" => Own.name(),
        "twice" => leaf::twice!(4).to_string(),
        "action" => leaf::ACTION(1).to_string(),
        "opaque" => leaf::opaque()(1).to_string(),
        "numbers" => {
            let numbers = leaf::numbers();
            is_send(&numbers);
            numbers.sum::<u32>().to_string()
        }
        "later" => polled().to_string(),
        "kind" => (leaf::Kind::Two as u8).to_string(),
        "pair" => offset_of!(leaf::Pair, b).to_string(),
        "pick" => leaf::Thing.pick().to_string(),
        "origin" => leaf::origin().to_string(),
        "chosen" => leaf::chosen().to_string(),
        "note" => leaf::NOTE.trim().to_owned(),
        "notice" => leaf::notice().trim().to_owned(),
        "source" => leaf::SOURCE.len().to_string(),
        "line" => leaf::lines::LINE.to_string(),
        "hidden" => leaf::Hidden.name(),
        "handle" => {
            let handle = leaf::Handle::new();
            is_send(&handle);
            handle.value().to_string()
        }
        "tag" => debug(leaf::Tag { name: 6 }),
        "weight" => leaf::weight().to_string(),
        "longer" => kept().to_owned(),
        "traced" => leaf::traced().to_string(),
        "uses" => leaf::uses(),
        _ => "?".to_owned(),
    }
}
