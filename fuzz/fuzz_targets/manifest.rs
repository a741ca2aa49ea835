//! Runs the target of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotpatch_runtime::fuzz::manifest(bytes));
