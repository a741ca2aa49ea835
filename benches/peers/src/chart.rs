//! The chart: what a call costs as multiples of a direct call, and how much of its bar each figure uses.
//!
//! A picture of plain strings that is read on light and on dark ground.

use std::fmt::Write;

use crate::measure::calls::DIRECT;
use crate::measure::figure::Figure;
use crate::report::{Call, Report};

const WIDTH: f64 = 900.0;
/// Where the bars begin, and how long the longest is.
const LEFT: f64 = 430.0;
const LONGEST: f64 = 380.0;
const ROW: f64 = 22.0;
/// How long a bar is that is used up, where longer ones are cut off, and where the figures stand beside them.
const USED_UP: f64 = 190.0;
const CUT_OFF: f64 = 1.25;
const FIGURES: f64 = 250.0;

const STYLE: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 11px; fill: #59636e }
.own { fill: #0969da }
.peer { fill: #8c959f }
.missed { fill: #bc4c00 }
.line { stroke: #59636e; stroke-width: 1; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .own { fill: #4493f8 }
  .peer { fill: #656c76 }
  .missed { fill: #db6d28 }
  .line { stroke: #9198a1 }
}";

struct Picture {
    body: String,
    y: f64,
}

pub(crate) fn draw(report: &Report) -> String {
    let mut picture = Picture {
        body: String::new(),
        y: 0.0,
    };
    picture.calls(report);
    picture.bars(&report.figures);
    picture.y += 8.0;
    for line in report.caption() {
        picture.y += 16.0;
        picture.text(10.0, "small", "start", &line);
    }
    let height = picture.y + 14.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"What calls cost, and how much of its bar each figure uses\">\n<style>\n{STYLE}\n</style>\n{}</svg>\n",
        picture.body
    )
}

impl Picture {
    /// Logarithmic: the slowest peer takes a hundred times as long as the fastest.
    fn calls(&mut self, report: &Report) {
        self.title("One call, as multiples of a direct call (logarithmic; shorter is faster)");
        let direct = report.medians.of(DIRECT);
        let calls = report.calls();
        let ratio = |call: &Call| report.medians.of(call.candidate) / direct;
        let largest = calls.iter().map(ratio).fold(1.0, f64::max);
        let top = self.y;
        for call in &calls {
            let ratio = ratio(call);
            // A direct call has a bar, too.
            let length = LONGEST * (ratio * 1.2).max(1.05).ln() / (largest * 1.2).ln();
            let class = if call.is_own { "own" } else { "peer" };
            self.row(call.name, class, length, length, &format!("{ratio:.1} x"));
        }
        for mark in [1.0_f64, 10.0, 100.0] {
            if mark < largest {
                self.mark(
                    top,
                    LONGEST * (mark * 1.2).ln() / (largest * 1.2).ln(),
                    &format!("{mark} x"),
                );
            }
        }
        self.y += 16.0;
    }

    fn bars(&mut self, figures: &[Figure]) {
        self.title("How much of its bar each figure uses (shorter is better; the line is the bar, longer ones are cut off)");
        let top = self.y;
        for figure in figures {
            let share = figure.share();
            let class = if figure.is_met() { "own" } else { "missed" };
            let value = format!("{} ({})", figure.measured(), figure.bar());
            self.row(figure.short, class, USED_UP * share.min(CUT_OFF), FIGURES, &value);
        }
        self.mark(top, USED_UP, "bar");
        self.y += 16.0;
    }

    fn title(&mut self, text: &str) {
        self.y += 26.0;
        self.text(10.0, "title", "start", text);
        self.y += 14.0;
    }

    fn row(&mut self, name: &str, class: &str, length: f64, value_at: f64, value: &str) {
        let middle = self.y + ROW / 2.0 + 4.5;
        let top = std::mem::replace(&mut self.y, middle);
        self.text(LEFT - 8.0, "name", "end", name);
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{:.1}\" rx=\"2\"/>",
            top + 3.0,
            ROW - 6.0
        );
        self.text(LEFT + value_at + 6.0, "small", "start", value);
        self.y = top + ROW;
    }

    /// A line through all rows since `top`.
    fn mark(&mut self, top: f64, at: f64, name: &str) {
        let x = LEFT + at;
        let bottom = self.y + 2.0;
        let _ = writeln!(
            self.body,
            "<line class=\"line\" x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>"
        );
        let y = std::mem::replace(&mut self.y, bottom + 11.0);
        self.text(x, "small", "middle", name);
        self.y = y;
    }

    fn text(&mut self, x: f64, class: &str, anchor: &str, text: &str) {
        let text = text.replace('`', "").replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
            self.y
        );
    }
}
