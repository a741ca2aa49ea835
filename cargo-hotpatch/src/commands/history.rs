//! `cargo hotpatch history`: shows the generations that running processes can go to.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use hotpatch_abi::generation::{GenerationStatus, History, Origin};

use super::rollback::Format;
use crate::channel::Channel;
use crate::events::{self, Event, EventGeneration};
use crate::generations;
use crate::running::{self, Running};
use crate::terminal::{Terminal, counted, listed};

/// Shows.
pub(crate) fn run(pid: Option<u32>, format: Format) -> Result<ExitCode> {
    let processes = match pid {
        Some(pid) => vec![running::find(pid)?],
        None => running::all(),
    };
    if processes.is_empty() {
        bail!("no process with hot functions is running: start one with `cargo hotpatch run`");
    }
    let mut code = ExitCode::SUCCESS;
    for process in processes {
        let pid = process.socket.pid;
        match (ask(&process), format) {
            (Ok((program, history)), Format::Human) => {
                let text = text(pid, &program, &history, SystemTime::now());
                let _ = std::io::stdout().write_all(text.as_bytes());
            }
            (Ok((_, history)), Format::Json) => print(pid, &history),
            (Err(error), _) => {
                code = ExitCode::from(101);
                Terminal::new().error(format_args!("process {pid}: {error:#}"));
            }
        }
    }
    Ok(code)
}

fn ask(process: &Running) -> Result<(String, History)> {
    let (channel, identity) = Channel::open(&process.socket.path, &process.token)?;
    Ok((identity.program, channel.history()?))
}

fn print(pid: u32, history: &History) {
    let generations: Vec<_> = history
        .generations
        .iter()
        .map(|generation| EventGeneration {
            number: generation.number,
            code_of: generations::code_of(&history.generations, generation.number),
            patch: generation.head.map(|head| head.to_string()),
            functions: &generation.functions,
            since: generation.since,
        })
        .collect();
    events::print(&Event::History {
        pid,
        generations: &generations,
        left_out: history.left_out,
    });
}

fn text(pid: u32, program: &str, history: &History, now: SystemTime) -> String {
    let mut text = format!("process {pid}: {program}\n");
    let last = history.generations.last().map(|generation| generation.number);
    for (index, generation) in history.generations.iter().enumerate() {
        let mark = if Some(generation.number) == last { '*' } else { ' ' };
        text += &format!("{mark} {}\n", line(generation, &history.generations, now));
        if index == 0 && history.left_out > 0 {
            let more = counted(history.left_out as usize, "generation");
            text += &format!("  {more} that can be gone to as well\n");
        }
    }
    text
}

fn line(generation: &GenerationStatus, all: &[GenerationStatus], now: SystemTime) -> String {
    let number = generation.number;
    let made = match generation.origin {
        Origin::Built => return format!("{number}: the program as built"),
        Origin::Patch(patch) => format!("patch {patch}"),
        Origin::RollBack(to) => match generations::code_of(all, to) {
            code if code == to => format!("rolled back to {to}"),
            code => format!("rolled back to {to}, the code of {code}"),
        },
    };
    let since = UNIX_EPOCH + Duration::from_millis(generation.since);
    let age = now.duration_since(since).unwrap_or_default();
    let functions = match generation.functions.len() {
        0 => "no function switched".to_owned(),
        count => format!(
            "{}: {}",
            counted(count, "function"),
            listed(&generation.functions)
        ),
    };
    format!("{number}: {made}, {} ago, {functions}", ago(age))
}

/// `12 s`, `3 min`, `5 h`, `2 d`
fn ago(age: Duration) -> String {
    match age.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use hotpatch_abi::manifest::PatchId;

    use super::*;

    #[test]
    fn every_generation_with_what_made_it() {
        let generation = |number, origin, functions: &[&str]| GenerationStatus {
            number,
            origin,
            head: None,
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
            since: 1000 * number,
        };
        let history = History {
            generations: vec![
                generation(0, Origin::Built, &[]),
                generation(5, Origin::Patch(PatchId(10)), &["a", "b"]),
                generation(6, Origin::RollBack(5), &[]),
                generation(7, Origin::RollBack(6), &["a"]),
            ],
            left_out: 1,
        };
        let expected = "process 7: /t/game\n  0: the program as built\n  1 generation that can be gone to as well\n  \
                        5: patch 000000000000000a, 3 min ago, 2 functions: a, b\n  6: rolled back to 5, 3 min ago, no \
                        function switched\n* 7: rolled back to 6, the code of 5, 3 min ago, 1 function: a\n";
        let now = UNIX_EPOCH + Duration::from_secs(200);
        assert_eq!(text(7, "/t/game", &history, now), expected);
    }

    #[test]
    fn ages_are_round() {
        let ages = [0, 119, 120, 7199, 7200, 172_800].map(|seconds| ago(Duration::from_secs(seconds)));
        assert_eq!(ages, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }
}
