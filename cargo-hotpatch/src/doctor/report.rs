//! The report: every check in turn, one line each.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Result, bail};

use super::finding::{Finding, Grade};
use super::{dependency, dylibs, flags, hot_functions, linker, profiles, toolchain};
use crate::caller_env;
use crate::cargo;
use crate::selection::Selection;
use crate::settings::{CargoConfig, ProfileSettings};

/// Prints the report. The exit code is 1 when something makes patching impossible.
pub(crate) fn run(selection: &Selection) -> Result<ExitCode> {
    let _ = selection.terminal();
    if selection.wants_messages() {
        bail!("`--message-format json` is for diagnostics of edits and builds: leave it out");
    }
    let env = caller_env::current();
    let metadata = cargo::metadata(selection, &env)?;
    let root = metadata.workspace_root.as_std_path();
    let cwd = std::env::current_dir()?;
    let config = CargoConfig::read(&cwd, &selection.config);
    let settings = ProfileSettings::read(root, config.clone());
    let mut findings = toolchain::check(&env, root, selection, &settings);
    findings.extend(flags::check(&env, &config));
    findings.extend(linker::check(&env, root, &config));
    let asked_for = Some(selection.profile_name()).filter(|name| !["dev", "release"].contains(name));
    let profiles = ["dev", "release"].into_iter().chain(asked_for);
    findings.extend(profiles.flat_map(|profile| profiles::check(&settings, profile)));
    findings.push(dependency::check(selection, &env));
    findings.extend(dylibs::check(&metadata));
    findings.extend(hot_functions::check(selection));
    let mut stdout = anstream::stdout().lock();
    for finding in &findings {
        show(&mut stdout, finding)?;
    }
    let failed = findings.iter().any(|finding| finding.grade == Grade::Error);
    Ok(ExitCode::from(u8::from(failed)))
}

fn show(out: &mut impl Write, finding: &Finding) -> Result<()> {
    let (style, word) = match finding.grade {
        Grade::Good => (AnsiColor::BrightGreen.on_default().bold(), "ok"),
        Grade::Warning => (AnsiColor::Yellow.on_default().bold(), "warning"),
        Grade::Error => (AnsiColor::BrightRed.on_default().bold(), "error"),
    };
    let detail: Style = AnsiColor::Cyan.on_default().bold();
    writeln!(out, "{style}{word:>12}{style:#} {}", finding.text)?;
    if let Some(help) = &finding.help {
        writeln!(out, "{:>12} {detail}={detail:#} help: {help}", "")?;
    }
    Ok(())
}
