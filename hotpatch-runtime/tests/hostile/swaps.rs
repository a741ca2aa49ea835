//! Files that are swapped between the check and the load.

use std::ffi::CStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::thread;

use hotpatch_abi::code;
use hotpatch_runtime::{Event, generation, on_event};

use crate::both;
use crate::interposed::{Moment, watch};
use crate::offers::{good, offer, place};
use crate::sealing::{file, parts};
use crate::support::{alone, folder};

/// Changes the first file, with the help of the second.
type Swap = fn(&Path, &Path);
type Action = Box<dyn Fn() + Send>;

/// What to do when the next patch has passed its checks, before it is loaded.
static WHEN_CHECKED: Mutex<Option<Action>> = Mutex::new(None);

fn when_checked(action: impl Fn() + Send + 'static) {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        on_event(|event| {
            if matches!(event, Event::Preparing(_))
                && let Some(action) = WHEN_CHECKED.lock().unwrap().take()
            {
                action();
            }
        });
    });
    *WHEN_CHECKED.lock().unwrap() = Some(Box::new(action));
}

/// A file that no check passes, whose code would be seen.
fn unverified() -> Vec<u8> {
    let mut file = file(&parts(66));
    let end = file.len();
    file[end - 10] ^= 1;
    file
}

/// A patch of its own in each round: the loader has not seen it before.
fn numbered(round: usize) -> Vec<u8> {
    let mut parts = parts_of_rounds();
    parts.1.published[0].path = format!("test::one in round {round}");
    file(&parts)
}

fn parts_of_rounds() -> (crate::support::Dylib, hotpatch_abi::manifest::Manifest) {
    static PARTS: Mutex<Option<(Vec<u8>, hotpatch_abi::manifest::Manifest)>> = Mutex::new(None);
    let mut known = PARTS.lock().unwrap();
    let (bytes, manifest) = known
        .get_or_insert_with(|| {
            let (dylib, manifest) = parts(31);
            (dylib.bytes, manifest)
        })
        .clone();
    let symbols = Default::default();
    (crate::support::Dylib { bytes, symbols }, manifest)
}

#[test]
fn swapped_between_check_and_load() {
    let (_alone, folder) = (alone(), folder());
    let named = |name: &str| folder.path().join(name);
    let swaps: [(&str, Swap); 8] = [
        ("another file takes its name", |path, other| {
            fs::rename(other, path).unwrap()
        }),
        ("a link takes its name", |path, other| {
            fs::remove_file(path).unwrap();
            symlink(other, path).unwrap();
        }),
        ("it is cut short", |path, _| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(4096)
                .unwrap()
        }),
        ("it is emptied", |path, _| drop(File::create(path).unwrap())),
        ("it grows", |path, _| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(1 << 20)
                .unwrap()
        }),
        ("it is written anew", |path, other| {
            fs::write(path, fs::read(other).unwrap()).unwrap()
        }),
        ("it is gone", |path, _| fs::remove_file(path).unwrap()),
        ("it is a folder", |path, _| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (round, (name, swap)) in swaps.into_iter().enumerate() {
        let (path, other) = (named(&format!("{round}.so")), named("other.so"));
        fs::write(&path, numbered(round)).unwrap();
        fs::write(&other, unverified()).unwrap();
        let swapped = path.clone();
        when_checked(move || swap(&swapped, &other));
        assert_eq!(offer(&path), Err(code::PATCH_FILE), "{name}");
    }
    good(folder.path(), 32);
}

/// The path leads to another file only while the loader looks, and back: neither time of change nor inode tell.
#[test]
fn swapped_while_the_loader_looks_and_back() {
    let (_alone, folder) = (alone(), folder());
    let named = |name: &str| folder.path().join(name);
    fs::write(named("other.so"), unverified()).unwrap();
    for round in 0..100 {
        let path = named(&format!("link-{round}.so"));
        let verified = named(&format!("verified-{round}.so"));
        fs::write(&verified, numbered(1000 + round)).unwrap();
        symlink(&verified, &path).unwrap();
        let (link, other) = (path.clone(), named("other.so"));
        watch(Some(Arc::new(move |moment: Moment, loaded: &CStr| {
            if loaded.to_bytes() == link.as_os_str().as_bytes() {
                fs::remove_file(&link).unwrap();
                symlink(
                    if moment == Moment::Before {
                        &other
                    } else {
                        &verified
                    },
                    &link,
                )
                .unwrap();
            }
        })));
        let outcome = offer(&path);
        watch(None);
        assert_eq!(outcome, Err(code::PATCH_FILE), "round {round}");
    }
    good(folder.path(), 33);
}

/// A thread changes where the path leads all the time. What becomes live is always what was verified.
fn race(swap: impl Fn(&Path, &Path, usize) + Send + 'static) {
    const ROUNDS: usize = 200;
    let (_alone, folder) = (alone(), folder());
    let is_over = Arc::new(AtomicBool::new(false));
    let target: Arc<Mutex<PathBuf>> = Arc::new(Mutex::new(folder.path().join("none.so")));
    let swaps = Arc::new(AtomicUsize::new(0));
    let swapping = thread::spawn({
        let (is_over, target, swaps) = (is_over.clone(), target.clone(), swaps.clone());
        let folder = folder.path().to_owned();
        move || {
            while !is_over.load(Ordering::Relaxed) {
                let path = target.lock().unwrap().clone();
                swap(&folder, &path, swaps.fetch_add(1, Ordering::Relaxed));
            }
        }
    });
    let mut applied = 0;
    fs::write(folder.path().join("bad"), unverified()).unwrap();
    for round in 0..ROUNDS {
        let path = folder.path().join(format!("race-{round}.so"));
        // Not written into: it may be part of the process.
        let number = 10_000 * (1 + generation() as usize) + round;
        place(&folder.path().join("good"), &numbered(number));
        *target.lock().unwrap() = path.clone();
        let before = swaps.load(Ordering::Relaxed);
        while swaps.load(Ordering::Relaxed) < before + 4 {
            thread::yield_now();
        }
        match offer(&path) {
            Ok(()) => {
                applied += 1;
                assert_eq!(both(), (31, 62));
            }
            Err(refused) => assert_eq!(refused, code::PATCH_FILE),
        }
        assert_ne!(both().0, 66);
    }
    is_over.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    println!(
        "{applied} of {ROUNDS} offers were applied, {} swaps",
        swaps.load(Ordering::Relaxed)
    );
    assert!(swaps.load(Ordering::Relaxed) > ROUNDS);
    good(folder.path(), 34);
}

#[test]
fn renamed_over_by_a_thread() {
    race(|folder, path, turn| {
        let (from, copy) = (
            folder.join(if turn % 2 == 0 { "good" } else { "bad" }),
            folder.join("copy"),
        );
        if fs::copy(from, &copy).is_ok() {
            let _ = fs::rename(&copy, path);
        }
    });
}

#[test]
fn a_link_that_a_thread_turns() {
    race(|folder, path, turn| {
        let (to, link) = (
            folder.join(if turn % 2 == 0 { "good" } else { "bad" }),
            folder.join("link"),
        );
        let _ = fs::remove_file(&link);
        if symlink(to, &link).is_ok() {
            let _ = fs::rename(&link, path);
        }
    });
}
