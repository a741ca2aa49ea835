//! A contract that was extended.
#![forbid(unsafe_code)]

#[macro_use]
mod relative;

relative! {"1.3.0", f64, {
    fn receipt(&self) -> String { String::new() }
    fn added_later(&self) {}
}}
