//! Why a module in the sandbox was stopped, as text.

use std::fmt::{self, Write};

use wasmtime::{Trap, WasmBacktrace};

use super::limits::Limits;

/// The longest name of a function that is shown, in characters.
const LONGEST_NAME: usize = 120;

/// Something that a module asked the sandbox for, and does not get. It is what stops it.
#[derive(Debug)]
pub(super) enum Denied {
    /// More memory.
    Memory { wanted: usize, limit: u64 },
    /// More elements of a table.
    Table { wanted: usize, limit: u64 },
    /// More output.
    Output { wanted: usize, limit: usize },
    /// Output from a place that is not in its memory.
    OutOfBounds { data: u32, len: u32 },
    /// Output where there is none to be given back.
    NoOutput,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { wanted, limit } => write!(
                f,
                "it asked for {wanted} bytes of memory, and its limit is {limit}: let it have more with `Limits::memory`, or \
                 make it need less"
            ),
            Self::Table { wanted, limit } => write!(
                f,
                "it asked for {wanted} elements in a table, and its limit is {limit}: let it have more with \
                 `Limits::table_elements`, or make it need less"
            ),
            Self::Output { wanted, limit } => write!(
                f,
                "it gave back {wanted} bytes, and its limit is {limit}: let it have more with `Limits::output`, or ask it \
                 for less"
            ),
            Self::OutOfBounds { data, len } => write!(
                f,
                "it gave back {len} bytes at address {data:#x}, which reach beyond its memory: this is an error of the module"
            ),
            Self::NoOutput => write!(
                f,
                "it called `hotpatch.write` in a function that gives back no items, or with a context that is not the one \
                 of its sink: this is an error of the module"
            ),
        }
    }
}

impl std::error::Error for Denied {}

/// Why something did not come to its end.
#[derive(Debug)]
pub(super) struct Stop {
    /// A fragment, for example ``it used up its fuel``.
    pub(super) text: String,
    /// Whether code of the module was interrupted, so that nobody knows what it left in its memory.
    pub(super) interrupted: bool,
}

impl Stop {
    /// Code of the module was interrupted.
    pub(super) fn inside(error: &wasmtime::Error, limits: &Limits) -> Self {
        Self {
            text: describe(error, limits),
            interrupted: true,
        }
    }

    /// No code of the module was interrupted.
    pub(super) fn outside(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            interrupted: false,
        }
    }
}

/// What stopped a module, with the functions that it was in.
fn describe(error: &wasmtime::Error, limits: &Limits) -> String {
    let mut text = reason(error, limits);
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        for (index, frame) in backtrace.frames().iter().enumerate() {
            let name = match frame.func_name() {
                Some(name) => shown(name),
                None => format!("function {}", frame.func_index()),
            };
            let _ = write!(text, "\n  {index:>2}: {name}");
        }
    }
    text
}

fn reason(error: &wasmtime::Error, limits: &Limits) -> String {
    if let Some(denied) = error.downcast_ref::<Denied>() {
        return denied.to_string();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => format!(
            "it used up its fuel, {} units: let it have more with `Limits::fuel`, or find out what it does for so long",
            limits.fuel
        ),
        Some(Trap::Interrupt) => format!(
            "it ran for longer than its limit, {:?}: let it have more with `Limits::time`, or find out what it does for so \
             long",
            limits.time
        ),
        Some(Trap::StackOverflow) => format!(
            "it used up its stack, {} bytes: let it have more with `Limits::stack`, or find out what calls itself",
            limits.stack
        ),
        Some(Trap::UnreachableCodeReached) => {
            "it gave up (`unreachable`), as Rust code does after a panic: this is an error of the module"
                .into()
        }
        Some(trap) => {
            let trap = trap.to_string();
            let trap = trap.strip_prefix("wasm trap: ").unwrap_or(&trap);
            format!("it trapped, {trap}: this is an error of the module")
        }
        None => format!("{}: this is an error of the module", error.root_cause()),
    }
}

/// A name out of the file, fit for a terminal.
fn shown(name: &str) -> String {
    let mut shown = Shown {
        text: String::new(),
        left: LONGEST_NAME,
    };
    let name = rustc_demangle::demangle(name);
    if write!(shown, "{name:#}").is_err() {
        shown.text.push('…');
    }
    shown.text
}

/// Takes so many characters and then no more.
struct Shown {
    text: String,
    left: usize,
}

impl Write for Shown {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(if character.is_control() {
                '\u{fffd}'
            } else {
                character
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_demangled_cut_and_fit_for_a_terminal() {
        assert_eq!(shown("_ZN4shop5quote17h0123456789abcdefE"), "shop::quote");
        assert_eq!(shown("a\x1b[2J"), "a\u{fffd}[2J");
        assert_eq!(shown(&"a".repeat(1000)).chars().count(), LONGEST_NAME + 1);
    }
}
