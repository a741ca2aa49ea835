//! What a harness printed about its tests, in any of its formats for people.

use std::collections::BTreeSet;

/// The results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) passed: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) ignored: Vec<String>,
}

impl Results {
    /// Reads the output of a run of `tests`; `ignored` are those that the run leaves out.
    ///
    /// Where the harness did not come to its end, only what it called ok has passed.
    pub(crate) fn read(output: &str, tests: &BTreeSet<String>, ignored: &BTreeSet<String>) -> Self {
        let output = anstream::adapter::strip_str(output).to_string();
        let finished = output.lines().any(|line| line.starts_with("test result: "));
        let named_ok: BTreeSet<&str> = output.lines().filter_map(|line| ended(line, "ok")).collect();
        let mut failed: BTreeSet<&str> = output.lines().filter_map(|line| ended(line, "FAILED")).collect();
        failed.extend(last_failures(&output));
        let mut results = Self::default();
        for test in tests {
            let list = if failed.contains(test.as_str()) {
                &mut results.failed
            } else if ignored.contains(test) {
                &mut results.ignored
            } else if finished || named_ok.contains(test.as_str()) {
                &mut results.passed
            } else {
                &mut results.failed
            };
            list.push(test.clone());
        }
        results
    }
}

/// The test of a line `test <name> ... <end>`.
fn ended<'a>(line: &'a str, end: &str) -> Option<&'a str> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    // After the result may stand the time that it took.
    let is_end = rest.strip_prefix(end)?.trim_start();
    (is_end.is_empty() || is_end.starts_with('<'))
        .then(|| name.strip_suffix(" - should panic").unwrap_or(name))
}

/// The names in the last list of failures.
fn last_failures(output: &str) -> impl Iterator<Item = &str> {
    let list = output.rsplit_once("\nfailures:\n").map_or("", |(_, list)| list);
    list.lines().map_while(|line| line.strip_prefix("    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, passed: &[&str], failed: &[&str], ignored: &[&str]) {
        let set = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let results = Results::read(output, &set(&["a", "b", "c", "d"]), &set(&["d"]));
        assert_eq!(results.passed, passed);
        assert_eq!(results.failed, failed);
        assert_eq!(results.ignored, ignored);
    }

    const END: &str = "\nfailures:\n\n---- b stdout ----\nno\n\n\nfailures:\n    b\n\ntest result: FAILED. 2 passed; 1 failed";

    #[test]
    fn long_and_short_output_say_the_same() {
        let long = format!(
            "test a ... ok\ntest c - should panic ... ok\ntest b ... FAILED\ntest d ... ignored\n{END}"
        );
        check(&long, &["a", "c"], &["b"], &["d"]);
        check(&format!("..F.\n{END}"), &["a", "c"], &["b"], &["d"]);
    }

    #[test]
    fn a_harness_that_died_leaves_failures() {
        check("test a ... ok\ntest b ... ", &["a"], &["b", "c"], &["d"]);
    }
}
