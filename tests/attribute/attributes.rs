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

#[hotpatch]
fn conditional(
    #[cfg(any())] absent: Missing,
    #[cfg(not(any()))] (present, _): (u8, u8),
    #[cfg_attr(any(), cfg(any()))] also: u8,
    #[cfg_attr(not(any()), cfg(any()))] neither: Missing,
) -> u8 {
    #[cfg(any())]
    drop((absent, neither));
    present + also
}

#[test]
fn arguments_under_a_condition() {
    assert_eq!(conditional((1, 9), 2), 3);
    check_entry(
        "attributes::conditional",
        "fn conditional((present, _): (u8, u8), also: u8) -> u8",
    );
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
