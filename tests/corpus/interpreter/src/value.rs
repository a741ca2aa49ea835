//! Values: what the language computes with.

use std::rc::Rc;

use crate::env::Env;

#[derive(Clone)]
pub enum Value {
    Nil,
    Bool(bool),
    Number(i64),
    Symbol(Rc<str>),
    List(Rc<Vec<Value>>),
    Lambda(Rc<Lambda>),
    Builtin(Builtin),
}

/// A function of the language, with the scope that it was made in.
pub struct Lambda {
    pub parameters: Vec<Rc<str>>,
    pub body: Value,
    pub scope: Env,
    pub depth: u32,
}

/// A function of the interpreter.
#[derive(Clone, Copy)]
pub struct Builtin {
    pub name: &'static str,
    pub arity: Arity,
    pub call: fn(&[Value]) -> Result<Value, Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Exactly(u8),
    Any,
}

#[derive(Clone, Debug)]
pub enum Failure {
    Syntax(&'static str),
    Unbound(Rc<str>),
    Type { wanted: Wanted, place: u16 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Number,
    List,
    Function,
}

impl Value {
    pub fn symbol(name: &str) -> Self {
        Self::Symbol(name.into())
    }

    pub fn list(values: Vec<Value>) -> Self {
        match values.is_empty() {
            true => Self::Nil,
            false => Self::List(Rc::new(values)),
        }
    }

    pub fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    pub fn number(&self, place: u16) -> Result<i64, Failure> {
        match self {
            Self::Number(number) => Ok(*number),
            _ => Err(Failure::Type {
                wanted: Wanted::Number,
                place,
            }),
        }
    }
}
