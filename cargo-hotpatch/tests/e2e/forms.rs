//! Every form that a hot function can have: methods of traits, generic functions, futures, closures, whole blocks.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use hotpatch::hotpatch;

trait Shape {
    fn name(&self) -> String;
    #[hotpatch] fn twice(&self) -> String { format!("{0}-{0}", self.name()) }
}
struct Square(u32);
struct Grid<T>(T);
impl Shape for Square { #[hotpatch] fn name(&self) -> String { "square".into() } }
#[hotpatch]
impl<T: Debug> Shape for Grid<T> { fn name(&self) -> String { format!("grid {:?}", self.0) } }
impl Display for Square {
    #[hotpatch] fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "S{}", self.0) }
}
struct Count(u32);
impl Iterator for Count {
    type Item = u32;
    #[hotpatch] fn next(&mut self) -> Option<Self::Item> { self.0 += 1; (self.0 < 3).then_some(self.0) }
}
struct Stack<T, const N: usize>(Vec<T>);
impl<T: Clone, const N: usize> Stack<T, N> {
    #[hotpatch] fn push(&mut self, item: T) -> usize { self.0.push(item); self.0.len() * N }
}

#[hotpatch] fn show<T: Debug>(x: &T) -> String { format!("<{x:?}>") }
#[hotpatch] fn any(x: impl Display) -> String { format!("any {x}") }
#[hotpatch] fn evens() -> impl Iterator<Item = u32> { (0..6).filter(|x| x % 2 == 0) }
// Optimised builds would make one function of the instances.
#[hotpatch] fn one<T>(_: T) -> u32 { 1 }
#[hotpatch] fn hot() -> String { String::from("hot") }

struct Pause(bool);
impl Future for Pause {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
#[hotpatch] async fn load(n: &mut u32) -> u32 { *n += 1; Pause(false).await; *n }
async fn forever() { let mut n = 0; loop { print!("{} ", load(&mut n).await); } }

#[hotpatch]
mod block { pub fn inside() -> u32 { 1 } pub mod deep { pub fn down() -> u32 { 2 } } }

fn main() {
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(3)), Box::new(Grid(4_u8))];
    let mut running = pin!(forever());
    let mut stack = Stack::<_, 2>(vec!['a']);
    let (mut asked, mark) = (0, String::from("!"));
    for line in std::io::stdin().lines() {
        let _ = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let shapes: Vec<_> = shapes.iter().map(|shape| format!("{} {}", shape.name(), shape.twice())).collect();
        let closure = hotpatch::call(|| { asked += 1; format!("asked {}", asked > 0) });
        let other = hotpatch::call(|| format!("other{mark}"));
        let all: Vec<_> = evens().collect();
        println!("{} | {} | {} {:?} {} {} {} {all:?} {}{} {} {} {} | {closure} | {other}", line.unwrap(), shapes.join(", "),
            Square(9), Count(0).collect::<Vec<_>>(), stack.push('b') % 2, show(&'c'), any("d"), one(0_u32), one('e'),
            hot(), block::inside(), block::deep::down());
    }
}
"#;

/// What the program answers at first, without what the future prints.
const BEFORE: &str = "x | square square-square, grid 4 grid 4-grid 4 | S9 [1, 2] 0 <'c'> any d [0, 2, 4] 11 hot 1 2 | \
                      asked true | other!";

/// An edit, the functions that are published (or the code and a part of the message), and what changes in the answer.
type Case = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

const CASES: &[Case] = &[
    // Instances are told by their arguments; legacy symbols of an impl have `T`, others the argument.
    (
        "{0}-{0}",
        "{0}+{0}",
        &[
            "forms::Shape::twice::<forms::Grid<u8>>",
            "forms::Shape::twice::<forms::Square>",
        ],
        "square-square, grid 4 grid 4-grid 4",
        "square+square, grid 4 grid 4+grid 4",
    ),
    (
        "\"square\"",
        "\"SQUARE\"",
        &["<forms::Square as forms::Shape>::name"],
        "square square-square",
        "SQUARE SQUARE-SQUARE",
    ),
    (
        "grid {:?}",
        "GRID {:?}",
        &["<forms::Grid<T> as forms::Shape>::name::<u8>"],
        "grid 4 grid 4-grid 4",
        "GRID 4 GRID 4-GRID 4",
    ),
    (
        "\"S{}\"",
        "\"Z{}\"",
        &["<forms::Square as core::fmt::Display>::fmt"],
        "S9",
        "Z9",
    ),
    (
        "self.0 < 3",
        "self.0 < 5",
        &["<forms::Count as core::iter::traits::iterator::Iterator>::next"],
        "[1, 2]",
        "[1, 2, 3, 4]",
    ),
    (
        "self.0.len() * N",
        "self.0.len() * N + 1",
        &["forms::Stack<T,_>::push::<char, 2>"],
        "] 0 <",
        "] 1 <",
    ),
    ("<{x:?}>", "[{x:?}]", &["forms::show::<char>"], "<'c'>", "['c']"),
    ("any {x}", "ANY {x}", &["forms::any::<&str>"], "any d", "ANY d"),
    // The code of an opaque type belongs to who uses it.
    (
        "x % 2",
        "x % 3",
        &["HP0401", "forms::evens::{{closure}}", "`forms::main`"],
        "",
        "",
    ),
    (
        "-> u32 { 1 }\n#[hotpatch] fn hot",
        "-> u32 { size_of::<T>() as u32 + 3 }\n#[hotpatch] fn hot",
        &["forms::one::<char>", "forms::one::<u32>"],
        " 11 ",
        " 77 ",
    ),
    // An instance that the program never had.
    (
        "String::from(\"hot\")",
        "show(&1.5) + &show(&2.5)",
        &["forms::hot"],
        "hot",
        "<1.5><2.5>",
    ),
    (
        "inside() -> u32 { 1 }",
        "inside() -> u32 { 11 }",
        &["forms::block::inside"],
        "hot 1 2",
        "hot 11 2",
    ),
    (
        "down() -> u32 { 2 }",
        "down() -> u32 { 22 }",
        &["forms::block::deep::down"],
        "hot 1 2",
        "hot 1 22",
    ),
    (
        "asked {}\", asked",
        "ASKED {}\", asked",
        &["forms::main::{closure#1}"],
        "asked",
        "ASKED",
    ),
    (
        "other{mark}",
        "OTHER{mark}",
        &["forms::main::{closure#2}"],
        "other",
        "OTHER",
    ),
    (
        "format!(\"other{mark}\")",
        "format!(\"other{mark}{asked}\")",
        &[
            "HP0203",
            "`forms::main::{closure#2}`: what the closure captures changed",
            "mark: &alloc::string::String, asked: &i32",
        ],
        "",
        "",
    ),
];

