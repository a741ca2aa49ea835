//! What happens to arguments and results.

use std::cell::Cell;
use std::panic::catch_unwind;

use hotpatch::hotpatch;

struct Dropped<'a>(&'a Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[hotpatch]
fn consume(_: Dropped<'_>, kept: Dropped<'_>, fail: bool) -> u32 {
    assert!(!fail, "asked to");
    kept.0.get()
}

#[hotpatch]
fn give_back(value: Dropped<'_>) -> Dropped<'_> {
    value
}

#[test]
fn arguments_are_dropped_once() {
    let drops = Cell::new(0);
    assert_eq!(consume(Dropped(&drops), Dropped(&drops), false), 0);
    assert_eq!(drops.get(), 2);
    let value = give_back(Dropped(&drops));
    assert_eq!(drops.get(), 2);
    drop(value);
    assert_eq!(drops.get(), 3);
}

#[test]
fn a_panic_drops_the_arguments_and_names_its_line() {
    let drops = Cell::new(0);
    let call = || consume(Dropped(&drops), Dropped(&drops), true);
    let panic = catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "asked to");
    assert_eq!(drops.get(), 2);
}

#[hotpatch]
fn large(input: [u64; 1000]) -> [u64; 1000] {
    input.map(|number| number + 1)
}

#[test]
fn large_values_pass_through() {
    assert_eq!(large([1; 1000]), [2; 1000]);
}
