//! Values in `State`s whose type changes while the program runs: there and back, under load, and what stands against it.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use hotpatch::{Migrate, State, hotpatch};

#[derive(Migrate)]
struct Player { name: String, hp: u16 }

#[derive(Migrate)]
struct World { players: Vec<Player>, ticks: u64 }

impl World {
    fn fresh(name: &str) -> Self {
        World { players: vec![Player { name: name.into(), hp: 10 }], ticks: 0 }
    }
}

#[hotpatch]
fn tick(world: &mut World) -> String {
    world.ticks += 1;
    world.players[0].hp = 10 + world.ticks as u16 % 5;
    shown(&world.players[0])
}

#[hotpatch]
fn shown(player: &Player) -> String {
    format!("{} {}", player.name, player.hp)
}

static TICKS: AtomicU64 = AtomicU64::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

fn main() {
    let world = Arc::new(Mutex::new(State::new(World::fresh("ada"))));
    let (go, went) = channel::<()>();
    let mut went = Some(went);
    let mut threads = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (word, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number: u64 = number.parse().unwrap();
        match word {
            "tick" => println!("{}", world.lock().unwrap().with_mut(|world| tick(world))),
            "new" => {
                let mut other = State::new(World::fresh("bob"));
                println!("{}", other.with_mut(|world| tick(world)));
            }
            "hold" => {
                let went = went.take().unwrap();
                let (enter, entered) = channel();
                std::thread::Builder::new().name("holder".into()).spawn(move || {
                    let held = State::new(World::fresh("eve"));
                    held.with(|world| { enter.send(world.ticks).unwrap(); went.recv().unwrap(); });
                }).unwrap();
                println!("held at {}", entered.recv().unwrap());
            }
            "go" => { go.send(()).unwrap(); println!("gone"); }
            "run" => {
                for _ in 0..number {
                    let (world, mut own) = (world.clone(), State::new(World::fresh("own")));
                    threads.push(std::thread::spawn(move || {
                        let mut ticks = 0;
                        while !STOP.load(Ordering::Relaxed) {
                            let answer = own.with_mut(|world| tick(world));
                            assert!(answer.starts_with("own 1"), "{answer}");
                            world.lock().unwrap().with_mut(|world| tick(world));
                            TICKS.fetch_add(1, Ordering::Relaxed);
                            ticks += 1;
                        }
                        assert_eq!(own.with(|world| world.ticks), ticks);
                    }));
                }
                println!("running");
            }
            "stop" => {
                STOP.store(true, Ordering::Relaxed);
                threads.drain(..).for_each(|thread| thread.join().unwrap());
                let ticks = world.lock().unwrap().with(|world| world.ticks);
                println!("{}", if ticks == TICKS.load(Ordering::Relaxed) { "none lost" } else { "lost" });
            }
            "inside" => {
                let world = world.lock().unwrap();
                println!("{}", world.with(|_| hotpatch::rollback(number).unwrap_err().code()));
            }
            "to" => match hotpatch::rollback(number) {
                Ok(back) => println!("to {}: {}", back.to, back.migrated.iter().map(|of| of.values).sum::<usize>()),
                Err(refusal) => println!("{refusal}"),
            },
            "churn" => {
                for round in 0..number {
                    hotpatch::rollback(round % 2).unwrap();
                }
                println!("{}", hotpatch::generation() > number);
            }
            _ => println!("what?"),
        }
    }
}
"#;

/// Adds a field to the player, and the way down to what it was.
fn with_mana(project: &Project) {
    let main = project.read("src/main.rs");
    let main = main.replace("#[derive(Migrate)]\nstruct Player { name: String, hp: u16 }",
        "#[derive(Migrate)]\n#[migrate(version = 2, down)]\nstruct Player { mana: u64, name: String, hp: u16 }");
    let main = main.replace("hp: 10 }", "hp: 10, mana: 7 }");
    project.write(
        "src/main.rs",
        &main.replace(
            "\"{} {}\", player.name, player.hp",
            "\"{} {} {}\", player.name, player.hp, player.mana",
        ),
    );
}

