//! The differences between two states of a settings file, in words that name both sides.

use toml::{Table, Value};

/// The longest value that is shown.
const LONGEST: usize = 60;

/// The differences between two manifests or configurations, in the order of their keys.
pub(super) fn of_settings(before: &Table, after: &Table) -> Vec<String> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), before, after, &mut found);
    found
}

/// The differences between the packages of two lock files.
pub(super) fn of_locks(before: &Table, after: &Table) -> Vec<String> {
    let changed = changed(before, after);
    let words = changed.map(|(name, before, after)| {
        let versions = |packages: Option<&Value>| {
            let packages = packages.and_then(Value::as_table);
            let versions = packages.map(|packages| packages.keys().map(String::as_str).collect::<Vec<_>>());
            versions.map(|versions| versions.join(" and "))
        };
        match (versions(before), versions(after)) {
            (None, Some(new)) => format!("`{name}` {new} is new"),
            (Some(old), None) => format!("`{name}` {old} is gone"),
            (Some(old), Some(new)) if old != new => format!("`{name}` {old} -> {new}"),
            _ => format!("the source or the dependencies of `{name}` changed"),
        }
    });
    words.collect()
}

/// The keys whose values differ, with both values.
fn changed<'a>(
    before: &'a Table,
    after: &'a Table,
) -> impl Iterator<Item = (&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let new = after.keys().filter(|key| !before.contains_key(*key));
    let all = before.keys().chain(new);
    let both = all.map(|key| (key.as_str(), before.get(key), after.get(key)));
    both.filter(|(_, before, after)| before != after)
}

fn compare<'a>(path: &mut Vec<&'a str>, before: &'a Table, after: &'a Table, found: &mut Vec<String>) {
    static NOTHING: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
    for (key, before, after) in changed(before, after) {
        path.push(key);
        let is_table = |value: Option<&Value>| value.is_none_or(Value::is_table);
        if let Some(name) = dependency(path) {
            found.extend(of_dependency(name, before, after));
        } else if is_table(before) && is_table(after) {
            let table = |value: Option<&'a Value>| value.and_then(Value::as_table).unwrap_or(&NOTHING);
            let (old, new) = (table(before), table(after));
            if old.is_empty() && new.is_empty() {
                // Its mere presence may say something, as that of `[workspace]` does.
                let what = if before.is_none() { "is new" } else { "is gone" };
                found.push(format!("`{}` {what}", path.join(".")));
            }
            compare(path, old, new, found);
        } else {
            found.extend(of_value(path, before, after));
        }
        path.pop();
    }
}

/// The name of the dependency that a path ends with.
fn dependency<'a>(path: &[&'a str]) -> Option<&'a str> {
    let (name, tables) = path.split_last()?;
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    tables
        .last()
        .is_some_and(|table| kinds.contains(table))
        .then_some(name)
}

fn of_dependency(name: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let (before, after) = match (before, after) {
        (None, _) => return vec![format!("dependency `{name}` is new")],
        (_, None) => return vec![format!("dependency `{name}` is gone")],
        (Some(before), Some(after)) => (before, after),
    };
    // A version alone is short for a table with nothing else.
    let table = |value: &Value| match value {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let (before, after) = (table(before), table(after));
    let words = changed(&before, &after).flat_map(|(key, before, after)| match key {
        "features" => elements(before, after, &format!("the features of dependency `{name}`")),
        key => vec![sides(&format!("`{key}` of dependency `{name}`"), before, after)],
    });
    words.collect()
}

fn of_value(path: &[&str], before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    match path {
        ["features", feature] => match (before, after) {
            (None, _) => vec![format!("feature `{feature}` is new")],
            (_, None) => vec![format!("feature `{feature}` is gone")],
            _ => elements(before, after, &format!("feature `{feature}`")),
        },
        ["profile", profile, keys @ ..] => {
            vec![sides(
                &format!("`{}` of profile `{profile}`", keys.join(".")),
                before,
                after,
            )]
        }
        // The values of variables may be secrets.
        ["env", name, ..] => vec![format!("variable `{name}` of `env` changed")],
        ["workspace", "members" | "exclude" | "default-members"] => {
            elements(before, after, &format!("`{}`", path.join(".")))
        }
        _ => vec![sides(&format!("`{}`", path.join(".")), before, after)],
    }
}

/// What was added to a list and removed from it. Where that is nothing, the order changed.
fn elements(before: Option<&Value>, after: Option<&Value>, list: &str) -> Vec<String> {
    let all = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (all(before), all(after));
    let added = after.iter().filter(|value| !before.contains(value));
    let removed = before.iter().filter(|value| !after.contains(value));
    let words: Vec<_> = added
        .map(|value| format!("{} was added to {list}", shown(Some(value))))
        .chain(removed.map(|value| format!("{} was removed from {list}", shown(Some(value)))))
        .collect();
    if words.is_empty() {
        vec![format!("{list} changed")]
    } else {
        words
    }
}

fn sides(what: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let is_list_of_tables = |value: Option<&Value>| {
        let list = value.and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(Value::is_table))
    };
    if is_list_of_tables(before) || is_list_of_tables(after) {
        return format!("{what} changed");
    }
    format!("{what}: {} -> {}", shown(before), shown(after))
}

