//! `cargo hotpatch`: edit a running Rust program.
//!
//! One binary with several roles: cargo starts it as rustc wrapper, rustc starts it as linker, and the user starts it
//! as cargo subcommand.
#![forbid(unsafe_code)]

use std::process::ExitCode;

mod roles;

mod caller_env;
mod capture;
mod hard_link;
mod link_line;
mod obstacle;
mod out_dir;
mod response_file;
mod rustc_args;
mod state_dir;
mod stripped;

mod base;
mod build_id;
mod build_script;
mod build_tools;

mod cargo;
mod cargo_build;
mod plan;
mod project;
mod runnable;
mod selection;
mod settings;

mod hot_entries;

mod dep_info;
mod diagnostic;
mod edit;
mod inputs;
mod interface;
mod interrupt;
mod live_patcher;
mod live_sources;
mod local_crate;
mod owed;
mod patch_linker;
mod places;
mod rebuild;
mod replay;
mod schedule;
mod scratch_dir;
mod stamp;
mod unit_graph;
mod work;
mod workbench;

mod channel;
mod control_dir;
mod events;
mod explain;
mod failure;
mod generations;
mod keyboard;
mod messages;
mod process_tree;
mod refusal;
mod rendered;
mod running;
mod session;
mod terminal;
mod testing;
mod unreached;

mod cli;
mod commands;
mod demo;
mod doctor;

fn main() -> ExitCode {
    match roles::Role::current() {
        Some(role) => role.play(),
        None => cli::run(),
    }
}
