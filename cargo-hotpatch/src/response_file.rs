//! Arguments in a file, as rustc and cargo pass them when a command line is too long.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Longer command lines are passed in a file: well below what the kernel takes, arguments and environment together.
const LONG: usize = 100_000;

/// Replaces every `@file` of a link line by the arguments in that file, where a backslash escapes the next byte.
pub(crate) fn expand(args: Vec<OsString>) -> Result<Vec<OsString>> {
    let mut expanded = Vec::with_capacity(args.len());
    for arg in args {
        match arg.to_str().and_then(|arg| arg.strip_prefix('@')) {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
                expanded.extend(unescape(&text).into_iter().map(OsString::from));
            }
            None => expanded.push(arg),
        }
    }
    Ok(expanded)
}

/// Replaces every `@file` of a rustc command line by the lines of that file.
pub(crate) fn expand_lines(args: Vec<String>) -> Result<Vec<String>> {
    let mut expanded = Vec::with_capacity(args.len());
    for arg in args {
        match arg.strip_prefix('@') {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
                expanded.extend(text.lines().map(String::from));
            }
            None => expanded.push(arg),
        }
    }
    Ok(expanded)
}

/// Writes the arguments to `path` when they are too many for a command line; the arguments to use instead.
pub(crate) fn shorten(args: Vec<OsString>, path: &Path) -> io::Result<Vec<OsString>> {
    if args.iter().map(|arg| arg.len() + 1).sum::<usize>() < LONG {
        return Ok(args);
    }
    let mut file = io::BufWriter::new(std::fs::File::create(path)?);
    for arg in args {
        file.write_all(&escape(arg.as_encoded_bytes()))?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    let mut reference = OsString::from("@");
    reference.push(path);
    Ok(vec![reference])
}

fn escape(arg: &[u8]) -> Vec<u8> {
    let escaped = |&byte: &u8| {
        let special = byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'');
        special.then_some(b'\\').into_iter().chain([byte])
    };
    arg.iter().flat_map(escaped).collect()
}

fn unescape(text: &str) -> Vec<String> {
    let mut args = Vec::new();
    let mut arg: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => arg.get_or_insert_default().extend(chars.next()),
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                arg.get_or_insert_default();
            }
            c if c.is_whitespace() && quote.is_none() => args.extend(arg.take()),
            c => arg.get_or_insert_default().push(c),
        }
    }
    args.extend(arg);
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_round_trip() {
        let args = ["a b", "c\\d", "", "\"q\"", "-Wl,-z,now", "line\nbreak"];
        let text: Vec<u8> = args
            .iter()
            .flat_map(|arg| [escape(arg.as_bytes()), b"\n".into()].concat())
            .collect();
        let expected: Vec<_> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        assert_eq!(unescape(std::str::from_utf8(&text).unwrap()), expected);
    }

    #[test]
    fn quoted_arguments_are_read() {
        assert_eq!(unescape("\"a b\" 'c' d\\ e\n"), ["a b", "c", "d e"]);
    }

    #[test]
    fn long_lines_go_to_a_file_and_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let args: Vec<OsString> = (0..20_000)
            .map(|index| format!("object {index}.o").into())
            .collect();
        let short = shorten(args.clone(), &dir.path().join("line")).unwrap();
        assert_eq!(short.len(), 1);
        assert_eq!(expand(short).unwrap(), args);
    }
}
