//! The text of a source file, and the blocks that enclose a place in it.
//!
//! An attribute sees its function and nothing around it. The file is at hand, though, and finding the blocks around a
//! position needs no parser: only a scan that knows where comments and literals end. It runs once per file.

use std::ops::Range;

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    text: String,
    lines: Vec<usize>,
    blocks: Vec<Block>,
}

/// Something in brackets of any kind.
#[derive(Debug)]
struct Block {
    inside: Range<usize>,
    /// The block around it.
    parent: Option<usize>,
    /// Where the statement, item or expression begins that the block belongs to.
    header: usize,
}

/// What stands in front of a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// From the beginning of the statement, item or expression.
    pub(crate) text: &'a str,
    /// The bracket that opens the block.
    pub(crate) bracket: char,
}

impl Source {
    pub(crate) fn new(text: String) -> Self {
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let blocks = Scan::new(&text).run();
        Self { text, lines, blocks }
    }

    /// The text from a position on; lines and columns (in characters) count from one.
    pub(crate) fn text_at(&self, line: usize, column: usize) -> Option<&str> {
        let line = &self.text[*self.lines.get(line.checked_sub(1)?)?..];
        // A byte order mark is not part of the first line.
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let (at, _) = line.char_indices().nth(column.checked_sub(1)?)?;
        Some(&line[at..])
    }

    /// The headers of the blocks around a text that [`text_at`](Self::text_at) gave, outermost first.
    pub(crate) fn headers_around(&self, text: &str) -> Vec<Header<'_>> {
        let at = self.text.len() - text.len();
        let before = self.blocks.partition_point(|block| block.inside.start <= at);
        let around = |index: &usize| self.blocks[*index].parent;
        let mut headers: Vec<_> = std::iter::successors(before.checked_sub(1), around)
            .map(|index| &self.blocks[index])
            .filter(|block| block.inside.contains(&at))
            .map(|block| Header {
                text: &self.text[block.header..block.inside.start - 1],
                bracket: char::from(self.text.as_bytes()[block.inside.start - 1]),
            })
            .collect();
        headers.reverse();
        headers
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The blocks found so far, in the order of their beginnings.
    blocks: Vec<Block>,
    /// The open ones among them.
    open: Vec<usize>,
    /// Where the current statement begins.
    header: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            blocks: Vec::new(),
            open: Vec::new(),
            header: 0,
        }
    }

    fn run(mut self) -> Vec<Block> {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'/' if self.byte(self.at + 1) == Some(b'/') => self.skip_comment(self.after("\n")),
                b'/' if self.byte(self.at + 1) == Some(b'*') => self.skip_comment(self.after_block_comment()),
                b'"' => self.at = self.after_string(),
                b'\'' => self.at = self.after_quote(),
                b'{' | b'(' | b'[' => self.begin(),
                b'}' | b')' | b']' => self.end(byte),
                b';' => {
                    self.at += 1;
                    self.header = self.at;
                }
                _ => self.at += 1,
            }
        }
        self.blocks
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn begin(&mut self) {
        self.at += 1;
        let inside = self.at..self.text.len();
        let parent = self.open.last().copied();
        self.open.push(self.blocks.len());
        self.blocks.push(Block {
            inside,
            parent,
            header: self.header,
        });
        self.header = self.at;
    }

    fn end(&mut self, bracket: u8) {
        if let Some(index) = self.open.pop() {
            let block = &mut self.blocks[index];
            block.inside.end = self.at;
            let ends_statement =
                bracket == b'}' || self.text[block.header..block.inside.start].trim() == "#![";
            self.header = if ends_statement { self.at + 1 } else { block.header };
        }
        self.at += 1;
    }

    /// A comment in front of a statement is no part of it.
    fn skip_comment(&mut self, end: usize) {
        if self.text[self.header..self.at].trim().is_empty() {
            self.header = end;
        }
        self.at = end;
    }

    fn after(&self, end: &str) -> usize {
        self.text[self.at..]
            .find(end)
            .map_or(self.text.len(), |length| self.at + length + end.len())
    }

    fn after_block_comment(&self) -> usize {
        let mut depth = 0;
        let mut at = self.at;
        while let Some(pair) = self.text.as_bytes().get(at..at + 2) {
            match pair {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
            if depth == 0 {
                return at;
            }
        }
        self.text.len()
    }

    fn after_string(&self) -> usize {
        let before = self.text[..self.at].trim_end_matches('#');
        if !ends_in_raw_prefix(before) {
            return self.after_escaped(self.at + 1, b'"');
        }
        let end = format!("\"{}", &self.text[before.len()..self.at]);
        let content = self.at + 1;
        self.text[content..]
            .find(&end)
            .map_or(self.text.len(), |length| content + length + end.len())
    }

    /// Behind a character literal, or behind the quote of a lifetime.
    fn after_quote(&self) -> usize {
        let content = self.at + 1;
        match self.text[content..].chars().next() {
            Some('\\') => self.after_escaped(content, b'\''),
            Some(char) if self.byte(content + char.len_utf8()) == Some(b'\'') => {
                content + char.len_utf8() + 1
            }
            _ => content,
        }
    }

    fn after_escaped(&self, content: usize, quote: u8) -> usize {
        let mut at = content;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\\' => at += 2,
                _ if byte == quote => return at + 1,
                _ => at += 1,
            }
        }
        self.text.len()
    }
}

