//! Good patches: what they switch, and what they find in the process.

#[macro_use]
mod support;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use hotpatch_abi::code;
use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::{FixupForm, ImageRef, Place, Published};
use hotpatch_abi::version::ABI_VERSION;
use hotpatch_runtime::{Event, apply, call, functions, generation, on_event};

use support::{alone, base, compile, folder, returning, returning_parts};

hot!(one, ONE, 10);
hot!(two, TWO, 20);

fn both() -> (u64, u64) {
    call(|| (one(), two()))
}

#[test]
fn all_functions_of_a_patch_switch_and_are_named() {
    let (_alone, folder) = (alone(), folder());
    let (path, id) = returning(folder.path(), "p.so", &[(&ONE, 11), (&TWO, 21)]);
    let before = generation();
    let applied = apply(&path).unwrap();
    assert_eq!(both(), (11, 21));
    assert_eq!((one(), two()), (11, 21), "outside a call");
    assert_eq!((applied.generation, applied.patch), (before + 1, id));
    assert_eq!(applied.functions, ["test::one", "test::two"]);
    assert_eq!(generation(), before + 1);
}

#[test]
fn functions_tells_name_signature_generation_address_and_image() {
    let (_alone, folder) = (alone(), folder());
    let (dylib, mut manifest) = returning_parts(&[(&ONE, 12)]);
    manifest.published[0].path = "game::one".into();
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    let applied = apply(&path).unwrap();

    let functions = functions();
    let one = functions
        .iter()
        .find(|function| function.name == "game::one")
        .unwrap();
    assert_eq!(
        (one.signature.as_str(), one.generation),
        ("fn() -> u64", applied.generation)
    );
    assert_eq!(one.image, path);
    let two = functions
        .iter()
        .find(|function| function.name == "test::two")
        .unwrap();
    assert_eq!(
        (two.generation, two.image.clone()),
        (0, std::env::current_exe().unwrap())
    );
    assert_eq!(two.address.unwrap().0, TWO.body.unwrap().0 as usize);
    assert_ne!(one.address, two.address);
}

#[test]
fn a_base_relative_patch_returns_other_functions_to_the_code_as_built() {
    let (_alone, folder) = (alone(), folder());
    apply(returning(folder.path(), "a.so", &[(&ONE, 13)]).0).unwrap();
    apply(returning(folder.path(), "b.so", &[(&TWO, 23)]).0).unwrap();
    assert_eq!(both(), (10, 23));
}

#[test]
fn a_patch_with_a_parent_adds_to_it() {
    let (_alone, folder) = (alone(), folder());
    let (first, id) = returning(folder.path(), "a.so", &[(&ONE, 14)]);
    apply(first).unwrap();
    let (dylib, mut manifest) = returning_parts(&[(&TWO, 24)]);
    manifest.parent = Some(id);
    let path = folder.path().join("b.so");
    dylib.seal(&path, &manifest);
    apply(&path).unwrap();
    assert_eq!(both(), (14, 24));

    let again = apply(&path).unwrap_err();
    assert_eq!(again.code(), code::PARENT, "it is its own child now");
    assert_eq!(both(), (14, 24));
}

#[test]
fn the_same_file_again_is_published_again_and_loaded_once() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile("static unsigned long count = 100; unsigned long next(void) { return ++count; }");
    let path = folder.path().join("p.so");
    dylib.seal(&path, &dylib.manifest(&[(&ONE, "next")]));
    let first = apply(&path).unwrap();
    assert_eq!(one(), 101);
    let second = apply(&path).unwrap();
    assert_eq!(one(), 102, "a static of the patch keeps its value");
    assert_eq!(second.generation, first.generation + 1);
}

#[test]
fn a_path_that_is_used_again_gives_the_new_code() {
    let (_alone, folder) = (alone(), folder());
    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 15)]);
    apply(&path).unwrap();
    assert_eq!(one(), 15);

    fs::remove_file(&path).unwrap();
    apply(returning(folder.path(), "p.so", &[(&ONE, 16)]).0).unwrap();
    assert_eq!(one(), 16, "another inode at the same path");

    let (other, _) = returning(folder.path(), "other.so", &[(&ONE, 17)]);
    fs::rename(other, &path).unwrap();
    apply(&path).unwrap();
    assert_eq!(one(), 17, "renamed over it");
}

