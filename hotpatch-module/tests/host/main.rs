//! The host of modules, with real libraries that are compiled when a test needs them.

mod build;
mod support;

mod dependents;
mod hooks;
mod hostile;
mod inside;
mod languages;
mod refusals;
mod swaps;
mod threads;
