//! Patch images leave the process when nobody can use them any more, and not before.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
mod cycles;
#[allow(dead_code, reason = "the report is for a bench")]
#[path = "../support/soak.rs"]
mod soak;

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::thread;

use hotpatch_abi::code;
use hotpatch_abi::manifest::{ImageRef, PatchId, Place};
use hotpatch_runtime::{
    Resident, Unload, apply, call, changed, consistent, functions, hold, images, keep_generations, rollback,
    unload,
};

use cycles::Numbered;
use soak::Holdings;
use support::{Dylib, alone, base, compile, folder, is_mapped, returning};

hot!(one, ONE, 0);
hot!(two, TWO, 0);

/// Turns unloading on, with one generation kept beside the live one and the first.
fn unload_soon() {
    keep_generations(NonZeroUsize::MIN);
    // SAFETY: nothing of these patches is used outside of their functions.
    unsafe { unload(Unload::WhenQuiescent) };
}

/// Makes generations until those that are kept ran nothing but the program as built.
fn leave() {
    for _ in 0..3 {
        rollback(0).unwrap();
    }
}

fn reasons(patch: PatchId) -> Vec<Resident> {
    let image = images().into_iter().find(|image| image.patch == patch);
    image.map(|image| image.resident).unwrap_or_default()
}

fn wait_until_closed(patch: PatchId) {
    while !reasons(patch).is_empty() {
        thread::yield_now();
    }
}

#[test]
fn an_image_goes_with_the_last_generation_that_needs_it() {
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let (path, patch) = returning(folder.path(), "p.so", &[(&ONE, 1)]);
    let at = apply(&path).unwrap().generation;
    assert_eq!(reasons(patch), [Resident::Live, Resident::Kept(vec![at])]);
    rollback(0).unwrap();
    assert_eq!(reasons(patch), [Resident::Kept(vec![at])]);
    assert!(is_mapped(&path));
    rollback(at).unwrap();
    assert_eq!(one(), 1, "it is still there");
    leave();
    wait_until_closed(patch);
    assert!(!is_mapped(&path));
    assert_eq!(rollback(at).unwrap_err().code(), code::GENERATION);

    apply(&path).unwrap();
    assert_eq!(one(), 1, "it can come again");
    leave();
    wait_until_closed(patch);
}

/// A dylib whose `waits` calls the program.
fn waiting() -> Dylib {
    compile("unsigned long (*cell)(void); unsigned long waits(void) { return cell() + 7; }")
}

#[test]
fn an_image_stays_while_a_thread_is_inside() {
    static INSIDE: Barrier = Barrier::new(2);
    extern "C" fn wait() -> u64 {
        INSIDE.wait();
        INSIDE.wait();
        1
    }
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let dylib = waiting();
    let mut manifest = dylib.manifest(&[(&ONE, "waits")]);
    manifest
        .fixups
        .push(dylib.fixup("cell", base(wait as extern "C" fn() -> u64 as usize)));
    let path = folder.path().join("p.so");
    let patch = dylib.seal(&path, &manifest);
    apply(&path).unwrap();
    let inside = thread::Builder::new().name("inside".into()).spawn(one).unwrap();
    INSIDE.wait();
    leave();
    let shown = match &reasons(patch)[..] {
        [reason @ Resident::Calls(threads)] => {
            assert_eq!(threads[0].name.as_deref(), Some("inside"));
            reason.to_string()
        }
        other => panic!("{other:?}"),
    };
    assert!(shown.contains("still running: `inside`"), "{shown}");
    assert!(is_mapped(&path));
    INSIDE.wait();
    assert_eq!(inside.join().unwrap(), 8, "it ended in its own code");
    wait_until_closed(patch);
    assert!(!is_mapped(&path));
}

#[test]
fn an_image_stays_for_a_consistent_scope_that_may_still_call_it() {
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let (path, patch) = returning(folder.path(), "p.so", &[(&ONE, 5)]);
    apply(&path).unwrap();
    consistent(|| {
        thread::spawn(leave).join().unwrap();
        assert_eq!(one(), 5);
        assert!(is_mapped(&path));
    });
    assert_eq!(one(), 0);
    wait_until_closed(patch);
}

