//! The machine of a measurement.

use std::fs;
use std::process::Command;

/// What a reader needs to judge the figures.
pub(crate) struct Machine {
    /// The processor, how many, and the kernel.
    pub(crate) hardware: String,
    pub(crate) compiler: String,
    /// The day, and the load of the minute before.
    pub(crate) moment: String,
}

pub(crate) fn describe() -> Machine {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = output("uname", &["-sr"]);
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    let load = load.split(' ').next().unwrap_or_default();
    Machine {
        hardware: format!("{count} x {model}, {kernel}"),
        compiler: output("rustc", &["--version"]),
        moment: format!(
            "{}, load {load} before the start",
            output("date", &["-u", "+%Y-%m-%d"])
        ),
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("`{program}`: {error}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
