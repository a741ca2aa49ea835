//! Edits that change what live memory looks like are refused, and the old code runs on.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::collections::HashMap;
use std::sync::Mutex;

use hotpatch::hotpatch;

pub struct Player { hp: u16, name: String }
pub enum Kind { Calm, Angry(u32) }
#[derive(Clone, Copy)]
pub enum Mood { Good, Bad }
pub struct Blob(u32);
pub struct Ray(u32);
pub trait Shape { fn hit(&self, _ray: &Ray) {} fn area(&self) -> u32; }
pub struct Square(u32);
impl Shape for Square { fn area(&self) -> u32 { self.0 * self.0 } }
pub struct Table { rows: u32 }
struct Scratch { sum: u32 }
type Number = u32;

pub struct World {
    players: Vec<Player>,
    kinds: HashMap<u32, Box<Kind>>,
    moods: Option<[Mood; 2]>,
    shapes: Vec<Box<dyn Shape>>,
    callback: Box<dyn Fn(u32) -> u32>,
    any: Box<dyn std::any::Any>,
    future: std::pin::Pin<Box<dyn Future<Output = u32>>>,
}

async fn later(n: u32) -> u32 { let kept = n; std::future::ready(1).await + kept as u32 }

static TABLE: Mutex<Table> = Mutex::new(Table { rows: 1 });

#[hotpatch]
fn step(world: &mut World) -> String {
    let mut scratch = Scratch { sum: 0 };
    scratch.sum += u32::from(world.players[0].hp) + world.players[0].name.len() as u32;
    scratch.sum += world.kinds.values().map(|kind| match **kind { Kind::Calm => 1, Kind::Angry(n) => n }).sum::<u32>();
    scratch.sum += world.moods.iter().flatten().map(|mood| match mood { Mood::Good => 10, Mood::Bad => 20 }).sum::<u32>();
    scratch.sum += world.shapes.iter().map(|shape| shape.area()).sum::<u32>();
    scratch.sum += TABLE.lock().unwrap().rows + (world.callback)(1) + numbers(2).sum::<u32>();
    scratch.sum += world.any.is::<Blob>() as u32;
    world.future = Box::pin(later(scratch.sum));
    format!("sum {} {}", scratch.sum, twice(2))
}

#[hotpatch]
fn numbers(n: u32) -> impl Iterator<Item = u32> { let k = 2; (0..n).map(move |i| i * k as u32) }

#[hotpatch]
fn twice(n: Number) -> Number { n + n }

fn main() {
    let extra = 7;
    let mut world = World {
        players: vec![Player { hp: 100, name: "Ada".into() }],
        kinds: HashMap::from([(1, Box::new(Kind::Angry(5))), (2, Box::new(Kind::Calm))]),
        moods: Some([Mood::Good, Mood::Bad]),
        shapes: vec![Box::new(Square(3))],
        callback: Box::new(move |n| n + extra),
        any: Box::new(Blob(1)),
        future: Box::pin(later(1)),
    };
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(|| step(&mut world)));
    }
}
"#;

