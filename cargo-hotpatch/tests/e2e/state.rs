//! What a program holds keeps its address and its value over any number of patches.

use crate::project::{Project, manifest};
use crate::session::Session;

const LIBRARY: &str = r#"
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

pub static PUBLIC: AtomicU32 = AtomicU32::new(10);
static PRIVATE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static ONCE: OnceLock<String> = OnceLock::new();
thread_local! {
    static CONST_LOCAL: Cell<u32> = const { Cell::new(20) };
    static LAZY_LOCAL: RefCell<Vec<u32>> = RefCell::new(vec![0; 30]);
}

pub struct Token(pub u32);

pub fn touch() -> String {
    let public = PUBLIC.fetch_add(1, Ordering::Relaxed);
    let mut private = PRIVATE.lock().unwrap();
    private.push(public);
    let once = ONCE.get_or_init(|| format!("once{public}"));
    CONST_LOCAL.set(CONST_LOCAL.get() + 1);
    LAZY_LOCAL.with_borrow_mut(|list| list.push(0));
    format!("lib {public} {} {once} {} {}", private.len(), CONST_LOCAL.get(), LAZY_LOCAL.with_borrow(Vec::len))
}
"#;

const MAIN: &str = r#"
use hotpatch::hotpatch;
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex, OnceLock};

static ATOMIC: AtomicU32 = AtomicU32::new(100);
static LAZY: LazyLock<Mutex<HashMap<u32, String>>> = LazyLock::new(|| Mutex::new(HashMap::from([(0, "zero".into())])));
static ONCE: OnceLock<u32> = OnceLock::new();
static mut RAW: [u32; 2] = [200, 300];
thread_local! {
    static CONST_LOCAL: Cell<u32> = const { Cell::new(400) };
    static LAZY_LOCAL: RefCell<String> = RefCell::new("s".into());
}

struct Bomb(&'static str);
impl Drop for Bomb {
    fn drop(&mut self) {
        print!("[{} dropped] ", self.0);
    }
}

#[hotpatch]
fn step(heap: &mut Vec<u32>, any: &dyn Any) -> String {
    let atomic = ATOMIC.fetch_add(1, Ordering::Relaxed);
    heap.push(atomic);
    let mut lazy = LAZY.lock().unwrap();
    lazy.insert(atomic, "x".into());
    let once = *ONCE.get_or_init(|| atomic);
    unsafe { RAW[0] += 1 };
    CONST_LOCAL.set(CONST_LOCAL.get() + 1);
    LAZY_LOCAL.with_borrow_mut(|text| text.push('s'));
    let same_type = any.downcast_ref::<parts::Token>().map(|token| token.0) == Some(7)
        && any.type_id() == TypeId::of::<parts::Token>();
    let addresses = [
        &raw const ATOMIC as usize, &raw const LAZY as usize, &raw const RAW as usize,
        CONST_LOCAL.with(|cell| cell as *const _ as usize), &raw const parts::PUBLIC as usize,
    ];
    let sum = addresses.iter().fold(0_usize, |sum, address| sum.wrapping_mul(31).wrapping_add(*address));
    format!("v1 {atomic} {} {} {once} {} {} {} {same_type} {} @{sum}", heap.len(), lazy.len(),
        unsafe { RAW[0] }, CONST_LOCAL.get(), LAZY_LOCAL.with_borrow(String::len), parts::touch())
}

#[hotpatch]
fn explode(fuse: u32) -> u32 {
    let _bomb = Bomb("one");
    if fuse == 0 { panic!("boom one") }
    fuse
}

fn worker(questions: Receiver<()>, answers: Sender<String>) {
    let mut heap = Vec::new();
    while questions.recv().is_ok() {
        answers.send(hotpatch::call(|| step(&mut heap, &parts::Token(7)))).unwrap();
    }
}

fn start() -> (Sender<()>, Receiver<String>) {
    let (ask, questions) = channel();
    let (answers, hear) = channel();
    std::thread::spawn(|| worker(questions, answers));
    (ask, hear)
}

fn main() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let location = info.location().unwrap();
        let backtrace = std::backtrace::Backtrace::force_capture().to_string();
        print!("[panic at {}:{} named {}] ", location.file(), location.line(), backtrace.contains("::explode"));
        let _ = &hook;
    }));
    let mut heap = Vec::new();
    let early = start();
    let mut late = None;
    for line in std::io::stdin().lines() {
        let text = match line.unwrap().as_str() {
            "main" => hotpatch::call(|| step(&mut heap, &parts::Token(7))),
            "early" => { early.0.send(()).unwrap(); early.1.recv().unwrap() }
            "late" => { let late = late.get_or_insert_with(start); late.0.send(()).unwrap(); late.1.recv().unwrap() }
            "explode" => match std::panic::catch_unwind(|| hotpatch::call(|| explode(0))) {
                Ok(value) => format!("survived {value}"),
                Err(payload) => format!("caught {}", payload.downcast_ref::<&str>().unwrap()),
            },
            other => format!("? {other}"),
        };
        println!("{text}");
    }
}
"#;

