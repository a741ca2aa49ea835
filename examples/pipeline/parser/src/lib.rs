//! The stage `parser`: numbers, `x`, the four operators with their precedence, and parentheses.
#![forbid(unsafe_code)]

use hotpatch_module::export_module;
use pipeline_stages::{Kind, Node, Parser, Version};

#[derive(Default)]
struct Descent;

impl Parser for Descent {
    fn version(&self) -> Version {
        Version { major: 1, minor: 0 }
    }

    fn parse(&self, text: &str) -> Result<Vec<Node>, String> {
        let mut reader = Reader {
            rest: text.trim_start(),
            nodes: Vec::new(),
            depth: 0,
        };
        reader.sum()?;
        if reader.rest.is_empty() {
            Ok(reader.nodes)
        } else {
            Err(format!("did not expect `{}`", reader.rest))
        }
    }
}

export_module! {
    name: "parser",
    contract: Parser => Descent,
}

struct Reader<'a> {
    rest: &'a str,
    nodes: Vec<Node>,
    depth: u32,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<u32, String> {
        let mut left = self.product()?;
        while let Some(kind) = self.operator(&[('+', Kind::Add), ('-', Kind::Subtract)]) {
            let right = self.product()?;
            left = self.node(kind, 0.0, left, right);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<u32, String> {
        let mut left = self.operand()?;
        while let Some(kind) = self.operator(&[('*', Kind::Multiply), ('/', Kind::Divide)]) {
            let right = self.operand()?;
            left = self.node(kind, 0.0, left, right);
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<u32, String> {
        if self.skip('x') {
            return Ok(self.node(Kind::Variable, 0.0, 0, 0));
        }
        if self.skip('(') {
            self.depth += 1;
            if self.depth > 100 {
                return Err("too many parentheses in each other".into());
            }
            let inner = self.sum()?;
            self.depth -= 1;
            return if self.skip(')') {
                Ok(inner)
            } else {
                Err("a parenthesis is not closed".into())
            };
        }
        let digits = |char: char| char.is_ascii_digit() || char == '.';
        let end = self.rest.find(|char| !digits(char)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        let parsed = number.parse();
        let number = parsed.map_err(|_| format!("expected a number, not `{}`", self.rest))?;
        self.rest = rest.trim_start();
        Ok(self.node(Kind::Number, number, 0, 0))
    }

    fn operator(&mut self, operators: &[(char, Kind)]) -> Option<Kind> {
        let found = operators.iter().find(|(char, _)| self.skip(*char));
        found.map(|(_, kind)| *kind)
    }

    fn skip(&mut self, char: char) -> bool {
        let rest = self.rest.strip_prefix(char);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn node(&mut self, kind: Kind, number: f64, left: u32, right: u32) -> u32 {
        self.nodes.push(Node {
            kind,
            number,
            left,
            right,
        });
        self.nodes.len() as u32 - 1
    }
}
