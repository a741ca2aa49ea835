//! The settings that cargo will use, read before it is asked to build: so that what prevents patching is told at
//! once and not after a long build.

mod cargo_config;
mod profile;
pub(crate) mod runner;
pub(crate) mod rustflags;
pub(crate) mod wrappers;

pub(crate) use cargo_config::CargoConfig;
pub(crate) use profile::ProfileSettings;
