//! Evaluation.

use std::rc::Rc;

use hotpatch::hotpatch;

use crate::env::Env;
use crate::parser;
use crate::stats;
use crate::value::{Arity, Failure, Lambda, Value, Wanted};

/// How deep calls may be nested.
const DEEPEST: u32 = 50;

/// Reads and evaluates one line.
#[hotpatch]
pub fn run(env: &Env, source: &str) -> Result<Value, Failure> {
    stats::count_line();
    let value = parser::parse(source)?;
    eval(env, &value, 0)
}

fn eval(env: &Env, value: &Value, depth: u32) -> Result<Value, Failure> {
    stats::count_step(depth);
    match value {
        Value::Symbol(name) => env.get(name).ok_or_else(|| Failure::Unbound(Rc::clone(name))),
        Value::List(list) => form(env, list, depth + 1),
        other => Ok(other.clone()),
    }
}

fn form(env: &Env, list: &[Value], depth: u32) -> Result<Value, Failure> {
    if depth > DEEPEST {
        return Err(Failure::Syntax("too deep"));
    }
    let (head, rest) = list.split_first().ok_or(Failure::Syntax("empty"))?;
    if let Value::Symbol(name) = head {
        match (&**name, rest) {
            ("quote", [value]) => return Ok(value.clone()),
            ("if", [test, yes, no]) => {
                let branch = if eval(env, test, depth)?.is_true() {
                    yes
                } else {
                    no
                };
                return eval(env, branch, depth);
            }
            ("define", [Value::Symbol(name), value]) => {
                let value = eval(env, value, depth)?;
                env.bind(name, value.clone(), false);
                return Ok(value);
            }
            ("forget", [Value::Symbol(name)]) => {
                env.forget(name);
                return Ok(Value::Nil);
            }
            ("lambda", [parameters, body]) => return lambda(env, parameters, body, depth),
            _ => {}
        }
    }
    let function = eval(env, head, depth)?;
    let arguments: Result<Vec<_>, _> = rest.iter().map(|value| eval(env, value, depth)).collect();
    apply(&function, &arguments?, depth)
}

fn lambda(env: &Env, parameters: &Value, body: &Value, depth: u32) -> Result<Value, Failure> {
    let parameters = match parameters {
        Value::List(list) => list.iter().filter_map(named).collect(),
        _ => Vec::new(),
    };
    Ok(Value::Lambda(Rc::new(Lambda {
        parameters,
        body: body.clone(),
        scope: env.clone(),
        depth,
    })))
}

fn named(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Symbol(name) => Some(Rc::clone(name)),
        _ => None,
    }
}

fn apply(function: &Value, arguments: &[Value], depth: u32) -> Result<Value, Failure> {
    match function {
        Value::Builtin(builtin) => match builtin.arity {
            Arity::Exactly(count) if usize::from(count) != arguments.len() => Err(Failure::Syntax("arity")),
            _ => (builtin.call)(arguments),
        },
        Value::Lambda(lambda) => {
            let scope = lambda.scope.child();
            for (name, value) in lambda.parameters.iter().zip(arguments) {
                scope.bind(name, value.clone(), false);
            }
            eval(&scope, &lambda.body, depth)
        }
        _ => Err(Failure::Type {
            wanted: Wanted::Function,
            place: 0,
        }),
    }
}
