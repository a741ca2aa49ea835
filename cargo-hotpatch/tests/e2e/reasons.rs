//! What an edit does not reach is named with the reason, and what a patch leaves as it was is told.

use serde_json::Value;

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};

use hotpatch::hotpatch;

mod game {
    use super::*;

    #[inline(never)]
    pub fn setup() -> u32 { weigh(1) }
    #[inline(never)]
    fn weigh(x: u32) -> u32 { std::hint::black_box(x) + 1 }

    #[inline(never)]
    pub fn run(questions: &Sender<u32>) {
        let mut animals: Vec<Box<dyn Noise>> = vec![Box::new(Dog)];
        for line in std::io::stdin().lines() {
            let text = frame(&line.unwrap());
            println!("{text} {} {}", hotpatch::call(|| step(&mut animals)), TOTAL.load(Relaxed));
            questions.send(1).unwrap();
        }
    }
    #[inline(never)]
    fn frame(line: &str) -> String { format!("{line} {}", draw()) }
    #[inline(never)]
    fn draw() -> u32 { std::hint::black_box(10) }
}

trait Noise { fn noise(&self) -> u32; }
struct Dog;
impl Noise for Dog { fn noise(&self) -> u32 { std::hint::black_box(20) } }
struct Cat(u32);
impl Noise for Cat { fn noise(&self) -> u32 { std::hint::black_box(30) + self.0 } }

static TOTAL: AtomicU32 = AtomicU32::new(0);
static TABLE: [fn(u32) -> u32; 2] = [one, two];
fn one(x: u32) -> u32 { std::hint::black_box(x) + 1 }
fn two(x: u32) -> u32 { std::hint::black_box(x) * 2 }

#[hotpatch]
fn step(animals: &mut Vec<Box<dyn Noise>>) -> String {
    if animals.len() < 3 { animals.push(Box::new(Cat(animals.len() as u32 - 1))); }
    let noises: Vec<_> = animals.iter().map(|animal| animal.noise()).collect();
    format!("step {noises:?}")
}

#[hotpatch]
fn opening() -> u32 { std::hint::black_box(40) }

#[inline(never)]
fn worker(questions: Receiver<u32>) {
    while let Ok(question) = questions.recv() { TOTAL.fetch_add(answer(question), Relaxed); }
}
#[inline(never)]
fn answer(question: u32) -> u32 { std::hint::black_box(question) * 0 }
#[inline(never)]
fn lonely() -> u32 { std::hint::black_box(50) }
#[inline(always)]
fn small(x: u32) -> u32 { std::hint::black_box(x) + 60 }

fn main() {
    let (ask, questions) = channel();
    let thread = std::thread::spawn(move || worker(questions));
    let adder = |x: u32| std::hint::black_box(x) + 70;
    eprintln!("{} {} {} {}", game::setup(), opening(), adder(1), small(1));
    eprintln!("{}", TABLE.iter().map(|f| f(3)).sum::<u32>());
    game::run(&ask);
    drop(ask);
    thread.join().unwrap();
}
"#;

struct Case {
    name: &'static str,
    project: Project,
    session: Session,
}

impl Case {
    fn start(name: &'static str, arguments: &[&str]) -> Self {
        let project = Project::new(name, MAIN);
        let mut session = Session::start(&project, arguments);
        assert_eq!(session.ask("a"), "a 10 step [20, 30] 0");
        Self {
            name,
            project,
            session,
        }
    }

    fn edit(&mut self, from: &str, to: &str) -> Value {
        self.project.edit("src/main.rs", from, to);
        self.session.outcome()
    }

    /// An edit that reaches nothing. `N` stands for the name of the crate.
    fn refused(&mut self, from: &str, to: &str, function: &str, reason: &str) {
        let outcome = self.edit(from, to);
        assert_eq!(outcome["code"], "HP0401", "{outcome}");
        let expected = self.named(&format!("`{function}` is not live: {reason}"));
        let message = outcome["message"].as_str().unwrap();
        assert!(message.contains(&expected), "{expected}\nis not in\n{message}");
        for library in ["core::", "std::", "alloc::", "__hotpatch"] {
            assert!(!message.contains(library), "{message}");
        }
    }

    /// An edit that is applied, with this note.
    fn noted(&mut self, from: &str, to: &str, function: &str, note: &str) {
        let outcome = self.edit(from, to);
        assert_eq!(outcome["event"], "applied", "{outcome}");
        assert_eq!(
            outcome["functions"],
            serde_json::json!([self.named(function)]),
            "{outcome}"
        );
        assert_eq!(
            outcome["notes"],
            serde_json::json!([self.named(note)]),
            "{outcome}"
        );
    }

