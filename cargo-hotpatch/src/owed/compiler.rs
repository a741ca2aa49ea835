//! The compiler that built a program, and the one that would build it now.

use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection};

use crate::plan::Plan;

/// How the compiler writes its version into programs.
const WRITTEN: &str = "rustc version ";

/// The version of the compiler that built a program.
pub(super) fn built_with(program: &Path) -> Option<String> {
    let bytes = std::fs::read(program).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let comment = file.section_by_name(".comment")?.data().ok()?;
    let texts = comment
        .split(|byte| *byte == 0)
        .filter_map(|text| std::str::from_utf8(text).ok());
    let version = texts.filter_map(|text| text.strip_prefix(WRITTEN)).next_back()?;
    Some(version.to_owned())
}

/// The version of a compiler as it is now.
pub(super) fn version_now(rustc: &Path, plan: &Plan) -> Option<String> {
    let output = Command::new(rustc)
        .arg("-V")
        .env_clear()
        .envs(&plan.env)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().strip_prefix("rustc ")?.to_owned())
}