#[test]
fn a_path_that_the_loader_would_read_otherwise_gives_the_patch() {
    let (_alone, folder) = (alone(), folder());
    // The loader puts the folder of the program in the place of `$ORIGIN`.
    apply(returning(folder.path(), "$ORIGIN.so", &[(&ONE, 28)]).0).unwrap();
    assert_eq!(one(), 28);
    // It looks for a name without a slash in the folders of the system.
    let name = format!("hotpatch-test-{}.so", std::process::id());
    let (path, _) = returning(Path::new("."), &name, &[(&ONE, 29)]);
    let applied = apply(&name);
    fs::remove_file(path).unwrap();
    applied.unwrap();
    assert_eq!(one(), 29);
}

#[test]
fn a_descriptor_that_the_program_closed_does_not_bring_back_an_old_image() {
    let (_alone, folder) = (alone(), folder());
    for value in 30..34 {
        // A name that needs a private copy in memory, which the loader knows by its descriptor.
        apply(returning(folder.path(), &format!("${value}.so"), &[(&ONE, value)]).0).unwrap();
        assert_eq!(one(), value);
        let image = functions()
            .iter()
            .find(|f| f.name == "test::one")
            .unwrap()
            .image
            .clone();
        let descriptor = image.file_name().unwrap().to_str().unwrap().parse().unwrap();
        // SAFETY: the runtime needs the descriptor no more; it keeps it for debuggers.
        assert_eq!(unsafe { libc::close(descriptor) }, 0);
    }
}

#[test]
fn cells_are_bound_to_the_program_and_to_earlier_patches() {
    extern "C" fn helper() -> u64 {
        1000
    }
    let (_alone, folder) = (alone(), folder());
    let first = compile(
        "unsigned long (*cell)(void); unsigned long kept = 5; unsigned long f(void) { return cell() + kept; }",
    );
    let mut manifest = first.manifest(&[(&ONE, "f")]);
    manifest
        .fixups
        .push(first.fixup("cell", base(helper as extern "C" fn() -> u64 as usize)));
    let path = folder.path().join("a.so");
    let id = first.seal(&path, &manifest);
    apply(path).unwrap();
    assert_eq!(one(), 1005);

    let second = compile(
        "unsigned long *kept; unsigned long from_got; unsigned long here;
         unsigned long f(void) { return ++*kept + (from_got + (unsigned long)&here - (unsigned long)kept); }",
    );
    let mut manifest = second.manifest(&[(&TWO, "f")]);
    let kept = Place {
        image: ImageRef::Earlier(0),
        offset: first.symbols["kept"],
    };
    manifest.parent = Some(id);
    manifest.images.push(id);
    manifest.got = second.symbols["here"];
    let mut relative = second.fixup("from_got", kept);
    relative.form = FixupForm::GotRelative;
    relative.addend = 7;
    manifest.fixups = vec![second.fixup("kept", kept), relative];
    let path = folder.path().join("b.so");
    second.seal(&path, &manifest);
    apply(path).unwrap();
    assert_eq!(two(), 6 + 7);
    assert_eq!(one(), 1006, "both patches use one `kept`");
}

#[test]
fn a_new_function_of_a_patch_gets_a_slot_and_is_patched_by_the_next() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile(&format!(
        "struct {{ unsigned slot, version; const char *path; unsigned long path_len;
                  const char *signature; unsigned long signature_len; unsigned long has_body; void *body; }}
         entry = {{ 0, {ABI_VERSION}, \"new::three\", 10, \"fn() -> u64\", 11, 0, 0 }};
         unsigned long three(void) {{ return 3; }}
         unsigned long slot(void) {{ return entry.slot; }}"
    ));
    assert_eq!(size_of::<Entry>(), 56);
    let mut manifest = dylib.manifest(&[(&ONE, "slot")]);
    manifest.published.push(Published {
        entry: dylib.place("entry"),
        body: dylib.place("three"),
        path: "new::three".into(),
    });
    let path = folder.path().join("a.so");
    let id = dylib.seal(&path, &manifest);
    apply(&path).unwrap();
    let slot = one();
    assert_ne!(slot, 0);
    assert_eq!(functions()[slot as usize - 1].name, "new::three");

    let next = compile("unsigned long three(void) { return 33; }");
    let mut manifest = next.manifest(&[]);
    manifest.parent = Some(id);
    manifest.images.push(id);
    manifest.published.push(Published {
        entry: Place {
            image: ImageRef::Earlier(0),
            offset: dylib.symbols["entry"],
        },
        body: next.place("three"),
        path: "new::three".into(),
    });
    let path = folder.path().join("b.so");
    next.seal(&path, &manifest);
    let applied = apply(&path).unwrap();
    assert_eq!(functions()[slot as usize - 1].generation, applied.generation);
    assert_eq!(one(), slot, "the slot is still the same");

    // Back to the program as built: the new function is the one of the patch that brought it.
    apply(returning(folder.path(), "c.so", &[(&TWO, 26)]).0).unwrap();
    let three = &functions()[slot as usize - 1];
    assert_eq!(
        (three.generation, three.image.file_name().unwrap()),
        (0, "a.so".as_ref())
    );
}

