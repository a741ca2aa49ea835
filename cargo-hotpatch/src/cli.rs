//! The command line of `cargo hotpatch`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::commands;
use crate::commands::rollback::Format;
use crate::commands::run::Settings;
use crate::messages;
use crate::refusal::{Exit, Refusal};
use crate::selection::Selection;
use crate::session::OnRefusal;
use crate::terminal::Terminal;
use crate::testing::TestSelection;

/// Edit a running Rust program
#[derive(Parser)]
#[command(name = "cargo-hotpatch", bin_name = "cargo hotpatch", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and run a program, and take every edit of it live
    ///
    /// When a signal kills the program (a crash, or `kill -KILL`), the session goes on: it waits for the next save, then
    /// builds and starts the program again. Ctrl-C ends it. When the program ends by itself, or by a signal that asks it
    /// to (SIGINT, SIGTERM, SIGHUP, SIGQUIT), the tool ends in the same way.
    ///
    /// Keys, in a terminal: r restart, b back to the generation before, f forward again, s status, q quit, ? help. The
    /// tool takes them only as long as the program does not read the terminal; as soon as it does, the terminal is the
    /// program's for good.
    Run {
        #[command(flatten)]
        selection: Selection,
        /// Append one JSON object per line for everything that happens
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,
        /// What to do when an edit is refused or needs a restart [default: ask where keys are taken, else keep]
        #[arg(long, value_name = "WHAT")]
        on_refusal: Option<OnRefusal>,
        /// Take the keys of the terminal in any case; the program's standard input is empty then
        #[arg(long, conflicts_with = "no_keys")]
        keys: bool,
        /// Take no keys: the terminal is the program's alone
        #[arg(long)]
        no_keys: bool,
        /// Arguments for the program
        #[arg(value_name = "ARGS", trailing_var_arg = true)]
        args: Vec<OsString>,
    },
    /// Run the tests, and after every save those whose code changed
    ///
    /// Builds the test binaries and runs all tests as `cargo test` does, without documentation tests. Then it waits. On
    /// each save it compiles the crates that changed, and runs again the tests that lead to code which is not what it
    /// was. It ends with 101 if a test fails that ran last, else with 0.
    ///
    /// Keys, in a terminal: a run all tests, f run those that failed, q quit, ? help.
    Test {
        #[command(flatten)]
        selection: TestSelection,
        /// Append one JSON object per line for everything that happens
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,
        /// Run all tests once and end, as `cargo test` does
        #[arg(long)]
        once: bool,
        /// Run all test binaries with `--once`, also after one has failed
        #[arg(long)]
        no_fail_fast: bool,
        /// Take no keys: the terminal is the tests' alone
        #[arg(long)]
        no_keys: bool,
        /// If specified, only run tests containing this string in their names
        #[arg(value_name = "TESTNAME")]
        filter: Option<OsString>,
        /// Arguments for the test binaries
        #[arg(value_name = "ARGS", last = true)]
        args: Vec<OsString>,
    },
    /// Build a program so that it can be patched, without running it
    Build {
        #[command(flatten)]
        selection: Selection,
    },
    /// Say what the sources as they are now would change in the running program, and change nothing
    ///
    /// Ends with 0 if the edit could be applied, or if there is nothing to do, and with 101 if it would be refused, would
    /// need a new build, or does not compile.
    Check {
        #[command(flatten)]
        selection: Selection,
    },
    /// Make the patch from the program as built to the sources as they are now
    Patch {
        #[command(flatten)]
        selection: Selection,
        /// Where to put the patch (by default `<name of the program>.hotpatch` in the current folder)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Give a patch to a running process
    Apply {
        /// The process
        #[arg(long)]
        pid: u32,
        /// The patch
        file: PathBuf,
    },
    /// Show the hot functions of running processes
    Status {
        /// Only this process
        #[arg(long)]
        pid: Option<u32>,
    },
    /// Take the functions of running processes back to an earlier generation, or forward to a later one
    ///
    /// Without `--to`, it is the generation before the one whose code is live; repeated, it leads back to the program as
    /// built. All functions switch at once; state stays as it is. Ends with 0 if each process answered that it runs that
    /// code, else with 101.
    Rollback {
        /// The generation: `cargo hotpatch history` shows which there are
        #[arg(long, value_name = "GENERATION")]
        to: Option<u64>,
        /// Only this process (by default all processes of the program that runs)
        #[arg(long)]
        pid: Option<u32>,
        /// How to tell about it: for people, or as one JSON object per line
        #[arg(long, value_name = "FMT", value_parser = ["human", "json"])]
        message_format: Option<String>,
    },
    /// Show the generations that running processes can go to
    History {
        /// Only this process
        #[arg(long)]
        pid: Option<u32>,
        /// How to show them: for people, or as one JSON object per line
        #[arg(long, value_name = "FMT", value_parser = ["human", "json"])]
        message_format: Option<String>,
    },
    /// Explain the code of a refusal
    Explain {
        /// The code: `HP0203`, or `203`
        code: String,
    },
    /// Check that toolchain, linker and profiles allow patching
    Doctor {
        #[command(flatten)]
        selection: Selection,
    },
    /// Show what it does on a small program
    Demo {
        /// Keep the folder of the program
        #[arg(long)]
        keep: bool,
    },
}

