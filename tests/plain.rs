//! Without the feature `enabled` the attribute leaves nothing behind.

mod fixture;

use std::fs;

use fixture::Fixture;

const ATTRIBUTES: [&str; 2] = ["#[hotpatch::hotpatch]", "#[hotpatch::hotpatch(skip)]"];

fn assembly(fixture: &Fixture, profile: &str, features: &str) -> String {
    let output = fixture.path("assembly.s");
    let emit = format!("--emit=asm={}", output.display());
    let cargo = [
        "rustc",
        "-q",
        "--lib",
        "--profile",
        profile,
        "--features",
        features,
        "--",
    ];
    fixture.cargo(&[&cargo[..], &["-C", "codegen-units=1", "-C", "debuginfo=0", &emit]].concat());
    let text = fs::read_to_string(&output).unwrap();
    fs::remove_file(&output).unwrap();
    text
}

#[test]
fn nothing_is_left() {
    let fixture = Fixture::new("plain");
    assembly_is_that_of_plain_functions(&fixture);
    facade_does_nothing(&fixture);
}

fn assembly_is_that_of_plain_functions(fixture: &Fixture) {
    let source = fixture.path("src/lib.rs");
    let hot = fs::read_to_string(&source).unwrap();
    let plain = ATTRIBUTES
        .iter()
        .fold(hot.clone(), |text, attribute| text.replace(attribute, "// plain"));
    assert!(plain.matches("// plain").count() >= 14);
    for profile in ["dev", "release"] {
        let assembly_of = |text: &str| {
            fs::write(&source, text).unwrap();
            assembly(fixture, profile, "")
        };
        assert!(
            assembly_of(&plain) == assembly_of(&hot),
            "the assembly differs in the profile `{profile}`"
        );
    }
    assert!(assembly(fixture, "dev", "hotpatch/enabled").contains("__hotpatch_body_"));
}

fn facade_does_nothing(fixture: &Fixture) {
    let output = fixture.cargo(&["run", "-q"]);
    assert_eq!(output.lines().last().unwrap().split(':').next(), Some("HP0107"));
}
