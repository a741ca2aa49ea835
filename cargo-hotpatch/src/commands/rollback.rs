//! `cargo hotpatch rollback`: has running processes go back to an earlier generation, or forward to a later one.

use std::process::ExitCode;

use anyhow::{Result, bail};
use hotpatch_abi::frame::Identity;

use crate::channel::{Channel, Returned, told};
use crate::events::{self, Event, RolledBackBy};
use crate::running::{self, Running};
use crate::terminal::{Terminal, counted, listed};

/// What to do, and how to tell about it.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The process; without it, all of the one program that runs.
    pub(crate) pid: Option<u32>,
    /// The generation; without it, the one before that whose code is live.
    pub(crate) to: Option<u64>,
    pub(crate) format: Format,
}

/// How to tell what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON object per line, as in an event file.
    Json,
}

/// Rolls back.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode> {
    let processes = match settings.pid {
        Some(pid) => vec![connected(&running::find(pid)?)?],
        None => of_one_program()?,
    };
    let mut code = ExitCode::SUCCESS;
    for (channel, identity) in processes {
        let pid = identity.pid;
        match channel.roll_back(settings.to) {
            Ok(answer) => {
                if matches!(answer, Returned::Refused { .. }) {
                    code = ExitCode::from(101);
                }
                tell(pid, &answer, settings.format);
            }
            Err(error) => {
                code = ExitCode::from(101);
                Terminal::new().error(format_args!("process {pid}: {error:#}"));
            }
        }
    }
    Ok(code)
}

fn connected(process: &Running) -> Result<(Channel, Identity)> {
    Channel::open(&process.socket.path, &process.token)
}

/// The processes that run, if all of them are of one program: several may be its workers.
fn of_one_program() -> Result<Vec<(Channel, Identity)>> {
    let all = running::all();
    let connected: Vec<_> = all.iter().filter_map(|process| connected(process).ok()).collect();
    check_alike(connected.iter().map(|(_, identity)| identity))?;
    Ok(connected)
}

/// Whether there are processes, and all of one program.
fn check_alike<'a>(mut processes: impl Iterator<Item = &'a Identity> + Clone) -> Result<()> {
    let all = processes.clone();
    let Some(first) = processes.next() else {
        bail!("no process with hot functions is running: start one with `cargo hotpatch run`");
    };
    if processes.any(|other| other.build_id != first.build_id) {
        let named = all.map(|identity| format!("{} (`{}`)", identity.pid, identity.program));
        bail!(
            "several programs run, and which of their processes to roll back is for `--pid` to say: {}",
            named.collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

fn tell(pid: u32, answer: &Returned, format: Format) {
    let terminal = Terminal::new();
    match (answer, format) {
        (
            Returned::RolledBack {
                generation,
                to,
                functions,
                notes,
            },
            Format::Human,
        ) => {
            terminal.status("Rolled back", line(pid, (*generation, *to), functions));
            terminal.notes(&told(pid, notes));
        }
        (
            Returned::RolledBack {
                generation,
                to,
                functions,
                ..
            },
            Format::Json,
        ) => events::print(&Event::RolledBack {
            pid,
            generation: *generation,
            to: *to,
            functions,
            by: RolledBackBy::Command,
            sources: None,
        }),
        (Returned::Refused { code, message }, Format::Human) => {
            terminal.coded_error(code, format_args!("process {pid} was not rolled back: {message}"))
        }
        (Returned::Refused { code, message }, Format::Json) => events::print(&Event::Refused {
            code,
            message,
            place: None,
            pid: Some(pid),
        }),
    }
}

fn line(pid: u32, (generation, to): (u64, u64), functions: &[String]) -> String {
    let what = match functions.len() {
        0 => "no function runs other code than before".to_owned(),
        count => format!("{}: {}", counted(count, "function"), listed(functions)),
    };
    format!("process {pid} to generation {to}, {what} (generation {generation})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_pid_there_must_be_one_program() {
        let process = |pid, build_id| Identity {
            abi_version: 1,
            pid,
            build_id: vec![build_id],
            program: format!("/t/{build_id}"),
            generation: 0,
            head: None,
        };
        let (one, worker, other) = (process(7, 1), process(8, 1), process(9, 2));
        check_alike([&one, &worker].into_iter()).unwrap();
        let error = check_alike([&one, &worker, &other].into_iter())
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("7 (`/t/1`), 8 (`/t/1`), 9 (`/t/2`)"), "{error}");
        let error = check_alike(std::iter::empty()).unwrap_err().to_string();
        assert!(error.contains("no process"), "{error}");
    }

    #[test]
    fn the_line_says_what_the_process_acknowledged() {
        assert_eq!(
            line(7, (3, 1), &["game::step".to_owned()]),
            "process 7 to generation 1, 1 function: game::step (generation 3)"
        );
        assert_eq!(
            line(7, (3, 2), &[]),
            "process 7 to generation 2, no function runs other code than before (generation 3)"
        );
    }
}
