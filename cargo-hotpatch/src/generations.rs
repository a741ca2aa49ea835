//! How the generations of a process follow on each other: a roll-back runs the code of an earlier one.

use hotpatch_abi::generation::{GenerationStatus, History, Origin};

/// The generation whose commit made the code that another one runs.
pub(crate) fn code_of(generations: &[GenerationStatus], mut number: u64) -> u64 {
    let find = |number| generations.iter().find(|generation| generation.number == number);
    while let Some(GenerationStatus {
        origin: Origin::RollBack(to),
        ..
    }) = find(number)
        && *to < number
    {
        number = *to;
    }
    number
}

/// Where a step forward leads: to the last patch that was made for what is live.
pub(crate) fn forward(history: &History) -> Option<u64> {
    let generations = &history.generations;
    let live = code_of(generations, generations.last()?.number);
    let codes = generations
        .iter()
        .map(|generation| code_of(generations, generation.number));
    codes
        .filter(|code| *code > live && code_of(generations, code - 1) == live)
        .max()
}

#[cfg(test)]
mod tests {
    use hotpatch_abi::manifest::PatchId;

    use super::*;

    /// A history in which each number is a patch, or a roll-back to an earlier generation.
    fn history(made: &[Option<u64>]) -> History {
        let origins = std::iter::once(Origin::Built).chain(made.iter().map(|made| match made {
            Some(to) => Origin::RollBack(*to),
            None => Origin::Patch(PatchId(1)),
        }));
        let generations = origins.enumerate().map(|(number, origin)| GenerationStatus {
            number: number as u64,
            origin,
            head: None,
            functions: Vec::new(),
            since: 0,
        });
        History {
            generations: generations.collect(),
            left_out: 0,
        }
    }

    #[test]
    fn forward_leads_along_the_way_that_was_taken_last() {
        let check =
            |made: &[Option<u64>], expected| assert_eq!(forward(&history(made)), expected, "{made:?}");
        check(&[], None);
        check(&[None, None], None);
        check(&[None, None, Some(1)], Some(2));
        check(&[None, None, Some(1), Some(0)], Some(1));
        check(&[None, None, Some(1), Some(0), Some(1)], Some(2));
        check(&[None, None, Some(1), Some(2)], None);
        // Another patch after the roll-back: that is the way from now on.
        check(&[None, None, Some(1), None], None);
        check(&[None, None, Some(1), None, Some(1)], Some(4));
        check(&[None, None, Some(1), None, Some(2)], None);
    }

    #[test]
    fn the_code_of_a_roll_back_is_that_of_an_earlier_generation() {
        let History { generations, .. } = history(&[None, None, Some(1), Some(3), None]);
        let codes = [0, 1, 2, 3, 4, 5, 9].map(|number| code_of(&generations, number));
        assert_eq!(codes, [0, 1, 2, 1, 1, 5, 9]);
    }
}
