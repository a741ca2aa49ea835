//! Edits that move code around: what did not change keeps its identity, its state and its silence.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use hotpatch::hotpatch;

struct W;
// HERE
impl W {
    fn bump(&self) -> u32 {
        static N: AtomicU32 = AtomicU32::new(0);
        N.fetch_add(1, Relaxed)
    }
    #[hotpatch]
    fn render(&self) -> String {
        static FRAMES: AtomicU32 = AtomicU32::new(10);
        format!("frame {}", FRAMES.fetch_add(1, Relaxed))
    }
}

#[hotpatch]
fn step() -> String { format!("n {}", W.bump()) }

fn main() {
    for line in std::io::stdin().lines() {
        println!("{} {} {}", line.unwrap(), hotpatch::call(step), hotpatch::call(|| W.render()));
    }
}
"#;

fn an_impl_is_inserted(name: &str, arguments: &[&str]) {
    let project = Project::new(name, MAIN);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("a"), "a n 0 frame 10");
    project.edit(
        "src/main.rs",
        "// HERE",
        "impl From<W> for u8 { fn from(_: W) -> u8 { 7 } }\n// HERE",
    );
    let outcome = session.outcome();
    assert!(
        ["nothing-to-do", "refused"].contains(&outcome["event"].as_str().unwrap()),
        "{outcome}"
    );
    project.edit("src/main.rs", "\"frame {}\"", "\"FRAME {}\"");
    assert_eq!(session.applied(), [format!("{name}::W::render")]);
    assert_eq!(session.ask("b"), "b n 1 FRAME 11");
    project.edit("src/main.rs", "\"n {}\"", "\"N {}\"");
    project.edit("src/main.rs", "// HERE", "impl Default for W { fn default() -> W { W } }\nimpl Copy for W {}\nimpl Clone for W { fn clone(&self) -> W { *self } }\n// HERE");
    while !session.ask("c").contains("N ") {
        session.outcome();
    }
    assert!(session.ask("d").starts_with("d N "));
    let answer = session.ask("e");
    let number = |text: &str| {
        answer
            .split(text)
            .nth(1)
            .unwrap()
            .trim()
            .split(' ')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    assert_eq!(number("FRAME"), number("N ") + 10);
    assert!(session.finish().success());
}

#[test]
fn an_impl_inserted_above_changes_nothing_below_in_a_debug_build() {
    an_impl_is_inserted("moves_debug", &[]);
}

#[test]
fn an_impl_inserted_above_changes_nothing_below_in_a_release_build() {
    an_impl_is_inserted("moves_release", &["--release"]);
}
