//! What the callbacks are told, and waiting for it.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Condvar, Mutex, Once};
use std::time::Duration;

use hotpatch_runtime::{Event, Followed, Outcome, on_event};

use crate::patches::Patch;

static TOLD: Mutex<Vec<Event>> = Mutex::new(Vec::new());
static MORE: Condvar = Condvar::new();
const PATIENCE: Duration = Duration::from_secs(60);

/// Forgets what was told so far.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        on_event(|event| {
            TOLD.lock().unwrap().push(event.clone());
            MORE.notify_all();
        });
    });
    TOLD.lock().unwrap().clear();
}

/// What was told of files so far, as words.
pub(crate) fn files() -> Vec<String> {
    let told = TOLD.lock().unwrap();
    told.iter().filter_map(file).map(|file| words(&file)).collect()
}

/// All that was told so far, as words.
pub(crate) fn all() -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Preparing(_) => "preparing".into(),
        Event::Applied(_) => "applied".into(),
        Event::Refused(refusal) => format!("refused {}", refusal.code()),
        Event::RolledBack(_) => "rolled back".into(),
        Event::Followed(followed) => words(followed),
        _ => unreachable!(),
    };
    TOLD.lock().unwrap().iter().map(word).collect()
}

/// Waits until the patch is told to be live.
pub(crate) fn wait_until_live(patch: &Patch) {
    wait(|followed| followed.patch == Some(patch.id) && matches!(followed.outcome, Outcome::Applied(_)));
    assert_eq!(crate::one(), patch.value);
}

/// Waits until something is told of a file.
pub(crate) fn wait(is_it: impl Fn(&Followed) -> bool) {
    let (told, waited) = MORE
        .wait_timeout_while(TOLD.lock().unwrap(), PATIENCE, |told| {
            !told.iter().filter_map(file).any(|followed| is_it(&followed))
        })
        .unwrap();
    assert!(!waited.timed_out(), "only {told:?}");
}

fn file(event: &Event) -> Option<Followed> {
    match event {
        Event::Followed(followed) => Some(followed.clone()),
        _ => None,
    }
}

/// A file and what became of it.
pub(crate) fn words(followed: &Followed) -> String {
    let name = Path::new(&followed.path).file_name().unwrap_or(OsStr::new("/"));
    let outcome = match &followed.outcome {
        Outcome::Applied(_) => "applied".into(),
        Outcome::Live => "live".into(),
        Outcome::Refused(refusal) => format!("refused {}", refusal.code()),
        Outcome::Waiting { on } => format!("waits on {on}"),
        Outcome::PassedOver { by } => format!("passed over by {by}"),
        Outcome::Left => "left".into(),
        Outcome::NotWhole => "not whole".into(),
        Outcome::Unreadable(reason) => format!("unreadable: {reason}"),
        _ => unreachable!(),
    };
    format!("{} {outcome}", name.display())
}
