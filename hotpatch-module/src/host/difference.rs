//! The first fact in which the types of a function differ, of a module and of a contract.

/// A sentence about the first place in `contract` that `module` has not, or differently; both are texts as
/// [`layout`](crate::layout) writes them. None where nothing can be told.
pub(super) fn difference(module: &str, contract: &str) -> Option<String> {
    if module.is_empty() {
        return None;
    }
    // A record has another size because of what is in it, and that says more.
    let lines = |text| str::lines(text).map(split);
    let without_size =
        |text| lines(text).map(|(place, fact)| (place, fact.split(", ").next().unwrap_or(fact)));
    first(without_size(module), without_size(contract)).or_else(|| first(lines(module), lines(contract)))
}

fn first<'a>(
    mut module: impl Iterator<Item = (&'a str, &'a str)>,
    mut contract: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    loop {
        return match (module.next(), contract.next()) {
            (None, None) => None,
            (theirs, ours) if theirs == ours => continue,
            (Some((place, theirs)), Some((same, ours))) if place == same => Some(format!(
                "{place} is `{theirs}` in the module and `{ours}` in the contract"
            )),
            (Some((other, theirs)), Some((place, ours))) => Some(format!(
                "where the contract has {place}, `{ours}`, the module has {other}, `{theirs}`"
            )),
            (None, Some((place, ours))) => Some(format!(
                "the contract has {place}, `{ours}`, and the module has not"
            )),
            (Some((place, theirs)), None) => Some(format!(
                "the module has {place}, `{theirs}`, and the contract has not"
            )),
        };
    }
}

/// The place that a line is about, and what it says of it.
fn split(line: &str) -> (&str, &str) {
    line.split_once(": ")
        .or_else(|| line.split_once(" = "))
        .unwrap_or((line, ""))
}

#[cfg(test)]
mod tests {
    use super::difference;

    fn check(module: &str, contract: &str, expect: Option<&str>) {
        assert_eq!(difference(module, contract).as_deref(), expect);
    }

    #[test]
    fn the_place_and_both_sides_are_named() {
        let contract = "argument 1: &Order, 16 bytes, align 8\nargument 1.price: f64 at 0\noutput: ()\n";
        check(contract, contract, None);
        check("", contract, None);
        check(
            &contract.replace("f64", "u64"),
            contract,
            Some("argument 1.price is `u64 at 0` in the module and `f64 at 0` in the contract"),
        );
        check(
            &contract.replace("f64", "f32").replace("16", "12"),
            contract,
            Some("argument 1.price is `f32 at 0` in the module and `f64 at 0` in the contract"),
        );
        check(
            &contract.replace("16", "24"),
            contract,
            Some(
                "argument 1 is `&Order, 24 bytes, align 8` in the module and `&Order, 16 bytes, align 8` in the contract",
            ),
        );
        check(
            &contract.replace("output", "argument 2"),
            contract,
            Some("where the contract has output, `()`, the module has argument 2, `()`"),
        );
        check(
            "argument 1: &Order, 16 bytes, align 8\nargument 1.price: f64 at 0",
            contract,
            Some("the contract has output, `()`, and the module has not"),
        );
        check(
            "a::Buy = 1",
            "a::Buy = 2",
            Some("a::Buy is `1` in the module and `2` in the contract"),
        );
        check(
            &format!("{contract}x"),
            contract,
            Some("the module has x, ``, and the contract has not"),
        );
    }
}