fn project(name: &str) -> Project {
    let project = Project::empty(name);
    let workspace = "parts = { path = \"parts\" }\n\n[workspace]\nmembers = [\"parts\"]\n";
    project.write("Cargo.toml", &manifest(name, workspace));
    project.write("src/main.rs", MAIN);
    project.write(
        "parts/Cargo.toml",
        "[package]\nname = \"parts\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    project.write("parts/src/lib.rs", LIBRARY);
    project
}

/// The answer without the sum of addresses, and the sum.
fn split(answer: &str) -> (String, String) {
    let (text, sum) = answer.split_once(" @").unwrap_or_else(|| panic!("{answer}"));
    (text.to_owned(), sum.to_owned())
}

fn state_is_kept(name: &str, arguments: &[&str]) {
    let project = project(name);
    let mut session = Session::start(&project, arguments);
    let (text, main_sum) = split(&session.ask("main"));
    assert_eq!(text, "v1 100 1 2 100 201 401 2 true lib 10 1 once10 21 31");
    let (text, early_sum) = split(&session.ask("early"));
    assert_eq!(text, "v1 101 1 3 100 202 401 2 true lib 11 2 once10 21 31");

    // The binary.
    project.edit("src/main.rs", "\"v1 {atomic}", "\"v2 {atomic}");
    assert!(session.applied().contains(&format!("{name}::step")));
    let (text, sum) = split(&session.ask("main"));
    assert_eq!(text, "v2 102 2 4 100 203 402 3 true lib 12 3 once10 22 32");
    assert_eq!(sum, main_sum);
    let (text, sum) = split(&session.ask("early"));
    assert_eq!(text, "v2 103 2 5 100 204 402 3 true lib 13 4 once10 22 32");
    assert_eq!(sum, early_sum);
    // A thread that starts after the patch has fresh thread-locals.
    let (text, late_sum) = split(&session.ask("late"));
    assert_eq!(text, "v2 104 1 6 100 205 401 2 true lib 14 5 once10 21 31");

    // A value that is made already is kept, and what would make it is not asked.
    project.edit(
        "src/main.rs",
        "(0, \"zero\".into())",
        "(0, \"nought\".into()), (9, \"nine\".into())",
    );
    let applied = session.outcome();
    assert_eq!(
        applied["functions"],
        serde_json::json!([format!("{name}::step")]),
        "{applied}"
    );
    let note = format!("`{name}::LAZY` keeps the value that it has; ");
    assert!(
        applied["notes"][0].as_str().unwrap().starts_with(&note),
        "{applied}"
    );

    // The library, and a new static of its own, a new type, and a call into std that the program never made.
    project.edit(
        "parts/src/lib.rs",
        "format!(\"lib {public}",
        "format!(\"LIB{} {public}",
    );
    project.edit(
        "parts/src/lib.rs",
        "{}\", private.len()",
        "{}\", extra(), private.len()",
    );
    let extra = r#"
        #[derive(Debug)]
        struct New<'a> { text: std::borrow::Cow<'a, str>, list: std::collections::BTreeSet<char> }
        static ADDED: AtomicU32 = AtomicU32::new(50);
        const CONSTANT: f64 = 2.25;
        fn extra() -> String {
            let new = New { text: String::from_utf8_lossy(b"new"), list: "cab".chars().collect() };
            let root = CONSTANT.powf(0.5).to_string();
            format!("{}{:?}{root}{}", new.text, new.list, ADDED.fetch_add(1, Ordering::Relaxed))
        }
    "#;
    project.write("parts/src/lib.rs", &(project.read("parts/src/lib.rs") + extra));
    assert!(session.applied().contains(&format!("{name}::step")));
    let (text, sum) = split(&session.ask("main"));
    assert_eq!(
        text,
        "v2 105 3 7 100 206 403 4 true LIBnew{'a', 'b', 'c'}1.550 15 6 once10 23 33"
    );
    assert_eq!(sum, main_sum);

    // The static that the last patch added keeps its value in the next one.
    project.edit("src/main.rs", "\"v2 {atomic}", "\"v3 {atomic}");
    project.edit("parts/src/lib.rs", "\"LIB{} {public}", "\"L{} {public}");
    let mut applied = session.applied();
    let answer = session.ask("late");
    if answer.starts_with("v3") && !answer.contains("LIB") {
        assert_eq!(applied, [format!("{name}::step")]);
    } else {
        // The two files were seen as two edits.
        applied = session.applied();
        assert_eq!(applied, [format!("{name}::step")]);
    }
    let (text, sum) = split(&session.ask("late"));
    assert!(
        text.starts_with("v3 107 3 9 100 208 403 4 true Lnew{'a', 'b', 'c'}1.552 17 8"),
        "{text}"
    );
    assert_eq!(sum, late_sum);

    // A panic unwinds through patched and unpatched frames.
    project.edit(
        "src/main.rs",
        "panic!(\"boom one\")",
        "\n\n        panic!(\"boom two\")",
    );
    project.edit("src/main.rs", "Bomb(\"one\")", "Bomb(\"two\")");
    while session.applied() != [format!("{name}::explode")] {}
    let line = project
        .read("src/main.rs")
        .lines()
        .position(|line| line.contains("boom two"))
        .unwrap()
        + 1;
    let mut answer = session.ask("explode");
    if !answer.contains("[two dropped]") {
        session.applied();
        answer = session.ask("explode");
    }
    assert_eq!(
        answer,
        format!("[panic at src/main.rs:{line} named true] [two dropped] caught boom two")
    );
    assert!(session.finish().success());
}

