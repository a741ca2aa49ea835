//! Patches of a real program that are applied, rolled back and unloaded: with new functions, statics, generics and futures.

use crate::project::{Project, text};
use crate::scripts::{Started, built};

const MAIN: &str = r#"
use std::cell::Cell;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use hotpatch::{Hold, Unload, hotpatch};

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
thread_local! { static ASKED: Cell<u32> = const { Cell::new(0) }; }

#[hotpatch]
fn answer(line: &str) -> String {
    ASKED.set(ASKED.get() + 1);
    LOG.lock().unwrap().push(line.to_owned());
    format!("old {} {}", ASKED.get(), LOG.lock().unwrap().len())
}

struct Gate;
impl Future for Gate {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if LOG.lock().unwrap().is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[hotpatch]
async fn later(name: String) -> String {
    Gate.await;
    format!("{name} from old")
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| line.contains(".patch")).count()
}

fn main() {
    hotpatch::keep_generations(NonZeroUsize::MIN);
    // SAFETY: what hot code makes is gone before it is left, or held.
    unsafe { hotpatch::unload(Unload::WhenQuiescent) };
    let mut futures: Vec<Pin<Box<dyn Future<Output = String>>>> = Vec::new();
    let mut held: Option<Hold> = None;
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let said = match verb {
            "apply" => match hotpatch::apply(rest) { Ok(applied) => applied.functions.join(" "), Err(refusal) => refusal.to_string() },
            "back" => { for _ in 0..3 { hotpatch::rollback(0).unwrap(); } "back".into() }
            "call" => hotpatch::call(|| answer(rest)),
            "start" => { futures.push(Box::pin(later(rest.into()))); let mut context = Context::from_waker(Waker::noop());
                format!("{:?}", futures.last_mut().unwrap().as_mut().poll(&mut context)) }
            "finish" => { LOG.lock().unwrap().clear(); let mut context = Context::from_waker(Waker::noop());
                format!("{:?}", futures.pop().unwrap().as_mut().poll(&mut context)) }
            "hold" => { held = Some(hotpatch::hold()); "held".into() }
            "release" => { held = None; "released".into() }
            "closed" => { while !hotpatch::images().is_empty() { std::thread::yield_now(); } format!("closed, {} mappings", mappings()) }
            "images" => { let reasons: Vec<String> = hotpatch::images().iter().map(|image| image.resident[0].to_string()).collect(); reasons.join(", ") }
            _ => unreachable!(),
        };
        println!("{said}");
    }
    drop(held);
}
"#;

/// A version of the program with another answer, whose patch adds a function, a static and an instance of its own.
fn version(number: u32) -> String {
    MAIN.replace("from old", &format!("from {number}")).replace(
        "    format!(\"old {} {}\"",
        &format!(
            "    let line = added::<{number}>(ASKED.get());\n    format!(\"{number} {{line}} {{}} {{}}\""
        ),
    ) + "static ADDED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);\n\
         #[hotpatch] fn fresh(n: u32) -> u32 { n + ADDED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) }\n\
         #[hotpatch] fn added<const N: u32>(n: u32) -> u32 { fresh(n) + 100 * N }\n"
}

fn check(profile: &[&str], name: &str) {
    let project = Project::new(name, MAIN);
    let program = built(&project, profile);
    let patches = [1, 2].map(|number| {
        project.write("src/main.rs", &version(number));
        let path = project.path(&format!("{number}.patch"));
        let output = project.output(&[&["patch", "-o", path.to_str().unwrap()], profile].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        format!("apply {}", path.display())
    });
    let mut process = Started::new(&program, &project.path("control"));
    let mut asked = 0;
    for round in 0..10 {
        for (index, patch) in patches.iter().enumerate() {
            let number = index as u32 + 1;
            let functions = process.ask(patch);
            assert!(functions.contains(&format!("{name}::answer")), "{functions}");
            for calls in 0..2 {
                asked += 1;
                // A static that a patch adds begins anew with its image, those of the program go on.
                let added = asked + calls + 100 * number;
                let expected = format!("{number} {added} {asked} {asked}");
                assert_eq!(process.ask("call x"), expected, "round {round}");
            }
            assert_eq!(process.ask("images"), "the live generation runs it");
            process.ask("back");
            asked += 1;
            assert_eq!(process.ask("call x"), format!("old {asked} {asked}"));
            assert_eq!(process.ask("closed"), "closed, 0 mappings");
        }
    }

    // A future keeps the code that made it.
    process.ask(&patches[0]);
    assert_eq!(process.ask("start a"), "Pending");
    process.ask("back");
    assert_eq!(process.ask("images"), "a future that it made is alive");
    assert_eq!(process.ask("start b"), "Pending");
    assert_eq!(process.ask("finish"), "Ready(\"b from old\")");
    assert_eq!(process.ask("finish"), "Ready(\"a from 1\")");
    assert_eq!(process.ask("closed"), "closed, 0 mappings");

    // So does a handle, and the next patch is not held up.
    process.ask(&patches[0]);
    assert_eq!(process.ask("hold"), "held");
    process.ask("back");
    assert_eq!(process.ask("images"), "held by a handle, or by a session");
    process.ask(&patches[1]);
    process.ask("back");
    assert_eq!(process.ask("release"), "released");
    assert_eq!(process.ask("closed"), "closed, 0 mappings");

    let output = project.output(&["status", "--pid", &process.pid()]);
    let said = text(&output.stdout);
    assert!(said.contains("0 patch images"), "{said}");
}

#[test]
fn real_patches_come_and_go_and_leave_the_state_of_the_program() {
    check(&[], "unloading");
}

#[test]
fn real_patches_of_a_release_build_come_and_go() {
    check(&["--release"], "unloading_release");
}