#[test]
fn an_image_stays_while_it_is_held() {
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let (path, patch) = returning(folder.path(), "p.so", &[(&ONE, 1)]);
    apply(&path).unwrap();
    let (first, second) = (hold(), hold());
    leave();
    assert_eq!(reasons(patch), [Resident::Held(2)]);
    drop(first);
    leave();
    assert_eq!(reasons(patch), [Resident::Held(1)]);
    drop(second);
    wait_until_closed(patch);
    assert!(!is_mapped(&path));
}

#[test]
fn an_image_stays_while_another_one_needs_it() {
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let first = compile("unsigned long kept = 5; unsigned long f(void) { return kept; }");
    let first_path = folder.path().join("1.so");
    let first_id = first.seal(&first_path, &first.manifest(&[(&ONE, "f")]));
    apply(&first_path).unwrap();
    let second = compile("unsigned long *kept; unsigned long f(void) { return ++*kept; }");
    let mut manifest = second.manifest(&[(&TWO, "f")]);
    manifest.images.push(first_id);
    let kept = Place {
        image: ImageRef::Earlier(0),
        offset: first.symbols["kept"],
    };
    manifest.fixups.push(second.fixup("kept", kept));
    let second_path = folder.path().join("2.so");
    let second_id = second.seal(&second_path, &manifest);
    for _ in 0..3 {
        apply(&second_path).unwrap();
    }
    assert_eq!((one(), two()), (0, 6));
    assert_eq!(reasons(first_id), [Resident::NeededBy(second_id)]);
    assert!(is_mapped(&first_path));
    leave();
    wait_until_closed(first_id);
    wait_until_closed(second_id);

    // What it was bound to is gone, so it is refused.
    let refusal = apply(&second_path).unwrap_err();
    assert_eq!(refusal.code(), code::PARENT);
    assert!(refusal.message().contains(&format!("`{first_id}`")), "{refusal}");
}

#[test]
fn functions_that_a_patch_added_go_with_it_and_leave_their_slots() {
    let _alone = alone();
    unload_soon();
    let mut patches = Numbered::of(&ONE);
    let before = functions().len();
    for number in 1..=20 {
        let path = patches.make(number);
        let patch = apply(&path).unwrap().patch;
        assert!(functions().iter().any(|function| function.name == "new::added"));
        leave();
        wait_until_closed(patch);
        assert_eq!(functions().len(), before, "patch {number}");
    }
}

#[test]
fn whoever_waits_for_a_change_hears_of_commits_only() {
    let (_alone, folder) = (alone(), folder());
    unload_soon();
    let (path, patch) = returning(folder.path(), "p.so", &[(&ONE, 1)]);
    apply(&path).unwrap();
    leave();
    let next = changed();
    wait_until_closed(patch);
    assert_eq!(next.wait_timeout(std::time::Duration::ZERO), None);
}

/// Whether the process has the shadow memory of AddressSanitizer: terabytes of addresses.
fn is_sanitized() -> bool {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    pages > 1 << 28
}

/// The short form of `cargo bench -p hotpatch-runtime --bench soak`.
#[test]
fn many_cycles_leave_nothing_behind() {
    let _alone = alone();
    let mut settled = None;
    cycles::run(
        &ONE,
        || call(one),
        600,
        |cycle, _| {
            if cycle == 100 {
                settled = Some((Holdings::now(), functions().len()));
            }
        },
    );
    let ((settled, rows), now) = (settled.unwrap(), Holdings::now());
    let told = format!("{settled:?} -> {now:?}");
    assert_eq!(now.descriptors, settled.descriptors, "{told}");
    assert_eq!((functions().len(), images().len() <= 4), (rows, true));
    assert!(now.mappings <= settled.mappings + 30, "{told}");
    // AddressSanitizer keeps what was freed.
    let kept_back = if is_sanitized() { 64 << 10 } else { 0 };
    assert!(
        now.resident_kib < settled.resident_kib + 1024 + kept_back,
        "{told}"
    );
}
