//! Tokens.

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Open,
    Close,
    Quote,
    Number(i64),
    Name(String),
}

/// Splits a line.
pub fn tokens(source: &str) -> Vec<Token> {
    let spaced = source
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('\'', " ' ");
    spaced.split_whitespace().map(token).collect()
}

fn token(word: &str) -> Token {
    match word {
        "(" => Token::Open,
        ")" => Token::Close,
        "'" => Token::Quote,
        word => number(word).map_or_else(|| Token::Name(word.to_owned()), Token::Number),
    }
}

fn number(word: &str) -> Option<i64> {
    word.parse().ok()
}
