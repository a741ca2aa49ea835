//! The list of the pages.

#[cfg(test)]
use hotpatch_abi::code;
use hotpatch_abi::code::Code;

/// A page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) code: &'static str,
    /// Markdown.
    pub(crate) text: &'static str,
}

macro_rules! pages {
    ($($code:literal)*) => {
        /// All pages, in the order of their codes.
        pub(super) const PAGES: &[Page] = &[
            $(Page { code: $code, text: include_str!(concat!($code, ".md")) }),*
        ];
    };
}

pages! {
    "HP0101" "HP0102" "HP0103" "HP0104" "HP0105" "HP0106" "HP0107" "HP0108" "HP0109"
    "HP0201" "HP0202" "HP0203"
    "HP0301" "HP0302" "HP0303"
    "HP0401" "HP0402" "HP0403" "HP0404" "HP0405" "HP0406"
    "HP0501" "HP0502"
    "HP0601" "HP0602" "HP0603" "HP0604" "HP0605" "HP0606" "HP0607" "HP0608" "HP0609"
}

/// The page of a code.
pub(crate) fn page_of(code: Code) -> Page {
    let page = PAGES.iter().find(|page| page.code == code.as_str()).copied();
    page.unwrap_or(Page {
        code: code.as_str(),
        text: "There is no page for this code yet.\n",
    })
}

#[cfg(test)]
impl Page {
    /// What the code means, in one line.
    pub(super) fn meaning(self) -> &'static str {
        let mut all = code::ALL.iter();
        let found = all.find(|(code, _)| code.as_str() == self.code);
        found.map_or("", |(_, meaning)| meaning.trim())
    }

    /// The first paragraph of what to do, in one line.
    pub(super) fn next_step(self) -> String {
        let (_, section) = self.text.split_once("## What to do\n\n").unwrap_or_default();
        let paragraph = section.split("\n\n").next().unwrap_or_default();
        paragraph.trim().replace('\n', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let codes: Vec<_> = code::ALL.iter().map(|(code, _)| code.as_str()).collect();
        let pages: Vec<_> = PAGES.iter().map(|page| page.code).collect();
        assert_eq!(codes, pages, "CONTRIBUTING.md says how to add a code");
    }

    #[test]
    fn pages_have_a_title_an_example_and_a_next_step() {
        for page in PAGES {
            let title = format!("# {}: {}\n", page.code, page.meaning().trim_end_matches('.'));
            let start = page.text.lines().next().unwrap_or_default();
            assert!(
                page.text.starts_with(&title),
                "the title of {} is `{start}`, not `{title}`",
                page.code
            );
            assert!(
                page.text.contains("\n## Example\n"),
                "{} has no example",
                page.code
            );
            assert!(
                !page.next_step().is_empty(),
                "{} does not say what to do",
                page.code
            );
        }
    }
}