/// A question, and what the program answers. The future, which is asked first, says what it has counted.
fn answer(session: &mut Session, counted: &mut u32) -> String {
    let answer = session.ask("x");
    let Some((number, rest)) = answer.split_once(" x ") else {
        return answer;
    };
    *counted = number.parse().unwrap();
    format!("x {rest}")
}

fn check(session: &mut Session, edit: &str, expected: &str) {
    assert_eq!(answer(session, &mut 0), expected, "{edit}");
}

fn forms(arguments: &[&str]) {
    let project = Project::new("forms", MAIN);
    let mut session = Session::start(&project, arguments);
    check(&mut session, "nothing", BEFORE);
    for (from, to, expected, before, after) in CASES {
        assert_eq!(MAIN.matches(from).count(), 1, "{from}");
        project.write("src/main.rs", &MAIN.replace(from, to));
        let outcome = session.outcome();
        let is_refused = expected[0].starts_with("HP");
        match is_refused {
            true => assert_eq!(outcome["code"], expected[0], "{to}: {outcome}"),
            false => assert_eq!(outcome["event"], "applied", "{to}: {outcome}"),
        }
        let said = outcome.to_string();
        assert!(expected.iter().all(|part| said.contains(part)), "{to}: {outcome}");
        check(&mut session, to, &BEFORE.replace(before, after));
        project.write("src/main.rs", MAIN);
        let expected = if is_refused { "nothing-to-do" } else { "applied" };
        assert_eq!(session.outcome()["event"], expected, "{to}");
        check(&mut session, to, BEFORE);
    }
    futures(&project, &mut session);
    renumbered(&project, &mut session);
    assert!(session.finish().success());
}

/// A running future ends on the code that it began with, and its next call is one of the new code, whose state is of
/// another size.
fn futures(project: &Project, session: &mut Session) {
    let (mut before, mut now) = (0, 0);
    answer(session, &mut before);
    project.write(
        "src/main.rs",
        &MAIN.replace(
            "*n += 1; Pause(false).await;",
            "*n += 1000; let big = [7_u8; 300]; Pause(false).await; *n += big[3] as u32 - 7;",
        ),
    );
    assert_eq!(session.applied(), ["forms::load"]);
    answer(session, &mut now);
    assert_eq!(now, before + 1);
    answer(session, &mut now);
    assert_eq!(now, before + 1001);
    project.write("src/main.rs", MAIN);
    assert_eq!(session.applied(), ["forms::load"]);
    answer(session, &mut now);
    assert_eq!(now, before + 2001);
    answer(session, &mut now);
    assert_eq!(now, before + 2002);
}

/// A closure that is inserted moves the numbers of those behind it.
fn renumbered(project: &Project, session: &mut Session) {
    let inserted = MAIN.replace("let closure = ", "hotpatch::call(|| ()); let closure = ");
    project.write("src/main.rs", &inserted);
    // In optimised code another function may have become another one with it.
    let outcome = session.outcome().to_string();
    assert!(outcome.contains("forms::main"), "{outcome}");
    check(session, "an inserted closure", BEFORE);
    project.write("src/main.rs", &inserted.replace("other{mark}", "OTHER{mark}"));
    assert!(session.applied().contains(&"forms::main::{closure#3}".to_owned()));
    check(session, "the one behind", &BEFORE.replace("other", "OTHER"));
    project.write("src/main.rs", MAIN);
    assert!(session.applied().contains(&"forms::main::{closure#2}".to_owned()));
    check(session, "back", BEFORE);
}

#[test]
fn every_form_in_a_debug_build() {
    forms(&[]);
}

#[test]
fn every_form_in_a_release_build() {
    forms(&["--release"]);
}
