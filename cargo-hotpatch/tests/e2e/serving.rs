//! Programs around one future, and function pointers that were made before the patch.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

#[derive(Default)]
struct Lines { read: VecDeque<Option<String>>, waker: Option<Waker> }

struct State { lines: Mutex<Lines>, started: AtomicU32, served: AtomicU32, double: fn(u32) -> u32, add: fn(u32) -> u32 }

impl State {
    async fn line(&self) -> Option<String> {
        poll_fn(|context| {
            let mut lines = self.lines.lock().unwrap();
            lines.waker = Some(context.waker().clone());
            lines.read.pop_front().map_or(Poll::Pending, Poll::Ready)
        }).await
    }
}

fn double(n: u32) -> u32 { n * 2 }

#[hotpatch::hotpatch]
fn answer(line: &str) -> String { format!("{line} answer") }

async fn app(state: Arc<State>) {
    let number = state.started.fetch_add(1, Ordering::Relaxed);
    while let Some(line) = state.line().await {
        let served = state.served.fetch_add(1, Ordering::Relaxed);
        println!("{} by app {number} {served} {} {}", answer(&line), (state.double)(4), (state.add)(4));
    }
}

struct Unpark(Thread);
impl Wake for Unpark { fn wake(self: Arc<Self>) { self.0.unpark(); } }

fn main() {
    let add = hotpatch::ptr(|n: u32| n + 1);
    let state = Arc::new(State { lines: Mutex::default(), started: 0.into(), served: 0.into(), double: hotpatch::ptr(double), add });
    let reader = Arc::clone(&state);
    thread::spawn(move || {
        let mut lines = std::io::stdin().lines();
        loop {
            let line = lines.next().transpose().unwrap();
            let is_last = line.is_none();
            let mut lines = reader.lines.lock().unwrap();
            lines.read.push_back(line);
            if let Some(waker) = lines.waker.take() { waker.wake(); }
            if is_last { break }
        }
    });
    let mut serving = hotpatch::serve(state, app);
    if std::env::args().len() > 1 { serving = serving.restart_on_commit(); }
    let (mut serving, waker) = (pin!(serving), Waker::from(Arc::new(Unpark(thread::current()))));
    while serving.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() { thread::park(); }
}
"#;

fn edit(project: &Project, session: &mut Session, from: &str, to: &str) -> String {
    project.write("src/main.rs", &MAIN.replace(from, to));
    session.outcome().to_string()
}

#[test]
fn a_future_that_goes_on_calls_new_code() {
    let project = Project::new("serving_on", MAIN);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a answer by app 0 0 8 5");
    let said = edit(&project, &mut session, "} answer", "} ANSWER");
    assert!(said.contains("serving_on::answer"), "{said}");
    assert_eq!(session.ask("b"), "b ANSWER by app 0 1 8 5");
    let said = edit(&project, &mut session, "n * 2", "n * 3");
    assert!(said.contains("\"serving_on::double\""), "{said}");
    assert_eq!(session.ask("c"), "c answer by app 0 2 12 5");
    let said = edit(&project, &mut session, "n + 1", "n + 2");
    assert!(said.contains("applied"), "{said}");
    assert_eq!(session.ask("d"), "d answer by app 0 3 8 6");
    assert!(session.finish().success());
}

#[test]
fn a_future_is_made_anew_from_new_code_and_the_state_is_kept() {
    let project = Project::new("serving_anew", MAIN);
    let mut session = Session::start(&project, &["--release", "--", "anew"]);
    assert_eq!(session.ask("a"), "a answer by app 0 0 8 5");
    let said = edit(&project, &mut session, "by app", "by new app");
    assert!(said.contains("\"serving_anew::app\""), "{said}");
    assert_eq!(session.ask("b"), "b answer by new app 1 1 8 5");
    // Another size of the future, and another type in it.
    let edited = MAIN
        .replace(
            "while let Some(line) = state.line().await {",
            "let big = [1_u8; 200]; while let Some(line) = state.line().await { let s = String::from(\"s\");",
        )
        .replace("\"{} by app", "\"{s}{} {} by app")
        .replace("answer(&line), (", "answer(&line), big[7], (");
    project.write("src/main.rs", &edited);
    let said = session.outcome().to_string();
    assert!(said.contains("applied"), "{said}");
    assert_eq!(session.ask("c"), "sc answer 1 by app 2 2 8 5");
    assert!(session.finish().success());
}
