//! Why a function that changed stays as it was, in words.

use std::fmt;

/// A function that an edit changed and that stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// The path, as its author writes it.
    pub function: String,
    /// Why it stays as it was.
    pub reason: Reason,
}

/// Why a function stays as it was: how the program comes to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is the `main` of the program.
    Entered,
    /// Nothing calls it.
    Uncalled {
        /// By way of functions that nothing calls either.
        way: Way,
    },
    /// The program calls it on the way from here.
    Reached {
        /// The last part of the way.
        way: Way,
        /// Where the way begins: `main`, and maybe statics that hold addresses of functions.
        from: Vec<String>,
        /// Whether `from` calls the functions of the way, with none in between.
        directly: bool,
    },
    /// Only statics hold its address, or that of something that calls it.
    Static {
        /// The last part of the way.
        way: Way,
        /// The statics.
        names: Vec<String>,
    },
    /// A loop calls it whose function is entered once.
    Loop {
        /// The last part of the way.
        way: Way,
        /// The function with the loop.
        of: String,
        /// Whether the loop also calls hot functions: it is where the program lives.
        running: bool,
        /// What runs the loop, and who started it; the thread of `main` if nothing is said.
        started: Option<(Started, String)>,
        /// What the loop calls in each round on the way to the function, if it can become a hot function.
        calls: Option<String>,
    },
    /// A thread calls it.
    Thread {
        /// The last part of the way.
        way: Way,
        /// Who started the thread.
        by: Vec<String>,
    },
    /// A task of an executor or a pool calls it.
    Task {
        /// The last part of the way.
        way: Way,
        /// Who started the task.
        by: Vec<String>,
    },
    /// It is called through an address that was taken before.
    Address {
        /// The last part of the way.
        way: Way,
        /// What holds the address.
        holder: Holder,
        /// Who took the address.
        by: Vec<String>,
    },
}

/// What was started to run a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// A thread.
    Thread,
    /// A task of an executor or a pool.
    Task,
}

/// The callers of a function that are no part of the rest of a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Their paths.
    pub by: Vec<String>,
    /// Whether the function is a part of their code.
    pub inlined: bool,
}

/// What holds the address of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Objects behind a trait.
    Objects,
    /// Closures behind a `dyn Fn`.
    Closures,
    /// Function pointers.
    Pointers,
}

impl Way {
    /// `only called from …`, or by way of the callers.
    fn called(&self, direct: &str, through: &str) -> String {
        match (self.by.is_empty(), self.inlined) {
            (true, _) => format!("only called {direct}"),
            (false, true) => format!("{}, which {} only called {direct}", self.text(), self.is_or_are()),
            (false, false) => format!("{}, {through}", self.text()),
        }
    }

    /// `only called by …` or `inlined into …`
    fn text(&self) -> String {
        let how = if self.inlined {
            "inlined into"
        } else {
            "only called by"
        };
        format!("{how} {}", named(&self.by))
    }

    fn is_or_are(&self) -> &'static str {
        if self.by.len() == 1 { "is" } else { "are" }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Reason {
    fn text(&self) -> String {
        match self {
            Self::Entered => "it was called when the program started, and is not called again".to_owned(),
            Self::Uncalled { way } if way.by.is_empty() => "nothing calls it".to_owned(),
            Self::Uncalled { way } => format!("{}, which nothing calls", way.text()),
            Self::Reached { way, from, directly } => reached(way, &named(from), *directly),
            Self::Static { way, names } => {
                let (holder, keeps) = match names.len() {
                    1 => ("static", "keeps its value"),
                    _ => ("statics", "keep their values"),
                };
                let through = format!("through the {holder} {}", named(names));
                way.called(&format!("{through}, which {keeps}"), &through)
            }
            Self::Loop {
                way,
                of,
                running,
                started,
                ..
            } => looped(way, of, *running, started.as_ref()),
            Self::Thread { way, by } => {
                let thread = format!("the thread that {} started", named(by));
                way.called(&format!("from {thread}"), &format!("on {thread}"))
            }
            Self::Task { way, by } => {
                let task = format!("a task that {} started", named(by));
                way.called(&format!("from {task}"), &format!("in {task}"))
            }
            Self::Address { way, holder, by } => {
                let through = format!("through {} that {} made", holder.text(), named(by));
                way.called(&format!("{through}, which keep the old code"), &through)
            }
        }
    }
}

fn reached(way: &Way, from: &str, directly: bool) -> String {
    match (way.by.is_empty(), directly) {
        (true, _) if way.inlined => format!("inlined into {from}, which runs once"),
        (true, _) => format!("only called by {from}, which runs once"),
        (false, true) => format!("{}, which only {from} calls", way.text()),
        (false, false) => format!(
            "{}, which {} only reached from {from}",
            way.text(),
            way.is_or_are()
        ),
    }
}

fn looped(way: &Way, of: &str, running: bool, started: Option<&(Started, String)>) -> String {
    let state = match (started, running) {
        (Some((Started::Thread, by)), _) => format!("on the thread that `{by}` started"),
        (Some((Started::Task, by)), _) => format!("in a task that `{by}` started"),
        (None, true) => "which is running".to_owned(),
        (None, false) => "which is not entered again".to_owned(),
    };
    let place = format!("the loop in `{of}`, {state}");
    if way.by.is_empty() && way.inlined {
        return format!("inlined into {place}");
    }
    way.called(&format!("from {place}"), &format!("from {place}"))
}

impl Holder {
    fn text(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Closures => "closures",
            Self::Pointers => "function pointers",
        }
    }
}

/// `` `a`, `b` and 3 more ``
fn named(paths: &[String]) -> String {
    const SHOWN: usize = 2;
    let quoted: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [first @ .., _] => format!("{} and {} more", first[..SHOWN].join(", "), quoted.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_callers_are_cut() {
        let paths = |count: usize| (0..count).map(|n| format!("f{n}")).collect::<Vec<_>>();
        assert_eq!(named(&paths(1)), "`f0`");
        assert_eq!(named(&paths(2)), "`f0` and `f1`");
        assert_eq!(named(&paths(5)), "`f0`, `f1` and 3 more");
    }
}
