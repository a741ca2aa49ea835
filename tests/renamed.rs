//! A crate may give `hotpatch` any name.

mod fixture;

use fixture::Fixture;

fn check(package: &str, functions: &[&str]) {
    let output = Fixture::new("renamed").cargo(&["run", "-q", "-p", package]);
    let mut names: Vec<&str> = output.lines().collect();
    names.sort_unstable();
    assert_eq!(names, functions);
}

#[test]
fn generated_code_finds_the_crate() {
    check(
        "direct",
        &["direct::Player::hurt", "direct::read", "direct::stop"],
    );
    check(
        "explicit",
        &["explicit::first", "explicit::second", "inherited::tick"],
    );
}

#[test]
fn generated_code_of_modules_finds_the_crate() {
    check("modules", &["3", "3"]);
}
