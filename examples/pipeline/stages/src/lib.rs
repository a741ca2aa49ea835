//! What the tool and its stages have agreed on.
//!
//! ```text
//! text --parser--> nodes --compiler--> operations --optimizer--> operations --backend--> number
//! ```
//!
//! In which order an operation finds its two operands is a secret that compiler and backend share. So they can only be
//! swapped together.
#![forbid(unsafe_code)]

use hotpatch_module::{Shared, contract};

/// The version of a stage.
#[derive(Shared, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Version {
    /// Raised when it works in another way.
    pub major: u32,
    /// Raised by everything else.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a node of an expression is.
#[derive(Shared, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A number.
    Number,
    /// The variable `x`.
    Variable,
    /// A sum.
    Add,
    /// A difference.
    Subtract,
    /// A product.
    Multiply,
    /// A quotient.
    Divide,
}

/// A node of an expression. It comes after its operands; the last one is the whole expression.
#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// The value of a number.
    pub number: f64,
    /// The index of its left operand.
    pub left: u32,
    /// The index of its right operand.
    pub right: u32,
}

/// An operation of a machine with a stack. Numbers and variables are pushed; the others take two operands from the stack and
/// push their result.
#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Operation {
    /// What it does.
    pub kind: Kind,
    /// The number that is pushed.
    pub number: f64,
}

/// The first stage.
#[contract(version = "1.0.0")]
pub trait Parser {
    /// Its version.
    fn version(&self) -> Version;
    /// The nodes of an expression, or why it is none.
    fn parse(&self, text: &str) -> Result<Vec<Node>, String>;
}

/// The second stage.
#[contract(version = "1.0.0")]
pub trait Compiler {
    /// Its version.
    fn version(&self) -> Version;
    /// The operations that compute an expression.
    fn compile(&self, nodes: &[Node]) -> Vec<Operation>;
}

/// The third stage.
#[contract(version = "1.0.0")]
pub trait Optimizer {
    /// Its version.
    fn version(&self) -> Version;
    /// Operations with the same result, fewer if possible.
    fn optimize(&self, operations: &[Operation]) -> Vec<Operation>;
}

/// The last stage.
#[contract(version = "1.0.0")]
pub trait Backend {
    /// Its version.
    fn version(&self) -> Version;
    /// The result of the operations for a value of `x`, or why there is none.
    fn run(&self, operations: &[Operation], x: f64) -> Result<f64, String>;
    /// The operations as text.
    fn listing(&self, operations: &[Operation]) -> String;
}
