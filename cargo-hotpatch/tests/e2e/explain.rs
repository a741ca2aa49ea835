//! The pages of `cargo hotpatch explain`: their examples are what they say.

use std::path::Path;

use crate::project::{Project, command, text};
use crate::session::Session;

/// The text of the first block of a language.
fn block<'a>(page: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{language}\n"))?;
    Some(rest.split_once("\n```").unwrap().0)
}

/// The lines of an edit that go and those that come.
fn sides(diff: &str) -> (String, String) {
    let side = |sign: char| {
        let lines = diff.lines().filter_map(|line| line.strip_prefix(sign));
        lines.collect::<Vec<_>>().join("\n")
    };
    (side('-'), side('+'))
}

#[test]
fn the_example_of_every_page_is_refused_with_its_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    let mut shown = 0;
    for path in pages {
        let page = std::fs::read_to_string(&path).unwrap();
        let (Some(program), Some(diff)) = (block(&page, "rust"), block(&page, "diff")) else {
            continue;
        };
        let code = path.file_stem().unwrap().to_str().unwrap();
        let project = Project::new(&format!("explain_{}", code.to_lowercase()), program);
        let mut session = Session::start(&project, &[]);
        session.line();
        let (from, to) = sides(diff);
        project.edit("src/main.rs", &from, &to);
        let outcome = session.outcome();
        assert_eq!(outcome["code"], code, "{outcome}\n{}", session.messages());
        // A process that refuses does not know the sources.
        let is_placed = outcome["place"]["line"].is_u64() || outcome["pid"].is_u64();
        assert!(is_placed, "{outcome}");
        session.message(&format!("try `cargo hotpatch explain {code}`"));
        // The program runs on.
        session.line();
        shown += 1;
    }
    assert!(shown > 5, "only {shown} pages have an example that can be run");
}

#[test]
fn pages_are_found_by_code_or_number() {
    let explain = |code: &str| {
        let output = command().args(["explain", code]).output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    for code in ["HP0203", "hp0203", "203"] {
        let (status, page, _) = explain(code);
        assert_eq!(status, Some(0));
        assert!(page.starts_with("# HP0203: "), "{page}");
    }
    let (status, page, said) = explain("HP9999");
    assert_eq!((status, page.as_str()), (Some(101), ""));
    assert!(
        said.contains("no code `HP9999`") && said.contains("HP0203"),
        "{said}"
    );
}
