//! A contract that lacks a function.
#![forbid(unsafe_code)]

#[macro_use]
mod relative;

relative! {"1.2.0", f64, {}}
