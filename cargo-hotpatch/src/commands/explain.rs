//! `cargo hotpatch explain`: shows the page of a code.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use hotpatch_abi::code;

use crate::explain::{code_named, page_of};

/// Shows.
pub(crate) fn run(name: &str) -> Result<ExitCode> {
    let Some(code) = code_named(name) else {
        let lines: Vec<_> = code::ALL
            .iter()
            .map(|(code, meaning)| format!("  {code}  {}", meaning.trim().trim_end_matches('.')))
            .collect();
        bail!("there is no code `{name}`; the codes are:\n{}", lines.join("\n"));
    };
    // Whoever closes the pipe has read enough.
    let _ = std::io::stdout().write_all(page_of(code).text.as_bytes());
    Ok(ExitCode::SUCCESS)
}