#[test]
fn state_is_kept_in_a_debug_build() {
    state_is_kept("state_debug", &[]);
}

#[test]
fn state_is_kept_in_a_release_build() {
    state_is_kept("state_release", &["--release"]);
}

const LOCALS: &str = r#"
use hotpatch::hotpatch;
use std::cell::{Cell, RefCell};

// MORE

#[hotpatch]
fn step() -> String { String::from("none") }

fn main() {
    let (ask, questions) = std::sync::mpsc::channel::<()>();
    let (answers, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || while questions.recv().is_ok() { answers.send(hotpatch::call(step)).unwrap() });
    let _: (Cell<u8>, RefCell<u8>) = Default::default();
    for line in std::io::stdin().lines() {
        ask.send(()).unwrap();
        println!("{} {} | {}", line.unwrap(), hotpatch::call(step), hear.recv().unwrap());
    }
}
"#;

fn thread_locals_are_added(name: &str, arguments: &[&str]) {
    let project = Project::new(name, LOCALS);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("a"), "a none | none");
    let one = "thread_local! { static ZERO: Cell<u32> = const { Cell::new(0) }; static LAZY: RefCell<Vec<u32>> = \
               RefCell::new(vec![7]); }";
    let with_one = LOCALS.replace("// MORE", one).replace(
        "String::from(\"none\")",
        "ZERO.set(ZERO.get() + 1); LAZY.with_borrow_mut(|l| l.push(1)); format!(\"one {} {}\", ZERO.get(), \
         LAZY.with_borrow(Vec::len))",
    );
    project.write("src/main.rs", &with_one);
    assert!(session.applied().contains(&format!("{name}::step")));
    assert_eq!(session.ask("b"), "b one 1 2 | one 1 2");
    let two = "thread_local! { static AGAIN: Cell<u64> = const { Cell::new(0) }; }";
    let with_two = with_one
        .replace("thread_local!", &format!("{two} thread_local!"))
        .replace("format!(\"one", "AGAIN.set(AGAIN.get() + 5); format!(\"two")
        .replace("ZERO.get(), ", "ZERO.get() + AGAIN.get() as u32, ");
    project.write("src/main.rs", &with_two);
    assert!(session.applied().contains(&format!("{name}::step")));
    assert_eq!(session.ask("c"), "c two 7 3 | two 7 3");
    assert_eq!(session.ask("d"), "d two 13 4 | two 13 4");
    // These have no room.
    for (other, reason) in [
        ("Cell<u64> = const { Cell::new(9) }", "it does not begin as zeros"),
        (
            "Wide = const { Wide(Cell::new(0)) }",
            "it needs an alignment of 64 bytes",
        ),
        (
            "Cell<[u64; 256]> = const { Cell::new([0; 256]) }",
            "it needs 2048 bytes, and 9",
        ),
    ] {
        let with_other = with_two
            .replace(
                "AGAIN: Cell<u64> = const { Cell::new(0) }",
                &format!("OTHER: {other}"),
            )
            .replace(
                "AGAIN.set(AGAIN.get() + 5);",
                "OTHER.with(|other| std::hint::black_box(other as *const _));",
            )
            .replace("AGAIN.get()", "0")
            .replace(
                "thread_local!",
                "#[repr(align(64))] struct Wide(Cell<u64>); thread_local!",
            );
        project.write(
            "src/main.rs",
            &with_other.replacen("#[repr(align(64))] struct Wide(Cell<u64>);", "", 1),
        );
        let refused = session.outcome();
        assert_eq!(refused["code"], "HP0302", "{refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("`{name}::OTHER`; {reason}")),
            "{message}"
        );
    }
    assert_eq!(session.ask("e"), "e two 19 5 | two 19 5");
    // Lazy ones that a thread has not made yet are made by new code.
    project.write("src/main.rs", &with_two.replace("vec![7]", "vec![7, 7]"));
    let applied = session.outcome();
    assert_eq!(applied["event"], "applied", "{applied}");
    // Optimised code has no function of its own for it, and what a patch adds has no other version to tell it from.
    if arguments.is_empty() {
        let note = format!(
            "threads that have a value of `{name}::LAZY` keep it; the others make theirs with the new code"
        );
        assert_eq!(applied["notes"], serde_json::json!([note]), "{applied}");
    }
    assert_eq!(session.ask("f"), "f two 25 6 | two 25 6");
    assert!(session.finish().success());
}

#[test]
fn thread_locals_are_added_in_a_debug_build() {
    thread_locals_are_added("locals_debug", &[]);
}

#[test]
fn thread_locals_are_added_in_a_release_build() {
    thread_locals_are_added("locals_release", &["--release"]);
}
