//! Functions inside functions, methods and modules.

use std::fmt::Display;

use hotpatch::hotpatch;

use crate::{check_entry, entries};

fn outer(x: u8) -> u8 {
    #[hotpatch]
    fn inner(x: u8) -> u8 {
        #[hotpatch]
        fn innermost(x: u8) -> u8 {
            x + 1
        }
        innermost(x) + 1
    }
    if x > 0 {
        #[hotpatch]
        fn inner(x: u8) -> u8 {
            x * 2
        }
        return inner(x);
    }
    inner(x)
}

fn generic<T: Display>(value: T) -> usize {
    #[hotpatch]
    fn length(text: &str) -> usize {
        text.len()
    }
    length(&value.to_string())
}

struct Holder;

impl Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        #[hotpatch]
        fn text() -> &'static str {
            "held"
        }
        f.write_str(text())
    }
}

fn local_type() -> u8 {
    struct Local(u8);
    impl Local {
        #[hotpatch]
        fn get(&self) -> u8 {
            self.0
        }
    }
    Local(3).get()
}

mod deeper {
    use super::*;

    #[hotpatch]
    pub(in crate::nested) fn main() -> u8 {
        4
    }
}

#[test]
fn functions_inside_functions() {
    assert_eq!(outer(0), 2);
    assert_eq!(outer(4), 8);
    assert_eq!(generic(1234), 4);
    assert_eq!(Holder.to_string(), "held");
    assert_eq!(local_type(), 3);
    assert_eq!(deeper::main(), 4);
    check_entry("nested::outer::inner::innermost", "fn innermost(x: u8) -> u8");
    assert_eq!(entries("nested::outer::inner").len(), 2);
    check_entry("nested::generic::length", "fn length(text: &str) -> usize");
    check_entry(
        "nested::<Holder as Display>::fmt::text",
        "fn text() -> &'static str",
    );
    check_entry("nested::local_type::Local::get", "fn get(&self) -> u8");
    check_entry("nested::deeper::main", "fn main() -> u8");
}
