//! How much a module in the sandbox may take.

use std::collections::HashMap;
use std::time::Duration;

use super::image::Ceiling;

/// How much a module in the sandbox may take. Each entry of the sandbox gets time and fuel anew: a call, a hook, and the
/// making of an instance with the code that the module runs at its start.
///
/// ```
/// use hotpatch_module::Limits;
/// use std::time::Duration;
///
/// let small = Limits::new().memory(1 << 20).time(Duration::from_millis(50));
/// assert_ne!(small, Limits::new());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(super) memory: u64,
    pub(super) table_elements: u64,
    pub(super) fuel: u64,
    pub(super) time: Duration,
    pub(super) stack: usize,
    pub(super) output: usize,
    pub(super) file: usize,
}

impl Limits {
    /// 64 MiB of memory, 10,000 elements of the table, fuel for 1,000,000,000 instructions, 2 s, 512 KiB of stack, 16 MiB of
    /// output, files of 32 MiB.
    pub const fn new() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 10_000,
            fuel: 1_000_000_000,
            time: Duration::from_secs(2),
            stack: 512 << 10,
            output: 16 << 20,
            file: 32 << 20,
        }
    }

    /// The size of the memory in bytes, at most 4 GiB. What lies in it for a call, input and output, counts.
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// The number of elements of each table.
    pub const fn table_elements(mut self, elements: u64) -> Self {
        self.table_elements = elements;
        self
    }

    /// The fuel of an entry. An instruction takes about one unit, whatever machine it runs on.
    pub const fn fuel(mut self, units: u64) -> Self {
        self.fuel = units;
        self
    }

    /// The time of an entry, by the clock on the wall, in steps of 10 ms that are rounded up. A call that waits for another
    /// one waits no longer than this either.
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// The stack of an entry in bytes, at least 16 KiB. It is part of the stack of the thread that calls: a call is refused
    /// on a thread that has less left.
    pub const fn stack(mut self, bytes: usize) -> Self {
        self.stack = if bytes < LEAST_STACK { LEAST_STACK } else { bytes };
        self
    }

    /// The bytes of all items that one call gives back.
    pub const fn output(mut self, bytes: usize) -> Self {
        self.output = bytes;
        self
    }

    /// The size of the file in bytes. It decides how long the compilation can take, which nothing interrupts.
    pub const fn file(mut self, bytes: usize) -> Self {
        self.file = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// Less than any code runs in.
const LEAST_STACK: usize = 16 << 10;

/// The limits of the modules of a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitsByName {
    all: Limits,
    named: HashMap<String, Limits>,
}

impl LimitsByName {
    /// Sets the limits of all modules that have none of their own.
    pub(crate) fn set_all(&mut self, limits: Limits) {
        self.all = limits;
    }

    /// Sets the limits of the module of that name.
    pub(crate) fn set(&mut self, name: &str, limits: Limits) {
        self.named.insert(name.into(), limits);
    }

    /// The limits of the module of that name.
    pub(super) fn of(&self, name: &str) -> Limits {
        *self.named.get(name).unwrap_or(&self.all)
    }

    /// The most that any module may have: what is refused before the name is known.
    pub(super) fn ceiling(&self) -> Ceiling {
        let most = |of: fn(&Limits) -> u64| self.named.values().map(of).fold(of(&self.all), u64::max);
        Ceiling {
            memory: most(|limits| limits.memory),
            table: most(|limits| limits.table_elements),
        }
    }

    /// The largest file that any module may be.
    pub(super) fn largest_file(&self) -> usize {
        self.named
            .values()
            .map(|limits| limits.file)
            .fold(self.all.file, usize::max)
    }
}
