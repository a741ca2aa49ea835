//! Edits of a leaf that all other crates of a workspace depend on: of a body, which concerns the leaf alone, and of a
//! constant, which concerns everybody.

use std::time::{Duration, Instant};

use crate::project::{Project, manifest};
use crate::samples::{Samples, since};
use crate::session::Session;

/// The crates that each one depends on beside the leaf, by number: a chain of seven, six that stand alone, and three
/// diamonds over these that come together in two more. The leaf is number 0.
const ABOVE: [&[usize]; 20] = [
    &[],
    &[],
    &[1],
    &[2],
    &[3],
    &[4],
    &[5],
    &[6],
    &[],
    &[],
    &[],
    &[],
    &[],
    &[],
    &[8, 9],
    &[10, 11],
    &[12, 13],
    &[14, 15],
    &[16, 7],
    &[17, 18],
];

const LEAF: &str = "layer0/src/lib.rs";

/// One kind of edit.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How many crates were compiled for each.
    pub(crate) compiled: usize,
    /// From just before the file is written until `applied` is read.
    pub(crate) live: Samples,
    /// What of it rustc took, in all crates.
    pub(crate) replay: Samples,
}

/// Makes the edits while the program runs.
pub(crate) fn measure(edits: usize) -> Vec<Kind> {
    eprintln!("workspace: edits");
    let project = lay_out();
    let mut session = Session::start(&project, &["--target-dir", "target"]);
    // Nobody saves in the first second; the tool still reads the program.
    std::thread::sleep(Duration::from_secs(1));
    let kinds = [("a body", "{ 1 }"), ("a constant", "N: u32 = 1;")];
    let measured = kinds.map(|(name, found)| {
        let mut kind = Kind {
            name,
            compiled: 0,
            live: Samples::default(),
            replay: Samples::default(),
        };
        let original = project.read(LEAF);
        for number in 2..edits + 2 {
            let start = Instant::now();
            project.write(
                LEAF,
                &original.replace(found, &found.replace('1', &number.to_string())),
            );
            let compiled = session.event("compiled");
            let applied = session.outcome();
            kind.live.push(since(start));
            assert_eq!(applied["event"], "applied", "{applied}");
            kind.replay.push(applied["ms"]["replay"].as_f64().unwrap());
            kind.compiled = compiled["crates"].as_array().unwrap().len();
            // Every crate but the leaf adds both to what those below it say.
            let expected = expected(number);
            assert_eq!(session.ask("?"), expected.to_string());
        }
        project.write(LEAF, &original);
        session.outcome();
        kind
    });
    session.signal("TERM");
    session.wait();
    measured.into()
}

/// What the top crate says when one of the two values is another.
fn expected(number: usize) -> usize {
    fn ways(crate_number: usize) -> usize {
        1 + ABOVE[crate_number]
            .iter()
            .map(|below| ways(*below))
            .sum::<usize>()
    }
    ways(ABOVE.len() - 1) * (number + 1)
}

fn lay_out() -> Project {
    let project = Project::empty("workspace");
    let package = |number: usize| format!("layer{number}");
    let dependency = |number: &usize| format!("layer{number} = {{ path = \"../layer{number}\" }}\n");
    let more: String = (0..30).map(filler).collect();
    for (number, below) in ABOVE.iter().enumerate() {
        let calls: String = below
            .iter()
            .map(|below| format!(" + layer{below}::value()"))
            .collect();
        let (dependencies, code) = match number {
            0 => (
                String::new(),
                "pub const N: u32 = 1;\npub fn value() -> u32 { 1 }\n".to_owned(),
            ),
            _ => (
                [0].iter().chain(*below).map(dependency).collect(),
                format!("pub fn value() -> u32 {{ layer0::N + layer0::value(){calls} }}\n"),
            ),
        };
        let package = package(number);
        project.write(
            &format!("{package}/Cargo.toml"),
            &format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"),
        );
        project.write(&format!("{package}/src/lib.rs"), &(code + &more));
    }
    let top = package(ABOVE.len() - 1);
    project.write(
        "Cargo.toml",
        &manifest(
            "workspace",
            &format!("{top} = {{ path = \"{top}\" }}\n\n[workspace]\nmembers = [\"layer*\"]\n"),
        ),
    );
    project.write(
        "src/main.rs",
        &format!(
            "#[hotpatch::hotpatch]\nfn value() -> u32 {{ {top}::value() }}\n\nfn main() {{\n    for _ in \
             std::io::stdin().lines() {{\n        println!(\"{{}}\", hotpatch::call(value));\n    }}\n}}\n"
        ),
    );
    project
}

/// Code that takes rustc some time.
fn filler(number: usize) -> String {
    format!(
        "pub fn filler{number}(count: u64) -> String {{\n    let parts: Vec<String> = (0..count).map(|part| \
         format!(\"{{part}}-{number}\")).collect();\n    parts.join(\",\")\n}}\n"
    )
}
