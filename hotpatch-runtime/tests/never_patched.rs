//! The history of a program that was never patched.

#[macro_use]
mod support;

use hotpatch_abi::code;
use hotpatch_runtime::{Origin, generation, history, rollback, step_back};

hot!(one, ONE, 10);

/// One test: the second generation ends what it is about.
#[test]
fn the_program_as_built_is_a_generation_like_others() {
    assert_eq!(one(), 10);
    let origins = || -> Vec<_> {
        let history = history().into_iter();
        history
            .map(|generation| (generation.number, generation.origin))
            .collect()
    };
    assert_eq!(origins(), [(0, Origin::Built)]);
    let refusal = step_back().unwrap_err();
    assert_eq!(refusal.code(), code::GENERATION);
    assert!(refusal.message().contains("as built"), "{refusal}");
    let refusal = rollback(1).unwrap_err();
    assert!(
        refusal.message().ends_with("the generations that are: 0"),
        "{refusal}"
    );

    let back = rollback(0).unwrap();
    assert_eq!((back.generation, back.functions.len(), generation()), (1, 0, 1));
    assert_eq!(origins(), [(0, Origin::Built), (1, Origin::RollBack(0))]);
    assert_eq!(one(), 10);
}
