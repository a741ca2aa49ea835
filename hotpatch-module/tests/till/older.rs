//! A contract that was not extended yet.
#![forbid(unsafe_code)]

#[macro_use]
mod relative;

relative! {"1.1.9", f64, {
    fn receipt(&self) -> String { String::new() }
}}
