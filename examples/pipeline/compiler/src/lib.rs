//! The stage `compiler`. The first version pushes the left operand first, the next one the right operand.
#![forbid(unsafe_code)]

use hotpatch_module::export_module;
use pipeline_stages::{Compiler, Kind, Node, Operation, Version};

const NEXT: bool = cfg!(feature = "next");

#[derive(Default)]
struct PostOrder;

impl Compiler for PostOrder {
    fn version(&self) -> Version {
        Version {
            major: if NEXT { 2 } else { 1 },
            minor: 0,
        }
    }

    fn compile(&self, nodes: &[Node]) -> Vec<Operation> {
        let mut operations = Vec::new();
        if let Some(last) = nodes.len().checked_sub(1) {
            compile(nodes, last, &mut operations);
        }
        operations
    }
}

fn compile(nodes: &[Node], index: usize, operations: &mut Vec<Operation>) {
    let Node {
        kind,
        number,
        left,
        right,
    } = nodes[index];
    if !matches!(kind, Kind::Number | Kind::Variable) {
        let (first, second) = if NEXT { (right, left) } else { (left, right) };
        compile(nodes, first as usize, operations);
        compile(nodes, second as usize, operations);
    }
    operations.push(Operation { kind, number });
}

#[cfg(not(feature = "next"))]
export_module! {
    name: "compiler",
    version: "1.0.0",
    contract: Compiler => PostOrder,
}

#[cfg(feature = "next")]
export_module! {
    name: "compiler",
    version: "2.0.0",
    contract: Compiler => PostOrder,
}