/// Whether a quote behind this text opens a raw string.
fn ends_in_raw_prefix(text: &str) -> bool {
    let Some(rest) = text.strip_suffix('r') else {
        return false;
    };
    let rest = rest.strip_suffix(['b', 'c']).unwrap_or(rest);
    !rest.ends_with(|char: char| char == '_' || char.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{Header, Source};

    /// The headers around the mark `@`.
    fn check(text: &str, expect: &[(&str, char)]) {
        let source = Source::new(text.into());
        let line = text.split('@').next().unwrap().matches('\n').count();
        let column = text
            .lines()
            .nth(line)
            .unwrap()
            .chars()
            .position(|char| char == '@')
            .unwrap();
        let at = source.text_at(line + 1, column + 1).unwrap();
        let headers: Vec<_> = source
            .headers_around(at)
            .into_iter()
            .map(|Header { text, bracket }| (text.trim(), bracket))
            .collect();
        assert_eq!(headers, expect, "{text}");
    }

    #[test]
    fn a_header_is_the_statement_in_front_of_the_bracket() {
        check(
            "mod a; mod b { fn c() {} impl D { @ } }",
            &[("mod b", '{'), ("impl D", '{')],
        );
        check(
            "fn a() { let b = c([@]); }",
            &[("fn a()", '{'), ("let b = c", '('), ("", '[')],
        );
        check(
            "#[a(b)] impl<'c> D<'c> for [u8; 2] { @ }",
            &[("#[a(b)] impl<'c> D<'c> for [u8; 2]", '{')],
        );
        check("a! { b } @", &[]);
    }

    #[test]
    fn comments_and_inner_attributes_in_front_do_not_count() {
        check(
            "//! a\n#![b]\n// {\n/* /* { */ } */ mod c { @ }",
            &[("mod c", '{')],
        );
        check("mod a /* b */ { @ }", &[("mod a /* b */", '{')]);
    }

    #[test]
    fn literals_hide_their_brackets() {
        check(r##"const A: &str = "\"{"; mod a { @ }"##, &[("mod a", '{')]);
        check(r##"const A: &str = br#"\"{"#; mod a { @ }"##, &[("mod a", '{')]);
        check(r##"const A: &str = r"\"; mod a { @ }"##, &[("mod a", '{')]);
        check(
            r##"const A: [char; 4] = ['{', '\'', 'ü', '"']; mod a { @ }"##,
            &[("mod a", '{')],
        );
        check(
            "impl<'a> B<'a> { const C: u8 = b'{'; @ }",
            &[("impl<'a> B<'a>", '{')],
        );
    }

    #[test]
    fn columns_count_characters() {
        check("\r\nmod a { /* äöü€𝄞 */ @ }", &[("mod a", '{')]);
    }

    #[test]
    fn broken_sources_have_an_end() {
        for text in ["\"", "'", "'\\", "r#\"", "/*", "/* *", "}", "(", "//", "\"\\"] {
            assert_eq!(Source::new(text.into()).text_at(2, 1), None);
        }
    }
}