/// Runs the subcommand that the command line names.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::try_parse_from(arguments(std::env::args_os())).unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(if error.use_stderr() { 101 } else { 0 })
    });
    let outcome = match cli.command {
        Command::Run {
            selection,
            events,
            on_refusal,
            keys,
            no_keys,
            args,
        } => commands::run::run(
            &selection,
            &Settings {
                events: events.as_deref(),
                on_refusal,
                keys,
                no_keys,
                args: &args,
            },
        ),
        Command::Test {
            selection,
            events,
            once,
            no_fail_fast,
            no_keys,
            filter,
            args,
        } => commands::test::run(
            selection,
            filter.into_iter().chain(args).collect(),
            &commands::test::Settings {
                events: events.as_deref(),
                once,
                no_fail_fast,
                no_keys,
            },
        ),
        Command::Build { selection } => commands::build::run(&selection),
        Command::Check { selection } => finished(commands::check::run(&selection)),
        Command::Patch { selection, output } => finished(commands::patch::run(&selection, output.as_deref())),
        Command::Apply { pid, file } => commands::apply::run(pid, &file),
        Command::Status { pid } => commands::status::run(pid),
        Command::Rollback {
            to,
            pid,
            message_format,
        } => commands::rollback::run(&commands::rollback::Settings {
            pid,
            to,
            format: format(message_format.as_deref()),
        }),
        Command::History { pid, message_format } => {
            commands::history::run(pid, format(message_format.as_deref()))
        }
        Command::Explain { code } => commands::explain::run(&code),
        Command::Doctor { selection } => crate::doctor::run(&selection),
        Command::Demo { keep } => crate::demo::run(keep),
    };
    outcome.unwrap_or_else(|error| report(&error))
}

fn format(name: Option<&str>) -> Format {
    match name {
        Some("json") => Format::Json,
        _ => Format::Human,
    }
}

/// Reports the end of a command that makes one comparison, where messages are wanted, as cargo does after a build.
fn finished(outcome: Result<ExitCode>) -> Result<ExitCode> {
    let Some(messages) = messages::wanted() else {
        return outcome;
    };
    let code = outcome.unwrap_or_else(|error| report(&error));
    messages.finished(code == ExitCode::SUCCESS);
    Ok(code)
}

/// Cargo passes the name of the subcommand as first argument; a direct call may leave it out.
fn arguments(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    if args.get(1).is_some_and(|arg| arg == "hotpatch") {
        args.remove(1);
    }
    args
}

fn report(error: &anyhow::Error) -> ExitCode {
    let terminal = Terminal::new();
    if let Some(Exit(code)) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => terminal.refusal(refusal),
        None => terminal.failure(error),
    }
    ExitCode::from(101)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn both_ways_to_start_it_parse() {
        for line in [
            &["cargo-hotpatch", "hotpatch", "build", "-p", "game"][..],
            &["cargo-hotpatch", "build", "-p", "game"],
        ] {
            let cli = Cli::try_parse_from(arguments(line.iter().map(OsString::from))).unwrap();
            assert!(
                matches!(cli.command, Command::Build { selection } if selection.package.as_deref() == Some("game"))
            );
        }
    }

    #[test]
    fn arguments_of_the_program_are_left_alone() {
        let line = ["cargo-hotpatch", "run", "--release", "--", "--release", "-x"].map(OsString::from);
        let Command::Run { selection, args, .. } = Cli::try_parse_from(line).unwrap().command else {
            panic!()
        };
        assert!(selection.release);
        assert_eq!(args, ["--release", "-x"]);
    }

    #[test]
    fn the_dashes_before_the_arguments_may_be_left_out() {
        let line = ["cargo-hotpatch", "run", "-r", "level", "--hard", "-p"].map(OsString::from);
        let Command::Run { selection, args, .. } = Cli::try_parse_from(line).unwrap().command else {
            panic!()
        };
        assert!(selection.release && selection.package.is_none());
        assert_eq!(args, ["level", "--hard", "-p"]);
        assert!(Cli::try_parse_from(["cargo-hotpatch", "run", "--hard"]).is_err());
    }
}
