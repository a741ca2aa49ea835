//! A contract that promises nothing of the earlier ones any more.
#![forbid(unsafe_code)]

#[macro_use]
mod relative;

relative! {"2.0.0", f64, {
    fn receipt(&self) -> String { String::new() }
}}
