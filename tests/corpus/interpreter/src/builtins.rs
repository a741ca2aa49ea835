//! The functions that the interpreter brings along.

use crate::value::{Arity, Builtin, Failure, Value, Wanted};

macro_rules! arithmetic {
    ($name:ident, $method:ident) => {
        fn $name(arguments: &[Value]) -> Result<Value, Failure> {
            let (left, right) = (arguments[0].number(1)?, arguments[1].number(2)?);
            Ok(Value::Number(left.$method(right)))
        }
    };
}

arithmetic!(add, wrapping_add);
arithmetic!(subtract, wrapping_sub);
arithmetic!(multiply, wrapping_mul);

fn less(arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::Bool(arguments[0].number(1)? < arguments[1].number(2)?))
}

fn length(arguments: &[Value]) -> Result<Value, Failure> {
    match &arguments[0] {
        Value::List(list) => Ok(Value::Number(list.len() as i64)),
        Value::Nil => Ok(Value::Number(0)),
        _ => Err(Failure::Type {
            wanted: Wanted::List,
            place: 1,
        }),
    }
}

fn list(arguments: &[Value]) -> Result<Value, Failure> {
    Ok(Value::list(arguments.to_vec()))
}

static ALL: [Builtin; 6] = [
    builtin("+", Arity::Exactly(2), add),
    builtin("-", Arity::Exactly(2), subtract),
    builtin("*", Arity::Exactly(2), multiply),
    builtin("<", Arity::Exactly(2), less),
    builtin("length", Arity::Exactly(1), length),
    builtin("list", Arity::Any, list),
];

const fn builtin(name: &'static str, arity: Arity, call: fn(&[Value]) -> Result<Value, Failure>) -> Builtin {
    Builtin { name, arity, call }
}

pub fn all() -> [Builtin; 6] {
    ALL
}
