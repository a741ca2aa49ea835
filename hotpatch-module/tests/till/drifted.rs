//! A contract whose types went another way.
#![forbid(unsafe_code)]

#[macro_use]
mod relative;

relative! {"1.2.0", f32, {
    fn receipt(&self) -> String { String::new() }
}}