#[test]
fn appliers_take_turns() {
    let (_alone, folder) = (alone(), folder());
    let before = generation();
    let paths: Vec<_> = (0..8)
        .map(|value| {
            returning(
                folder.path(),
                &format!("{value}.so"),
                &[(&ONE, value), (&TWO, value)],
            )
            .0
        })
        .collect();
    let start = Arc::new(Barrier::new(paths.len()));
    let threads: Vec<_> = paths
        .into_iter()
        .map(|path| {
            let start = start.clone();
            thread::spawn(move || {
                start.wait();
                apply(path).unwrap().generation
            })
        })
        .collect();
    let mut generations: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    generations.sort_unstable();
    assert_eq!(generations, (before + 1..=before + 8).collect::<Vec<_>>());
    let (one, two) = both();
    assert_eq!(one, two);
}

#[test]
fn events_tell_every_outcome_and_survive_a_panic() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    static INSIDE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (_alone, folder) = (alone(), folder());
    let (path, id) = returning(folder.path(), "p.so", &[(&ONE, 18)]);
    let again = path.clone();
    on_event(move |event| {
        if matches!(event, Event::Applied(applied) if applied.patch == id) {
            assert_eq!((one(), functions().is_empty()), (18, false));
            let refusal = apply(&again).unwrap_err();
            INSIDE.lock().unwrap().push(refusal.code().to_string());
            panic!("a callback that fails");
        }
    });
    on_event(|event| {
        SEEN.fetch_add(matches!(event, Event::Applied(_)) as u64, Ordering::Relaxed);
        SEEN.fetch_add(100 * matches!(event, Event::Refused(_)) as u64, Ordering::Relaxed);
    });
    apply(&path).unwrap();
    apply(folder.path().join("none")).unwrap_err();
    assert_eq!(*INSIDE.lock().unwrap(), [code::BUSY.as_str()]);
    assert_eq!(SEEN.load(Ordering::Relaxed), 101);
    apply(&path).unwrap();
    assert_eq!(SEEN.load(Ordering::Relaxed), 102, "the turn was given back");
}

/// What `one` returned before `main`, in a constructor that may run before the ones that register entries.
static BEFORE_MAIN: AtomicU64 = AtomicU64::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn constructor() {
        BEFORE_MAIN.store(call(one), Ordering::Relaxed);
    }
    constructor
};

#[test]
fn hot_functions_run_before_main_and_are_patched_later() {
    let (_alone, folder) = (alone(), folder());
    assert_eq!(BEFORE_MAIN.load(Ordering::Relaxed), 10);
    apply(returning(folder.path(), "p.so", &[(&ONE, 18)]).0).unwrap();
    assert_eq!(one(), 18);
}

#[test]
fn hot_functions_run_in_destructors_of_thread_locals() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            assert_eq!((both().0, one()), (27, 27));
        }
    }
    thread_local!(static LAST: Last = const { Last });
    let (_alone, folder) = (alone(), folder());
    apply(returning(folder.path(), "p.so", &[(&ONE, 27)]).0).unwrap();
    for _ in 0..20 {
        thread::spawn(|| {
            LAST.with(|_| one());
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_panic_leaves_the_scope() {
    let (_alone, folder) = (alone(), folder());
    for _ in 0..3 {
        thread::spawn(|| call(|| call(|| panic!("inside"))))
            .join()
            .map(|(): ()| ())
            .unwrap_err();
        std::panic::catch_unwind(|| call(|| panic!("inside")))
            .map(|(): ()| ())
            .unwrap_err();
    }
    apply(returning(folder.path(), "p.so", &[(&ONE, 19)]).0).unwrap();
    assert_eq!(one(), 19);
}