fn values_go_there_and_back(name: &str, arguments: &[&str]) {
    let project = Project::new(name, MAIN);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("tick"), "ada 11");
    with_mana(&project);
    assert!(session.applied().contains(&format!("State<{name}::World>")));
    session.message(&format!("has migrated 1 value of `{name}::World`"));
    assert_eq!(session.ask("tick"), "ada 12 0");
    // `main` goes on as it was, and makes values as they were.
    assert_eq!(session.ask("new"), "bob 11 0");
    assert_eq!(session.ask("to 0"), "to 0: 1");
    assert_eq!(session.ask("tick"), "ada 13");
    assert_eq!(session.ask("new"), "bob 11");
    assert_eq!(session.ask("to 1"), "to 1: 1");
    assert_eq!(session.ask("tick"), "ada 14 0");
    assert_eq!(session.ask("inside 0"), "HP0605");

    // Threads use values of their own and a shared one all the time.
    let mut session = again(session, &project, arguments);
    assert_eq!(session.ask("run 4"), "running");
    with_mana(&project);
    session.applied();
    assert_eq!(session.ask("churn 40"), "true");
    assert_eq!(session.ask("stop"), "none lost");
    assert!(session.finish().success());
}

/// The program of the beginning in a new process.
fn again(session: Session, project: &Project, arguments: &[&str]) -> Session {
    assert!(session.finish().success());
    project.write("src/main.rs", MAIN);
    Session::start(project, arguments)
}

#[test]
fn values_go_to_a_new_layout_and_back() {
    values_go_there_and_back("migration", &[]);
}

#[test]
fn values_of_a_release_build_go_to_a_new_layout_and_back() {
    values_go_there_and_back("migration_release", &["--release"]);
}

#[test]
fn a_commit_waits_for_who_uses_a_value_and_names_the_thread() {
    let project = Project::new("migration_held", MAIN);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("hold"), "held at 0");
    // What migrates nothing does not wait.
    project.edit("src/main.rs", "\"{} {}\", player.name", "\"{}: {}\", player.name");
    session.applied();
    assert_eq!(session.ask("tick"), "ada: 11");
    project.edit("src/main.rs", "\"{}: {}\", player.name", "\"{} {}\", player.name");
    session.applied();
    with_mana(&project);
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0608", "{refused}");
    session.message("`holder`");
    session.message("hotpatch::State::with");
    assert_eq!(session.ask("tick"), "ada 12");
    assert_eq!(session.ask("go"), "gone");
    let main = project.read("src/main.rs");
    project.write("src/main.rs", &main);
    session.applied();
    assert_eq!(session.ask("tick"), "ada 13 0");
    assert!(session.finish().success());
}

#[test]
fn a_value_without_a_way_down_keeps_its_generation() {
    let project = Project::new("migration_up", MAIN);
    let mut session = Session::start(&project, &[]);
    let main = MAIN.replace(
        "struct Player { name: String, hp: u16 }",
        "struct Player { name: String, hp: u16, mana: u64 }",
    );
    project.write(
        "src/main.rs",
        &main
            .replace("hp: 10 }", "hp: 10, mana: 7 }")
            .replace("player.hp)", "player.hp + player.mana as u16)"),
    );
    session.applied();
    let refused = session.ask("to 0");
    assert!(
        refused.starts_with("HP0609: `State<migration_up::World>` cannot be migrated"),
        "{refused}"
    );
    assert!(
        refused.contains("`players[0]`: `migration_up::Player` has no way down"),
        "{refused}"
    );
    assert_eq!(session.ask("tick"), "ada 11");
    assert!(session.finish().success());
}

#[test]
fn a_type_that_is_also_used_outside_is_refused() {
    // One of the worlds lives in a variable of `main`.
    let outside = "\"outside\" => { let mut world = World::fresh(\"out\"); println!(\"{}\", tick(&mut world)); }\n            _ =>";
    let project = Project::new(
        "migration_outside",
        &MAIN.replace(
            "_ => println!(\"what?\")",
            &format!("{outside} println!(\"what?\")"),
        ),
    );
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("outside"), "out 11");
    with_mana(&project);
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0203", "{refused}");
    session.message("reached by argument 1 `&Player` of `migration_outside::shown`");
    assert_eq!(session.ask("outside"), "out 11");
    assert!(session.finish().success());
}

#[test]
fn what_a_running_function_does_with_a_value_must_still_be_known() {
    let project = Project::new("migration_gone", MAIN);
    let mut session = Session::start(&project, &[]);
    // The closure of `new` is gone, and `main` still has it.
    let main = project.read("src/main.rs");
    let gone = main.replace(
        "println!(\"{}\", other.with_mut(|world| tick(world)));",
        "drop(other);",
    );
    project.write("src/main.rs", &gone.replace("let mut other", "let other"));
    session.outcome();
    with_mana(&project);
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0203", "{refused}");
    session.message("cannot migrate `migration_gone::World`: what `migration_gone::main::{closure#");
    assert_eq!(session.ask("new"), "bob 11");
    assert!(session.finish().success());
}