/// A value as a reader expects it: strings in backticks, lists of them joined.
fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None => return "unset".into(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Array(values)) => {
            let values: Vec<_> = values
                .iter()
                .map(|value| value.as_str().map_or(value.to_string(), Into::into))
                .collect();
            format!("`{}`", values.join(" "))
        }
        Some(value) => value.to_string(),
    };
    if text.chars().count() > LONGEST {
        text.chars().take(LONGEST).chain("…".chars()).collect()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, expected: &[&str]) {
        let found = of_settings(&before.parse().unwrap(), &after.parse().unwrap());
        assert_eq!(found, expected);
    }

    #[test]
    fn features() {
        let before = "[features]\ndefault = ['sound']\nfast = []";
        check(
            before,
            "[features]\ndefault = ['sound', 'fast']\nfast = []",
            &["`fast` was added to feature `default`"],
        );
        check(
            before,
            "[features]\ndefault = ['sound']",
            &["feature `fast` is gone"],
        );
        check("", before, &["feature `default` is new", "feature `fast` is new"]);
    }

    #[test]
    fn dependencies() {
        let before = "[dependencies]\nrand = '0.8'";
        check("", before, &["dependency `rand` is new"]);
        check(before, "", &["dependency `rand` is gone"]);
        check(
            before,
            "[dependencies]\nrand = { version = '0.9', features = ['std'] }",
            &[
                "`version` of dependency `rand`: `0.8` -> `0.9`",
                "`std` was added to the features of dependency `rand`",
            ],
        );
        check(
            "",
            "[target.'cfg(unix)'.dependencies.libc]\nversion = '0.2'",
            &["dependency `libc` is new"],
        );
    }

    #[test]
    fn profiles_and_other_values() {
        check(
            "",
            "[profile.dev]\nopt-level = 1\npackage.x.debug = true",
            &[
                "`opt-level` of profile `dev`: unset -> 1",
                "`package.x.debug` of profile `dev`: unset -> true",
            ],
        );
        check(
            "package.edition = '2021'",
            "package.edition = '2024'",
            &["`package.edition`: `2021` -> `2024`"],
        );
        check(
            "build.rustflags = ['-g']",
            "build.rustflags = ['-O', '-g']",
            &["`build.rustflags`: `-g` -> `-O -g`"],
        );
        check("", "[workspace]", &["`workspace` is new"]);
        check(
            "env.KEY = 'old'",
            "env.KEY = 'new'",
            &["variable `KEY` of `env` changed"],
        );
        check(
            "workspace.members = ['a']",
            "workspace.members = ['a', 'b']",
            &["`b` was added to `workspace.members`"],
        );
    }

    #[test]
    fn packages_of_a_lock_file() {
        let before = "rand.'0.8.5' = { checksum = 'a' }\nold.'1.0.0' = {}\nmoved.'1.0.0' = { source = 'x' }";
        let after = "rand.'0.9.0' = { checksum = 'b' }\nnew.'2.0.0' = {}\nmoved.'1.0.0' = { source = 'y' }";
        let mut found = of_locks(&before.parse().unwrap(), &after.parse().unwrap());
        found.sort();
        let expected = [
            "`new` 2.0.0 is new",
            "`old` 1.0.0 is gone",
            "`rand` 0.8.5 -> 0.9.0",
            "the source or the dependencies of `moved` changed",
        ];
        assert_eq!(found, expected);
    }
}
