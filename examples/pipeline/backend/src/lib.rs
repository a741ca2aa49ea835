//! The stage `backend`: a machine with a stack. In the first version the right operand lies on top, in the next one the left.
#![forbid(unsafe_code)]

use hotpatch_module::export_module;
use pipeline_stages::{Backend, Kind, Operation, Version};

const NEXT: bool = cfg!(feature = "next");

#[derive(Default)]
struct Stack;

impl Backend for Stack {
    fn version(&self) -> Version {
        Version {
            major: if NEXT { 2 } else { 1 },
            minor: 0,
        }
    }

    fn run(&self, operations: &[Operation], x: f64) -> Result<f64, String> {
        let mut stack = Vec::new();
        for operation in operations {
            let result = match operation.kind {
                Kind::Number => operation.number,
                Kind::Variable => x,
                kind => {
                    let (Some(top), Some(below)) = (stack.pop(), stack.pop()) else {
                        return Err("an operation without operands".into());
                    };
                    let (left, right) = if NEXT { (top, below) } else { (below, top) };
                    compute(kind, left, right)?
                }
            };
            stack.push(result);
        }
        match stack.as_slice() {
            [result] => Ok(*result),
            _ => Err(format!("{} values are left", stack.len())),
        }
    }

    fn listing(&self, operations: &[Operation]) -> String {
        let line = |operation: &Operation| match operation.kind {
            Kind::Number => format!("push {}", operation.number),
            Kind::Variable => "push x".into(),
            Kind::Add => "add".into(),
            Kind::Subtract => "sub".into(),
            Kind::Multiply => "mul".into(),
            Kind::Divide => "div".into(),
        };
        operations.iter().map(line).collect::<Vec<_>>().join("; ")
    }
}

fn compute(kind: Kind, left: f64, right: f64) -> Result<f64, String> {
    match kind {
        Kind::Add => Ok(left + right),
        Kind::Subtract => Ok(left - right),
        Kind::Multiply => Ok(left * right),
        Kind::Divide if right == 0.0 => Err("a division by zero".into()),
        Kind::Divide => Ok(left / right),
        Kind::Number | Kind::Variable => Err("an operation that computes nothing".into()),
    }
}

#[cfg(not(feature = "next"))]
export_module! {
    name: "backend",
    version: "1.0.0",
    contract: Backend => Stack,
}

#[cfg(feature = "next")]
export_module! {
    name: "backend",
    version: "2.0.0",
    contract: Backend => Stack,
}
