//! Which sources a session has brought into its program: written by sessions, read by `cargo hotpatch check`.
//!
//! Invariant: a session that has applied nothing has written nothing; what an ended session wrote is never read.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::build_id::BuildId;
use crate::capture::write_json;
use crate::inputs::Inputs;
use crate::scratch_dir;
use crate::state_dir::StateDir;

const FILE: &str = "live.json";

#[derive(Serialize)]
struct Written<'a> {
    build_id: String,
    generation: u64,
    inputs: &'a Inputs,
}

/// What a session has brought into its program.
#[derive(Debug, Deserialize)]
pub(crate) struct LiveSources {
    build_id: String,
    generation: u64,
    inputs: Inputs,
}

/// Writes into the folder of a session what its program runs now.
pub(crate) fn publish(folder: &Path, build_id: &BuildId, generation: u64, inputs: &Inputs) -> Result<()> {
    let build_id = build_id.to_string();
    let written = Written {
        build_id,
        generation,
        inputs,
    };
    write_json(&folder.join(FILE), &written)
}

/// The program of a session does not run any more what was written.
pub(crate) fn withdraw(folder: &Path) {
    // It may never have been written.
    let _ = std::fs::remove_file(folder.join(FILE));
}

impl LiveSources {
    /// Of all running sessions of a program that have applied something, the one that got furthest first.
    pub(crate) fn of_sessions(state: &StateDir, build_id: &BuildId) -> Vec<Self> {
        let build_id = build_id.to_string();
        let folders = std::fs::read_dir(state.sessions()).into_iter().flatten();
        let folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
        let mut found: Vec<Self> = folders
            .filter(|folder| folder.join(FILE).is_file() && scratch_dir::is_in_use(folder))
            .filter_map(|folder| serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok())
            .filter(|session: &Self| session.build_id == build_id)
            .collect();
        found.sort_by_key(|session| std::cmp::Reverse(session.generation));
        found
    }

    /// The generation of the program.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the sources are what the program runs.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.inputs.is_unchanged()
    }
}