    fn named(&self, text: &str) -> String {
        text.replace("N::", &format!("{}::", self.name))
    }
}

#[test]
fn each_reason_in_a_debug_build() {
    let mut case = Case::start("reasons_debug", &[]);
    case.refused(
        "weigh(1)",
        "weigh(2)",
        "N::game::setup",
        "only called by `N::main`, which runs once",
    );
    what_is_called_from_elsewhere(&mut case);
    case.refused(
        "{line} {}",
        "{line}: {}",
        "N::game::frame",
        "only called from the loop in `N::game::run`, which is not entered again",
    );
    case.refused(
        "TOTAL.fetch_add(",
        "TOTAL.fetch_sub(",
        "N::worker",
        "only called from the thread that `N::main` started",
    );
    case.refused(
        "black_box(x) * 2",
        "black_box(x) * 3",
        "N::two",
        "only called by `N::main`, which runs once",
    );
    case.refused(
        "black_box(x) + 70",
        "black_box(x) + 71",
        "N::main::{{closure}}",
        "only called by `N::main`, which runs once",
    );
    case.refused("black_box(50)", "black_box(51)", "N::lonely", "nothing calls it");

    // Both lists.
    let source = case.project.read("src/main.rs");
    let source = source
        .replace("\"step {", "\"Step {")
        .replace("weigh(2)", "weigh(3)");
    case.project.write("src/main.rs", &source);
    let both = case.session.outcome();
    assert_eq!(
        both["functions"],
        serde_json::json!([case.named("N::step")]),
        "{both}"
    );
    let setup = serde_json::json!([{
        "function": case.named("N::game::setup"),
        "reason": case.named("only called by `N::main`, which runs once"),
    }]);
    assert_eq!(both["unreached"], setup, "{both}");
    assert_eq!(both["notes"], serde_json::json!([]), "{both}");
    case.session
        .message(&case.named("note: `N::game::setup` is not live: only called by `N::main`"));

    what_a_live_patch_leaves(&mut case);
    assert_eq!(case.session.ask("b"), "b 10 Step [20, 30, 32] 0");
    assert!(case.session.finish().success());
}

#[test]
fn each_reason_in_a_release_build() {
    let mut case = Case::start("reasons_release", &["--release"]);
    what_is_called_from_elsewhere(&mut case);
    case.refused(
        "black_box(x) * 2",
        "black_box(x) * 3",
        "N::two",
        "inlined into `N::main`, which runs once",
    );
    what_a_live_patch_leaves(&mut case);
    assert_eq!(case.session.ask("b"), "b 10 step [20, 30, 32] 0");
    assert!(case.session.finish().success());
}

fn what_is_called_from_elsewhere(case: &mut Case) {
    case.refused(
        "(x) + 1 }\n\n",
        "(x) + 2 }\n\n",
        "N::game::weigh",
        "only called by `N::game::setup`, which only `N::main` calls",
    );
    case.refused(
        "black_box(10)",
        "black_box(11)",
        "N::game::draw",
        "only called by `N::game::frame`, from the loop in `N::game::run`, which is not entered again",
    );
    case.session
        .message(&case.named("put `#[hotpatch]` on `N::game::frame`"));
    case.refused(
        "* 0 }",
        "* 2 }",
        "N::answer",
        "only called from the loop in `N::worker`, on the thread that `N::main` started",
    );
    case.refused(
        "black_box(20)",
        "black_box(21)",
        "<N::Dog as N::Noise>::noise",
        "only called through objects that `N::game::run` made, which keep the old code",
    );
    case.session
        .message("a method behind a trait object keeps its old code");
    case.refused(
        "black_box(x) + 60",
        "black_box(x) + 61",
        "N::small",
        "inlined into `N::main`, which runs once",
    );
    // Lines that move are no news, wherever they are.
    let moved = case.edit("use std::sync::atomic", "// Begins.\n\nuse std::sync::atomic");
    assert_eq!(moved["event"], "nothing-to-do", "{moved}");
}

/// Old code that goes on although the patch is live.
fn what_a_live_patch_leaves(case: &mut Case) {
    let objects = "objects that exist keep the old code of `<N::Cat as N::Noise>::noise`; those made from now on have \
                   the new code";
    case.noted("black_box(30)", "black_box(31)", "N::step", objects);
    let once = "`N::opening` is called only once: if that call is running, it goes on with the old code; the new code \
                needs another call";
    case.noted("black_box(40)", "black_box(41)", "N::opening", once);
}
