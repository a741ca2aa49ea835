//! `docs/codes.md`, generated from the codes and their pages.

use std::fmt::Write;
use std::path::Path;

use super::page::PAGES;

fn generated() -> String {
    let mut text = String::from(
        "# Codes\n\nEvery refusal and every request for a restart has a stable code. The meaning of a code never changes. \
         `cargo hotpatch\nexplain HP0203` shows the page of a code: an example, the reason, and what to do.\n\n<!-- \
         Generated: CONTRIBUTING.md says how. -->\n\n| code | meaning | what to do |\n|---|---|---|\n",
    );
    for page in PAGES {
        let mut meaning = page.meaning().trim_end_matches('.').to_owned();
        meaning[..1].make_ascii_lowercase();
        let (code, next) = (page.code, page.next_step());
        let link = format!("[`{code}`](../cargo-hotpatch/src/explain/{code}.md)");
        let _ = writeln!(text, "| {link} | {meaning} | {next} |");
    }
    text
}

#[test]
fn the_list_of_codes_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/codes.md");
    let text = generated();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        found, text,
        "run `UPDATE_DOCS=1 cargo test -p cargo-hotpatch list_of_codes`"
    );
}
