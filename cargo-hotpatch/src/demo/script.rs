//! The script: the edits of the demo, and what must come of each.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::program::Program;
use super::project::Project;
use super::timeline::Timeline;
use crate::refusal::Exit;
use crate::terminal::Terminal;

const BUILD: Duration = Duration::from_secs(600);
const EDIT: Duration = Duration::from_secs(60);

/// An edit of one file.
struct Step {
    says: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    outcome: Outcome,
}

enum Outcome {
    /// The new code runs, and prints this.
    Applied(&'static str),
    /// rustc refuses it, and the program goes on printing this.
    BuildFailed(&'static str),
}

const STEPS: [Step; 4] = [
    Step {
        says: "a body: the balloon gets a colour",
        file: "src/main.rs",
        from: "the balloon is",
        to: "the red balloon is",
        outcome: Outcome::Applied("the red balloon is"),
    },
    Step {
        says: "a library function: wind of 100 m per tick",
        file: "sky/src/lib.rs",
        from: "    1\n",
        to: "    100\n",
        outcome: Outcome::Applied("red balloon is 1"),
    },
    Step {
        says: "a mistake: a word where a number belongs",
        file: "sky/src/lib.rs",
        from: "    100\n",
        to: "    \"a storm\"\n",
        outcome: Outcome::BuildFailed("red balloon is"),
    },
    Step {
        says: "its fix: wind of 10,000 m per tick",
        file: "sky/src/lib.rs",
        from: "    \"a storm\"\n",
        to: "    10_000\n",
        outcome: Outcome::Applied("red balloon is 1"),
    },
];

/// Plays the demo. The exit code is 0 only if everything happened as it should.
pub(crate) fn run(keep: bool) -> Result<ExitCode> {
    let project = Project::new()?;
    let played = play(&project);
    if keep {
        Terminal::new().status("Kept", format_args!("`{}`", project.keep().display()));
    }
    played.map(|()| ExitCode::SUCCESS)
}

fn play(project: &Project) -> Result<()> {
    let timeline = Timeline::new();
    timeline.step("cargo hotpatch run (builds the program first)");
    let mut program = Program::start(project.path())?;
    program.event("process-attached", &timeline, BUILD)?;
    program.output("the balloon is", &timeline, EDIT)?;
    for step in &STEPS {
        play_step(step, project, &mut program, &timeline)?;
    }
    timeline.step("edit: the last one makes the program end by itself");
    project.edit("src/main.rs", "    true\n", "    false\n")?;
    program.event("applied", &timeline, EDIT)?;
    program.event("process-exited", &timeline, EDIT)?;
    let status = program.end()?;
    ensure!(status.success(), Exit(101));
    timeline.step("the program never stopped, and kept every tick and metre");
    Ok(())
}

fn play_step(step: &Step, project: &Project, program: &mut Program, timeline: &Timeline) -> Result<()> {
    timeline.step(&format!("edit {}", step.says));
    project.edit(step.file, step.from, step.to)?;
    match step.outcome {
        Outcome::Applied(text) => {
            let event = program.event("applied", timeline, EDIT)?;
            let function = event["functions"][0]
                .as_str()
                .context("an event without functions")?;
            let (generation, total) = (
                &event["generation"],
                event["ms"]["total"].as_f64().unwrap_or_default(),
            );
            timeline.step(&format!(
                "  live after {total:.0} ms: {function} (generation {generation})"
            ));
            program.output(text, timeline, EDIT)
        }
        Outcome::BuildFailed(text) => {
            program.event("build-failed", timeline, EDIT)?;
            timeline.step("  rustc says no, the old code runs on");
            program.output(text, timeline, EDIT)
        }
    }
}
