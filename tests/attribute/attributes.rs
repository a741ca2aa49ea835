//! Other attributes on the same function.

use hotpatch::hotpatch;

use crate::check_entry;

/// Documented.
#[hotpatch]
#[inline]
#[must_use]
#[cold]
#[doc(alias = "kept")]
pub fn several() -> u8 {
    1
}

#[hotpatch]
#[cfg(any())]
fn absent() -> Missing {}

#[cfg(not(any()))]
#[hotpatch]
#[cfg_attr(not(any()), inline(always), allow(unused_variables))]
fn absent(unused: u8) -> u8 {
    2
}

#[hotpatch]
#[expect(unused_variables, clippy::needless_return)]
fn expectations(unused: u8) -> u8 {
    return 3;
}

#[hotpatch]
fn arguments(#[allow(unused_variables)] a: u8, b: u8) -> u8 {
    b
}

struct Type;

impl Type {
    #[hotpatch]
    #[cfg(any())]
    fn method(&self) -> Missing {}

    #[hotpatch]
    #[cfg(not(any()))]
    #[expect(
        unused_variables,
        dead_code,
        reason = "only one half of the function has each"
    )]
    fn method(&self, unused: u8) -> u8 {
        4
    }

    #[hotpatch]
    #[allow(non_snake_case)]
    #[cfg_attr(not(any()), expect(unused_variables))]
    fn Method(&self, unused: u8) -> u8 {
        5
    }
}

#[hotpatch]
#[test]
fn a_test_may_be_hot() {
    assert_eq!(several() + absent(0) + expectations(0) + arguments(0, 4), 10);
    assert_eq!(Type.Method(0), 5);
}

#[test]
#[hotpatch]
fn a_hot_function_may_be_a_test() {
    check_entry(
        "attributes::a_hot_function_may_be_a_test",
        "fn a_hot_function_may_be_a_test()",
    );
}
