//! Numbers out of words.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    Empty,
    NoNumber(String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("a number is missing"),
            Self::NoNumber(word) => write!(out, "{word:?} is no number"),
        }
    }
}

pub fn numbers<T: FromStr>(words: &str) -> Result<Vec<T>, Mistake> {
    let numbers: Result<Vec<T>, Mistake> = words.split_whitespace().map(number).collect();
    numbers.and_then(|numbers| if numbers.is_empty() { Err(Mistake::Empty) } else { Ok(numbers) })
}

fn number<T: FromStr>(word: &str) -> Result<T, Mistake> {
    word.parse().map_err(|_| Mistake::NoNumber(word.to_owned()))
}
