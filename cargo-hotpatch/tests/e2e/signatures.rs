//! A changed signature makes another function: new callers reach it, old callers keep the old one, and nobody calls
//! through types that it was not compiled for.

use serde_json::Value;

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use hotpatch::hotpatch;

mod one { #[derive(Clone, Copy)] pub struct Thing(pub u32); }
mod two { #[derive(Clone, Copy)] pub struct Thing(pub f32); }
use one::Thing;
type Alias = u32;
pub struct Pair<T = u32>(T);
struct Player { hp: u32 }

impl Player {
    #[hotpatch]
    fn hurt(&mut self, by: u32) -> u32 { self.hp += by; self.hp }
}

#[hotpatch] fn area(w: u32, h: u32) -> u32 { w * 10 + h }
#[hotpatch] fn alias(n: Alias) -> u64 { n as u64 + 1 }
#[hotpatch] fn thing(thing: Thing) -> u32 { thing.0 as u32 }
// The same code as the one above: an optimised build makes one of them.
#[hotpatch] fn pair(pair: Pair) -> u32 { pair.0 as u32 }
#[hotpatch] fn pattern((a, b): (u32, u32)) -> u32 { a * 100 + b }
fn helper() -> String { format!("{} {} {}", area(1, 2), alias(7), pattern((3, 4))) }

#[hotpatch]
fn step(player: &mut Player, n: u32) -> String {
    format!("{} {} {} {} {n}", helper(), player.hurt(1), thing(Thing(9 as _)), pair(Pair(8)))
}

fn direct() -> u32 { area(5, 6) }

fn main() {
    let mut player = Player { hp: 1 };
    let (ask, questions) = std::sync::mpsc::channel::<()>();
    let (answers, hear) = std::sync::mpsc::channel::<u32>();
    std::thread::spawn(move || while questions.recv().is_ok() { answers.send(hotpatch::call(|| area(7, 8))).unwrap() });
    for line in std::io::stdin().lines() {
        ask.send(()).unwrap();
        println!("{} {} | {} {}", line.unwrap(), hotpatch::call(|| step(&mut player, 1)), direct(), hear.recv().unwrap());
    }
}
"#;

/// What the edits of a signature lead to.
struct Case {
    edits: &'static [(&'static str, &'static str)],
    /// `applied`, or the code of a refusal.
    outcome: &'static str,
    /// What the message or the notes say.
    says: &'static [&'static str],
    /// What the program answers then; `#` stands for a number that counts.
    answer: &'static str,
}

const BEFORE: &str = "x 12 8 304 # 9 8 1 | 56 78";

const CASES: &[Case] = &[
    Case {
        edits: &[("area(w: u32, h: u32)", "area(h: u32, w: u32)")],
        outcome: "applied",
        says: &[],
        answer: "x 21 8 304 # 9 8 1 | 65 87",
    },
    Case {
        edits: &[
            (
                "area(w: u32, h: u32) -> u32 { w",
                "area(w: f32, h: u32) -> u32 { 7 + w as u32",
            ),
            ("area(1,", "area(1.5,"),
            ("area(5,", "area(5.5,"),
            ("area(7,", "area(7.5,"),
        ],
        outcome: "applied",
        says: &[
            "`signatures::area` has a new signature: ",
            ", `fn(u32, u32) -> u32`, with its old code",
        ],
        // The closure that is given to `call` is hot; `direct` is not.
        answer: "x 19 8 304 # 9 8 1 | 56 85",
    },
    Case {
        edits: &[
            (
                "fn hurt(&mut self, by: u32)",
                "fn hurt(&mut self, by: u32, times: u32)",
            ),
            ("hurt(1)", "hurt(1, 2)"),
            ("+= by", "+= by * times - 1"),
        ],
        outcome: "applied",
        says: &[],
        answer: BEFORE,
    },
    Case {
        edits: &[(
            "((a, b): (u32, u32)) -> u32 { a * 100 + b }",
            "(both: (u32, u32)) -> u32 { both.0 * 10 + both.1 }",
        )],
        outcome: "applied",
        says: &[],
        answer: "x 12 8 34 # 9 8 1 | 56 78",
    },
    Case {
        edits: &[
            ("type Alias = u32", "type Alias = f32"),
            ("alias(7)", "alias(7.0)"),
        ],
        outcome: "HP0201",
        says: &["`signatures::alias`", "`fn(u32) -> u64` -> `fn(f32) -> u64`"],
        answer: BEFORE,
    },
    Case {
        edits: &[("use one::Thing", "use two::Thing")],
        outcome: "HP0201",
        says: &[
            "`signatures::thing`",
            "fn(signatures::one::Thing)",
            "fn(signatures::two::Thing)",
        ],
        answer: BEFORE,
    },
    Case {
        edits: &[("Pair<T = u32>", "Pair<T = u64>")],
        outcome: "HP0201",
        says: &[
            "`signatures::pair`",
            "fn(signatures::Pair<u32>)",
            "fn(signatures::Pair<u64>)",
        ],
        answer: BEFORE,
    },
    // Refused for another reason: the new signature leaves no trace.
    Case {
        edits: &[
            ("alias(n: Alias) -> u64", "alias(n: Alias, m: u64) -> u64"),
            ("alias(7)", "alias(7, 8)"),
            ("Player { hp: u32 }", "Player { hp: u32, mp: u64 }"),
            ("Player { hp: 1 }", "Player { hp: 1, mp: 1 }"),
        ],
        outcome: "HP0203",
        says: &["the layout of `signatures::Player` changed"],
        answer: BEFORE,
    },
    Case {
        edits: &[("n: u32) -> String", "n: u64) -> String")],
        outcome: "applied",
        says: &[],
        answer: BEFORE,
    },
];

fn check(session: &mut Session, case: &Case, outcome: &Value) {
    let edits = case.edits;
    match case.outcome {
        "applied" => assert_eq!(outcome["event"], "applied", "{edits:?}: {outcome}"),
        code => assert_eq!(outcome["code"], code, "{edits:?}: {outcome}"),
    }
    let said = outcome.to_string();
    for text in case.says {
        assert!(said.contains(text), "{edits:?}: {outcome}");
    }
    if case.outcome == "applied" && case.says.is_empty() {
        assert!(!said.contains("new signature"), "{edits:?}: {outcome}");
    }
    assert_answer(session, case.answer);
}

fn assert_answer(session: &mut Session, expected: &str) {
    let answer = session.ask("x");
    let words = answer.split(' ').zip(expected.split(' '));
    let agree = words
        .clone()
        .all(|(word, expected)| expected == "#" || word == expected);
    assert!(
        agree && answer.split(' ').count() == words.count(),
        "{answer} is not {expected}"
    );
}

fn signatures(arguments: &[&str]) {
    let project = Project::new("signatures", MAIN);
    let mut session = Session::start(&project, arguments);
    assert_answer(&mut session, BEFORE);
    for case in CASES {
        let edited = case.edits.iter().fold(MAIN.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        project.write("src/main.rs", &edited);
        let outcome = session.outcome();
        check(&mut session, case, &outcome);
        // The old signature is live again.
        project.write("src/main.rs", MAIN);
        let event = session.outcome()["event"].clone();
        let expected = if case.outcome == "applied" {
            "applied"
        } else {
            "nothing-to-do"
        };
        assert_eq!(event, expected, "{:?}", case.edits);
        assert_answer(&mut session, BEFORE);
    }
    assert!(session.finish().success());
}

#[test]
fn changed_signatures_in_a_debug_build() {
    signatures(&[]);
}

#[test]
fn changed_signatures_in_a_release_build() {
    signatures(&["--release"]);
}
