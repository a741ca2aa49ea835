//! Values as text.

use hotpatch::hotpatch;

use crate::value::{Failure, Value};

const ELLIPSIS: &str = "..";

/// What the user sees.
#[hotpatch]
pub fn show(value: &Value) -> String {
    shown(value, &Style { most: 5, open: '(' })
}

/// What the user sees when something is wrong.
#[hotpatch]
pub fn complaint(failure: &Failure) -> String {
    match failure {
        Failure::Syntax(what) => format!("syntax: {what}"),
        Failure::Unbound(name) => format!("unbound: {name}"),
        Failure::Type { wanted, place } => format!("type: {wanted:?} at {place}"),
    }
}

struct Style {
    most: usize,
    open: char,
}

fn shown(value: &Value, style: &Style) -> String {
    match value {
        Value::Nil => "()".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Symbol(name) => name.to_string(),
        Value::List(list) => {
            let mut parts: Vec<_> = list
                .iter()
                .take(style.most)
                .map(|value| shown(value, style))
                .collect();
            if list.len() > style.most {
                parts.push(ELLIPSIS.to_owned());
            }
            format!("{}{})", style.open, parts.join(" "))
        }
        Value::Lambda(lambda) => format!("lambda/{}", lambda.parameters.len()),
        Value::Builtin(builtin) => format!("builtin {}", builtin.name),
    }
}

/// All of a value, for `state`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Symbol(name) => name.to_string(),
        Value::List(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Lambda(lambda) => format!(
            "{}:{}:{}",
            lambda.parameters.join(","),
            plain(&lambda.body),
            lambda.depth
        ),
        Value::Builtin(builtin) => format!("{}{:?}", builtin.name, builtin.arity),
    }
}
