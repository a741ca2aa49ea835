//! Edits of one function among many: what the tool adds to rustc as crates grow.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::samples::{Samples, since};
use crate::session::Session;

/// How many functions the crates have, and how long they are then.
const SIZES: [(usize, &str); 2] = [(334, "5,000 lines"), (3_334, "50,000 lines")];

/// One crate.
pub(crate) struct Size {
    pub(crate) name: &'static str,
    /// From just before the file is written until `applied` is read.
    pub(crate) live: Samples,
    /// What of it rustc took.
    pub(crate) replay: Samples,
    /// What of it took finding out what changed, and whether it is safe.
    pub(crate) compare: Samples,
}

/// Makes the edits while the programs run.
pub(crate) fn measure(edits: usize) -> Vec<Size> {
    SIZES
        .map(|(functions, name)| {
            eprintln!("{name}: edits");
            measure_one(functions, name, edits)
        })
        .into()
}

fn measure_one(functions: usize, name: &'static str, edits: usize) -> Size {
    let source = source(functions);
    let project = Project::new("large", &source);
    let mut session = Session::start(&project, &["--target-dir", "target"]);
    // Nobody saves in the first second; the tool still reads the program.
    std::thread::sleep(Duration::from_secs(1));
    let mut size = Size {
        name,
        live: Samples::default(),
        replay: Samples::default(),
        compare: Samples::default(),
    };
    for number in 2..edits + 2 {
        let start = Instant::now();
        project.write(
            "src/main.rs",
            &source.replace("let start = 1;", &format!("let start = {number};")),
        );
        let applied = session.outcome();
        size.live.push(since(start));
        assert_eq!(applied["event"], "applied", "{applied}");
        size.replay.push(applied["ms"]["replay"].as_f64().unwrap());
        size.compare.push(applied["ms"]["compare"].as_f64().unwrap());
        assert!(session.ask("?").starts_with(&format!("{number} ")));
    }
    session.signal("TERM");
    session.wait();
    size
}

/// A program in which one hot function calls some of many, with a type of its own for each.
fn source(functions: usize) -> String {
    let mut source = String::from(
        "#[hotpatch::hotpatch]\nfn step() -> String { let start = 1; format!(\"{start} {}\", f0(start)) }\n\nfn main() {\n    for _ in \
         std::io::stdin().lines() {\n        println!(\"{}\", hotpatch::call(step));\n    }\n}\n",
    );
    for number in 0..functions {
        // Chains of twenty.
        let next = number + 1;
        let last = match next < functions && next % 20 != 0 {
            true => format!("f{next}(n + 1)"),
            false => "t.b.map_or(0, |b| b.len() as u32)".to_owned(),
        };
        let _ = write!(
            source,
            "#[derive(Clone, Debug)]\npub struct S{number} {{\n    a: u32,\n    b: Option<String>,\n    c: Vec<u8>,\n}}\n\
             pub fn f{number}(n: u32) -> u32 {{\n    let s = S{number} {{ a: n, b: Some(format!(\"{{n}} {number}\")), c: vec![1; 3] }};\n    \
             let t = s.clone();\n    match n % 3 {{\n        0 => t.a + {number},\n        1 => t.c.iter().map(|c| \
             u32::from(*c)).sum(),\n        _ => {last},\n    }}\n}}\n",
        );
    }
    source
}