/// `(from, to, code, what the message must say)`
const REFUSED: &[(&str, &str, &str, &[&str])] = &[
    (
        "hp: u16, name",
        "hp: u32, name",
        "HP0203",
        &[
            "the layout of `layouts::Player` changed",
            "hp: u16 -> hp: u32, offset ",
            "reached by argument 1 `&mut World` of `layouts::step` -> `World.players: Vec<Player>`",
        ],
    ),
    (
        "hp: u16, name",
        "hp: u16, armor: u64, name",
        "HP0203",
        &["new armor: u64, offset ", "size of Player 32 -> 40"],
    ),
    (
        "{ Calm, Angry(u32) }",
        "{ Calm, Happy(u64), Angry(u32) }",
        "HP0203",
        &["`layouts::Kind`", "new variant Happy { 0: u64 }"],
    ),
    ("{ Good, Bad }", "{ Bad, Good }", "HP0203", &["`layouts::Mood`"]),
    (
        "fn area(&self) -> u32; }",
        "fn sides(&self) -> u32 { 4 } fn area(&self) -> u32; }",
        "HP0203",
        &[
            "the methods of the trait objects `dyn Shape` changed",
            "hit, area -> hit, sides, area",
        ],
    ),
    (
        "fn area(&self) -> u32; }",
        "fn area(&self) -> u32; fn sides(&self) -> u32 { 4 } }",
        "HP0203",
        &[
            "the methods of the trait objects `dyn Shape` changed",
            "hit, area -> hit, area, sides",
        ],
    ),
    (
        "pub struct Blob(u32)",
        "pub struct Blob(u64)",
        "HP0203",
        &["`layouts::Blob`", "`TypeId::of::<Blob>()`"],
    ),
    (
        "pub struct Ray(u32)",
        "pub struct Ray(u64)",
        "HP0203",
        &["`layouts::Ray`", "`World.shapes: Vec<Box<dyn Shape>>`"],
    ),
    (
        "pub struct Table { rows: u32 }",
        "pub struct Table { rows: u32, columns: u32 }",
        "HP0203",
        &["`layouts::Table`", "static `layouts::TABLE: Mutex<Table>`"],
    ),
    (
        "let k = 2;",
        "let k = 2_u64;",
        "HP0203",
        &[
            "what a closure of `layouts::numbers` captures",
            "k: i32 -> k: u64",
            "that `layouts::numbers` returns",
        ],
    ),
    ("type Number = u32", "type Number = u64", "HP0201", &["twice"]),
    (
        "    callback: Box<dyn",
        "    more: u8,\n    callback: Box<dyn",
        "HP0203",
        &["`layouts::World`", "argument 1", "layouts::step"],
    ),
];

fn layouts(arguments: &[&str]) {
    let project = Project::new("layouts", MAIN);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("a"), "a sum 160 4");
    for (from, to, code, says) in REFUSED {
        // What the edit needs elsewhere to compile.
        let edited = MAIN
            .replace(from, to)
            .replace(
                "hp: 100,",
                if to.contains("armor") {
                    "hp: 100, armor: 1,"
                } else {
                    "hp: 100,"
                },
            )
            .replace(
                "u32::from(world",
                if to.contains("hp: u32") {
                    "(world"
                } else {
                    "u32::from(world"
                },
            )
            .replace(
                "Kind::Calm => 1,",
                if to.contains("Happy") {
                    "Kind::Calm | Kind::Happy(_) => 1,"
                } else {
                    "Kind::Calm => 1,"
                },
            )
            .replace(
                "Table { rows: 1 }",
                if to.contains("columns") {
                    "Table { rows: 1, columns: 1 }"
                } else {
                    "Table { rows: 1 }"
                },
            )
            .replace(
                "players: vec",
                if to.contains("more") {
                    "more: 1, players: vec"
                } else {
                    "players: vec"
                },
            )
            .replace("\"sum {}", "\"SUM {}");
        project.write("src/main.rs", &edited);
        let outcome = session.outcome();
        assert_eq!(
            (outcome["event"].as_str(), outcome["code"].as_str()),
            (Some("refused"), Some(*code)),
            "{to}: {outcome}"
        );
        let message = outcome["message"].as_str().unwrap();
        for text in *says {
            assert!(message.contains(text), "{to}: {message}");
        }
        assert_eq!(session.ask("b"), "b sum 160 4", "{to}");
        project.write("src/main.rs", MAIN);
        assert_eq!(session.outcome()["event"], "nothing-to-do", "{to}");
    }
    // A type that only lives inside one call may change.
    project.edit(
        "src/main.rs",
        "struct Scratch { sum: u32 }",
        "struct Scratch { unused: [u64; 4], sum: u32 }",
    );
    project.edit(
        "src/main.rs",
        "Scratch { sum: 0 }",
        "Scratch { unused: [1; 4], sum: 1 }",
    );
    while session.ask("c") != "c sum 161 4" {
        session.outcome();
    }
    // So may what is only reached through the methods that it was made with: old values keep these.
    for (from, to) in [
        ("pub struct Square(u32)", "pub struct Square(u64)"),
        ("self.0 * self.0", "(self.0 * self.0) as u32"),
        ("let kept = n;", "let kept = u64::from(n);"),
        ("\"sum {}", "\"Sum {}"),
    ] {
        project.edit("src/main.rs", from, to);
    }
    while session.ask("d") != "d Sum 161 4" {
        session.outcome();
    }
    assert!(session.finish().success());
}

#[test]
fn changed_layouts_are_refused_in_a_debug_build() {
    layouts(&[]);
}

#[test]
fn changed_layouts_are_refused_in_a_release_build() {
    layouts(&["--release"]);
}
