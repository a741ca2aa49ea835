//! The stage `optimizer`: sums and products of two numbers are computed once. It leaves the others alone, so it need not know
//! which of its operands an operation finds first.
#![forbid(unsafe_code)]

use hotpatch_module::export_module;
use pipeline_stages::{Kind, Operation, Optimizer, Version};

#[derive(Default)]
struct Folding;

impl Optimizer for Folding {
    fn version(&self) -> Version {
        Version { major: 1, minor: 0 }
    }

    fn optimize(&self, operations: &[Operation]) -> Vec<Operation> {
        let mut optimized: Vec<Operation> = Vec::with_capacity(operations.len());
        for operation in operations {
            let folded = match (optimized.as_slice(), operation.kind) {
                ([.., one, other], Kind::Add) => both(one, other, |one, other| one + other),
                ([.., one, other], Kind::Multiply) => both(one, other, |one, other| one * other),
                _ => None,
            };
            match folded {
                Some(number) => {
                    optimized.truncate(optimized.len() - 2);
                    optimized.push(Operation {
                        kind: Kind::Number,
                        number,
                    });
                }
                None => optimized.push(*operation),
            }
        }
        optimized
    }
}

fn both(one: &Operation, other: &Operation, compute: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let numbers = one.kind == Kind::Number && other.kind == Kind::Number;
    numbers.then(|| compute(one.number, other.number))
}

export_module! {
    name: "optimizer",
    contract: Optimizer => Folding,
}
