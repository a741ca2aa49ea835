//! A parsed source file, and which bytes of the file its tokens are.

use std::ops::Range;
use std::sync::Arc;

use proc_macro2::Span;

/// The file.
pub(super) struct SourceFile {
    pub(super) text: Arc<str>,
    pub(super) syntax: syn::File,
    /// What the parser left out in front of the first token.
    skipped: usize,
}

impl SourceFile {
    /// Parses a file. One that cannot be parsed has no items to find.
    pub(super) fn parse(text: Arc<str>) -> Option<Self> {
        let syntax = syn::parse_file(&text).ok()?;
        let mark = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let skipped = mark + syntax.shebang.as_ref().map_or(0, String::len);
        Some(Self {
            text,
            syntax,
            skipped,
        })
    }

    /// The bytes of the file that are the tokens from `first` to `last`.
    pub(super) fn bytes(&self, first: Span, last: Span) -> Range<usize> {
        self.skipped + first.byte_range().start..self.skipped + last.byte_range().end
    }
}

/// Whether a text contains a word as a whole.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_skips_is_counted() {
        for start in [
            "",
            "\u{feff}",
            "#!/usr/bin/env run\n",
            "\u{feff}#!x\n\n",
            "#![allow(unused)]\n",
            "// ä\r\n",
        ] {
            let text = format!("{start}struct Player;");
            let file = SourceFile::parse(text.as_str().into()).unwrap();
            let Some(syn::Item::Struct(item)) = file.syntax.items.first() else {
                panic!("{start:?}")
            };
            let bytes = file.bytes(item.ident.span(), item.ident.span());
            assert_eq!(&text[bytes], "Player", "{start:?}");
        }
    }

    #[test]
    fn only_whole_words_count() {
        assert!(mentions("struct Player;", "Player"));
        assert!(!mentions("struct Players; let MyPlayer;", "Player"));
        assert!(mentions("Players Player", "Player"));
    }
}
