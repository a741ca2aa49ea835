//! Types of the standard library without parts that could change: their values move as they are.

use std::ffi::{CString, OsString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::*;
use std::path::PathBuf;
use std::sync::atomic::*;
use std::time::{Duration, Instant, SystemTime};

use super::description::{Description, Migrate};
use super::failure::Failure;
use super::old::Old;

macro_rules! plain {
    ($([$($parameters:tt)*] $of:ty),* $(,)?) => {$(
        // SAFETY: it tells of no parts.
        unsafe impl<$($parameters)*> Migrate for $of {
            fn describe() -> &'static Description {
                const { &Description::plain::<Self>() }
            }

            fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
                Err(old.cannot_become(std::any::type_name::<Self>()))
            }
        }
    )*};
}

plain! {
    [] (), [] bool, [] char, [] f32, [] f64,
    [] i8, [] i16, [] i32, [] i64, [] i128, [] isize,
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
    [] NonZeroI8, [] NonZeroI16, [] NonZeroI32, [] NonZeroI64, [] NonZeroIsize,
    [] NonZeroU8, [] NonZeroU16, [] NonZeroU32, [] NonZeroU64, [] NonZeroUsize,
    [] AtomicBool, [] AtomicI8, [] AtomicI16, [] AtomicI32, [] AtomicI64, [] AtomicIsize,
    [] AtomicU8, [] AtomicU16, [] AtomicU32, [] AtomicU64, [] AtomicUsize,
    [] String, [] &'static str, [] OsString, [] CString, [] PathBuf,
    [] Duration, [] Instant, [] SystemTime,
    [] IpAddr, [] Ipv4Addr, [] Ipv6Addr, [] SocketAddr, [] SocketAddrV4, [] SocketAddrV6,
    [T: 'static] PhantomData<T>,
}
