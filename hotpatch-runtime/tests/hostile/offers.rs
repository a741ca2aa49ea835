//! Offers of patches, with all that is promised of each.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hotpatch_abi::code::Code;
use hotpatch_runtime::{Event, apply, generation, on_event};

use crate::both;

static REFUSED: AtomicUsize = AtomicUsize::new(0);
static APPLIED: AtomicUsize = AtomicUsize::new(0);
/// Whether what has passed the checks is refused in the end, before it is loaded.
static VETO: AtomicBool = AtomicBool::new(false);

fn events() -> (usize, usize) {
    static COUNT: Once = Once::new();
    COUNT.call_once(|| {
        on_event(|event| match event {
            Event::Refused(_) => drop(REFUSED.fetch_add(1, Ordering::Relaxed)),
            Event::Applied(_) => drop(APPLIED.fetch_add(1, Ordering::Relaxed)),
            Event::Preparing(preparing) if VETO.load(Ordering::Relaxed) => preparing.veto("only looking"),
            _ => {}
        });
    });
    (REFUSED.load(Ordering::Relaxed), APPLIED.load(Ordering::Relaxed))
}

/// Makes a file as the tool does: it is never written into, since its pages may be part of the process.
pub(crate) fn place(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(&new, path).unwrap();
}

/// Offers the file at `path`. Refused, it has left everything as it was, and there is one event that says so.
pub(crate) fn offer(path: &Path) -> Result<(), Code> {
    let (before, running, (refused, applied)) = (generation(), both(), events());
    let outcome = apply(path);
    match outcome {
        Ok(now) => {
            assert_eq!(now.generation, before + 1);
            assert_eq!((generation(), events()), (before + 1, (refused, applied + 1)));
            Ok(())
        }
        Err(refusal) => {
            assert_eq!((generation(), both()), (before, running), "{refusal}");
            assert_eq!(events(), (refused + 1, applied), "{refusal}");
            Err(refusal.code())
        }
    }
}

/// As [`offer`], and whatever passes all checks is refused by the program: `HP0607`.
pub(crate) fn look(path: &Path) -> Code {
    VETO.store(true, Ordering::Relaxed);
    let outcome = offer(path);
    VETO.store(false, Ordering::Relaxed);
    outcome.expect_err("a veto")
}

/// Offers a good patch, which must become live.
pub(crate) fn good(folder: &Path, value: u64) {
    let path = folder.join(format!("good-{value}-{}.so", generation()));
    fs::write(&path, crate::sealing::file(&crate::sealing::parts(value))).unwrap();
    assert_eq!(offer(&path), Ok(()));
    assert_eq!(both(), (value, 2 * value));
}

/// A process that takes what may be its end.
pub(crate) struct Taker {
    child: Child,
    taken: usize,
    input: PathBuf,
}

impl Taker {
    pub(crate) fn new(folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .envs([("CHILD", "1"), ("MODE", "offers")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            taken: 0,
            input: folder.join("taken"),
        }
    }

    /// Has the process take a file. Answers the code of the refusal, or `applied`; `None` if that was its end.
    pub(crate) fn offer(&mut self, file: &[u8]) -> Option<String> {
        self.taken += 1;
        let path = self.input.with_extension(self.taken.to_string());
        fs::write(&path, file).unwrap();
        let stdin = self.child.stdin.as_mut().unwrap();
        let asked = stdin.write_all(format!("{}\n", path.display()).as_bytes());
        let mut output = BufReader::with_capacity(1, self.child.stdout.as_mut().unwrap());
        let mut line = String::new();
        while asked.is_ok() && !line.ends_with(">\n") {
            line.clear();
            if output.read_line(&mut line).unwrap() == 0 {
                break;
            }
        }
        fs::remove_file(&path).unwrap();
        let answer = line
            .rsplit_once('<')
            .map(|(_, answer)| answer.trim_end_matches(">\n").to_owned());
        if answer.is_none() {
            let input = self.input.parent().unwrap().to_owned();
            self.child.wait().unwrap();
            let taken = self.taken;
            *self = Self::new(&input);
            self.taken = taken;
        }
        answer
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What that process does. It does not call what it takes: only loading is on trial.
pub(crate) fn take() {
    for path in std::io::stdin().lines() {
        let before = generation();
        let answer = match apply(path.unwrap()) {
            Ok(_) => "applied".to_owned(),
            Err(refusal) => {
                assert_eq!(generation(), before);
                refusal.code().to_string()
            }
        };
        println!("<{answer}>");
    }
}
