//! The timeline on the screen: what is done on the left, what the program prints on the right.

use std::io::Write;
use std::time::Instant;

use anstyle::{AnsiColor, Style};

const WIDTH: usize = 58;
const PROGRAM: Style = AnsiColor::Cyan.on_default();

/// The timeline.
#[derive(Debug)]
pub(super) struct Timeline {
    start: Instant,
}

impl Timeline {
    /// Starts the clock.
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Something was done, or happened.
    pub(super) fn step(&self, text: &str) {
        self.line(text, "");
    }

    /// The program printed a line.
    pub(super) fn output(&self, line: &str) {
        self.line("", line);
    }

    fn line(&self, left: &str, right: &str) {
        let seconds = self.start.elapsed().as_secs_f32();
        // Whoever closed the output does not want to see more.
        let _ = writeln!(
            anstream::stdout().lock(),
            "{seconds:>7.2} s  {left:<WIDTH$} | {PROGRAM}{right}{PROGRAM:#}"
        );
    }
}
