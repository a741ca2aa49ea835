//! A place in the sources.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::rustc_args::UnitKey;

/// A file, and where it is known, a part of one of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file as rustc names it: relative to the folder that the crate is compiled in.
    pub(crate) file: PathBuf,
    /// The crate that it belongs to, if it is one crate.
    pub(crate) unit: Option<UnitKey>,
    /// The part of the file.
    pub(crate) span: Option<Span>,
}

impl Place {
    /// A file as a whole.
    pub(crate) fn of_file(file: PathBuf) -> Self {
        Self {
            file,
            unit: None,
            span: None,
        }
    }
}

/// A part of a line, with the text around it as it was when the place was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    source: Arc<str>,
    bytes: Range<usize>,
}

impl Span {
    /// The part of `source` that `bytes` names, as far as it lies in one line.
    pub(crate) fn new(source: Arc<str>, bytes: Range<usize>) -> Option<Self> {
        let text = source.get(bytes.clone())?;
        let len = text.lines().next().unwrap_or_default().len();
        let bytes = bytes.start..bytes.start + len;
        Some(Self { source, bytes })
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Range<usize> {
        self.bytes.clone()
    }

    /// The number of the line, from 1.
    pub(crate) fn line(&self) -> usize {
        self.source[..self.bytes.start].matches('\n').count() + 1
    }

    /// The first and the last column as rustc counts them: characters, from 1, the last one not included.
    pub(crate) fn columns(&self) -> Range<usize> {
        let line = self.line_start();
        let column = |at: usize| self.source[line..at].chars().count() + 1;
        column(self.bytes.start)..column(self.bytes.end)
    }

    /// The text of the line.
    pub(crate) fn line_text(&self) -> &str {
        self.source[self.line_start()..]
            .lines()
            .next()
            .unwrap_or_default()
    }

    /// The byte that the line begins with.
    pub(crate) fn line_start(&self) -> usize {
        self.source[..self.bytes.start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source: Arc<str> = "// ä\r\n  /* ö */ hp: u16,\r\n".into();
        let at = source.find("hp").unwrap();
        let span = Span::new(source, at..at + 7).unwrap();
        assert_eq!((span.line(), span.columns()), (2, 11..18));
        assert_eq!(span.line_text(), "  /* ö */ hp: u16,");
    }

    #[test]
    fn a_span_ends_with_its_line() {
        let span = Span::new("enum A {\n B\n}\n".into(), 0..13).unwrap();
        assert_eq!((span.line(), span.columns()), (1, 1..9));
    }
}
