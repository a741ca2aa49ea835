//! From tokens to values.

use crate::token::{Token, tokens};
use crate::value::{Failure, Value};

/// Where the parser is. It lives as long as one line.
struct Cursor {
    tokens: Vec<Token>,
    at: usize,
}

impl Cursor {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }
}

/// Reads one value.
pub fn parse(source: &str) -> Result<Value, Failure> {
    let mut cursor = Cursor {
        tokens: tokens(source),
        at: 0,
    };
    let value = value(&mut cursor)?;
    match cursor.next() {
        None => Ok(value),
        Some(_) => Err(Failure::Syntax("too much")),
    }
}

fn value(cursor: &mut Cursor) -> Result<Value, Failure> {
    match cursor.next() {
        None => Err(Failure::Syntax("too little")),
        Some(Token::Number(number)) => Ok(Value::Number(number)),
        Some(Token::Name(name)) => Ok(Value::symbol(&name)),
        Some(Token::Quote) => Ok(Value::list(vec![Value::symbol("quote"), value(cursor)?])),
        Some(Token::Close) => Err(Failure::Syntax("nothing to close")),
        Some(Token::Open) => {
            let mut values = Vec::new();
            loop {
                if cursor.tokens.get(cursor.at) == Some(&Token::Close) {
                    cursor.at += 1;
                    return Ok(Value::list(values));
                }
                values.push(value(cursor)?);
            }
        }
    }
}

/// What every session begins with.
pub fn prelude() -> impl Iterator<Item = &'static str> {
    include_str!("prelude.lisp").lines()
}
