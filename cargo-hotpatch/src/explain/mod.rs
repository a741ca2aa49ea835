//! The pages that explain the codes of refusals: one file for each code, beside this one.
//!
//! Invariant: every code has a page, and `docs/codes.md` is generated from the codes and their pages. The tests say so.

#[cfg(test)]
mod docs;
mod page;

pub(crate) use page::page_of;

use hotpatch_abi::code::{self, Code};

/// The code that a user means by `HP0203`, `hp0203` or `203`.
pub(crate) fn code_named(name: &str) -> Option<Code> {
    let name = name.trim();
    let digits = name
        .get(..2)
        .filter(|start| start.eq_ignore_ascii_case("HP"))
        .map_or(name, |_| &name[2..]);
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let wanted = is_number.then(|| format!("HP{digits:0>4}"))?;
    code::ALL
        .iter()
        .map(|(code, _)| *code)
        .find(|code| code.as_str() == wanted)
}

/// The code of a refusal by a process, which may be of another version.
pub(crate) fn known(code: &str) -> Option<Code> {
    code::ALL
        .iter()
        .map(|(known, _)| *known)
        .find(|known| known.as_str() == code)
}

/// What the user is told once about each code.
pub(crate) fn pointer(code: Code) -> String {
    format!("For more information about this error, try `cargo hotpatch explain {code}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_as_people_write_them() {
        let check = |name, code: Option<Code>| assert_eq!(code_named(name), code, "{name}");
        check("HP0203", Some(code::LAYOUT));
        check("hp0203", Some(code::LAYOUT));
        check("203", Some(code::LAYOUT));
        check("0203", Some(code::LAYOUT));
        check("HP203", Some(code::LAYOUT));
        check("HP9999", None);
        check("HP", None);
        check("layout", None);
        check("é", None);
    }
}
