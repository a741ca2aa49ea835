//! A measured figure and the bar that it must keep.

use std::fmt;

/// What was measured, against its bar.
pub(crate) struct Figure {
    /// A few words, for the chart.
    pub(crate) short: &'static str,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    pub(crate) bar: Bar,
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// A ratio to something that was measured in the same rounds.
    Times,
    Microseconds,
    Nanoseconds,
}

#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn ratio(short: &'static str, what: impl Into<String>, value: f64, bar: Bar) -> Self {
        Self {
            short,
            what: what.into(),
            value,
            unit: Unit::Times,
            bar,
        }
    }

    pub(crate) fn microseconds(
        short: &'static str,
        what: impl Into<String>,
        value: f64,
        at_most: f64,
    ) -> Self {
        Self {
            short,
            what: what.into(),
            value,
            unit: Unit::Microseconds,
            bar: Bar::AtMost(at_most),
        }
    }

    pub(crate) fn nanoseconds(
        short: &'static str,
        what: impl Into<String>,
        value: f64,
        at_most: f64,
    ) -> Self {
        Self {
            short,
            what: what.into(),
            value,
            unit: Unit::Nanoseconds,
            bar: Bar::AtMost(at_most),
        }
    }

    /// How much of its bar it uses; above one, it misses the bar.
    pub(crate) fn share(&self) -> f64 {
        match self.bar {
            Bar::AtMost(bar) => self.value / bar,
            Bar::AtLeast(bar) => bar / self.value,
        }
    }

    pub(crate) fn is_met(&self) -> bool {
        self.share() <= 1.0
    }

    pub(crate) fn measured(&self) -> String {
        self.unit.show(self.value)
    }

    pub(crate) fn bar(&self) -> String {
        match self.bar {
            Bar::AtMost(bar) => format!("at most {}", self.unit.show(bar)),
            Bar::AtLeast(bar) => format!("at least {}", self.unit.show(bar)),
        }
    }

    pub(crate) fn verdict(&self) -> &'static str {
        if self.is_met() { "met" } else { "MISSED" }
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Nanoseconds => format!("{value:.1} ns"),
            Self::Times => format!("{value:.2} x"),
            Self::Microseconds if value >= 1000.0 => format!("{:.2} ms", value / 1000.0),
            Self::Microseconds => format!("{value:.1} us"),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (measured, bar, verdict) = (self.measured(), self.bar(), self.verdict());
        write!(f, "{}: {measured}, bar {bar}: {verdict}", self.what)
    }
}
