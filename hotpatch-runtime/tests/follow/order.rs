//! Which patches are applied, and in which order.

use std::fs;
use std::path::Path;

use hotpatch_runtime::{Following, Policy, apply, follow, generation, rollback};

use crate::one;
use crate::patches::{chain, patch};
use crate::support::{alone, folder};
use crate::told::{self, words};

fn manual(path: &Path) -> Following {
    follow(path, Policy::Manual).unwrap()
}

fn check(following: &Following) -> Vec<String> {
    following.check().unwrap().iter().map(words).collect()
}

fn retry(following: &Following) -> Vec<String> {
    following.retry().unwrap().iter().map(words).collect()
}

#[test]
fn a_chain_that_is_there_at_once_is_applied_in_its_order() {
    let (_alone, folder) = (alone(), folder());
    let patches = chain::<5>();
    for (patch, name) in patches.iter().zip(["e", "b", "d", "a", "c"]) {
        patch.write(folder.path(), name);
    }
    told::listen();
    let following = manual(folder.path());
    assert_eq!(told::files(), [""; 0], "nothing happens by itself");
    let before = generation();
    assert_eq!(
        check(&following),
        ["a applied", "b applied", "c applied", "d applied", "e applied"]
    );
    assert_eq!(
        told::files(),
        ["e applied", "b applied", "d applied", "a applied", "c applied"]
    );
    assert_eq!((one(), generation()), (patches[4].value, before + 5));
    assert_eq!(
        check(&following),
        ["a live", "b live", "c live", "d live", "e live"]
    );
    assert_eq!(generation(), before + 5);
}

#[test]
fn a_gap_is_waited_for_and_told_once() {
    let (_alone, folder) = (alone(), folder());
    let [first, second, third, fourth] = chain::<4>();
    first.write(folder.path(), "1");
    third.write(folder.path(), "3");
    fourth.write(folder.path(), "4");
    told::listen();
    let following = manual(folder.path());
    let (waits, waits_too) = (
        format!("3 waits on {}", second.id),
        format!("4 waits on {}", third.id),
    );
    assert_eq!(check(&following), ["1 applied", &waits, &waits_too]);
    assert_eq!(one(), first.value);
    assert_eq!(check(&following), ["1 live", &waits, &waits_too]);
    assert_eq!(told::files(), ["1 applied", &waits, &waits_too]);
    second.write(folder.path(), "2");
    assert_eq!(
        check(&following),
        ["1 live", "2 applied", "3 applied", "4 applied"]
    );
    assert_eq!(one(), fourth.value);
}

#[test]
fn of_patches_that_fit_anywhere_the_one_modified_last_is_applied() {
    let (_alone, folder) = (alone(), folder());
    let (old, new, late, newest) = (patch(None), patch(None), patch(None), patch(None));
    old.write_at(folder.path(), "z", 1000);
    new.write_at(folder.path(), "a", 2000);
    told::listen();
    let following = manual(folder.path());
    let passed = format!("z passed over by {}", new.id);
    assert_eq!(check(&following), ["a applied", &passed]);
    // One that comes later, but was modified before.
    late.write_at(folder.path(), "b", 1500);
    let passed_too = format!("b passed over by {}", new.id);
    assert_eq!(check(&following), ["a live", &passed_too, &passed]);
    // That a file is touched, or another one removed, is no reason to have it.
    fs::remove_file(folder.path().join("a")).unwrap();
    late.write_at(folder.path(), "b", 3000);
    assert_eq!(check(&following), [&*passed_too, &passed]);
    assert_eq!(one(), new.value);
    newest.write_at(folder.path(), "c", 4000);
    assert_eq!(check(&following), [&*passed_too, "c applied", &passed]);
    assert_eq!(told::files(), ["a applied", &passed, &passed_too, "c applied"]);
}

#[test]
fn of_two_that_follow_on_the_same_patch_the_first_is_applied() {
    let (_alone, folder) = (alone(), folder());
    let root = patch(None);
    let (left, right) = (patch(Some(root.id)), patch(Some(root.id)));
    let after_right = patch(Some(right.id));
    root.write(folder.path(), "0");
    left.write_at(folder.path(), "left", 2000);
    right.write_at(folder.path(), "right", 1000);
    after_right.write(folder.path(), "right.2");
    told::listen();
    let following = manual(folder.path());
    let passed = format!("left passed over by {}", right.id);
    let expected = ["0 applied", &passed, "right applied", "right.2 applied"];
    assert_eq!(check(&following), expected);
    assert_eq!(one(), after_right.value);
    assert_eq!(check(&following)[1], passed);
    let times = told::files().iter().filter(|told| **told == passed).count();
    assert_eq!(times, 1);
}

#[test]
fn known_content_does_nothing_whatever_becomes_of_its_file() {
    let (_alone, folder) = (alone(), folder());
    let [first, second] = chain::<2>();
    first.write(folder.path(), "1");
    second.write(folder.path(), "2");
    let following = manual(folder.path());
    check(&following);
    let before = generation();
    // Touched, copied, written again, and seen by another one who follows.
    first.write_at(folder.path(), "1", 4_000_000_000);
    first.write(folder.path(), "copy");
    assert_eq!(check(&following), ["1 live", "2 live", "copy live"]);
    assert_eq!(check(&manual(folder.path())), ["1 live", "2 live", "copy live"]);
    assert_eq!((one(), generation()), (second.value, before));
}

#[test]
fn another_content_at_the_same_path_is_another_patch() {
    let (_alone, folder) = (alone(), folder());
    let (old, new) = (patch(None), patch(None));
    let path = old.write(folder.path(), "live");
    // The path of a file, and not of a folder.
    let following = manual(&path);
    assert_eq!(check(&following), ["live applied"]);
    // Into the same file: the code that runs does not lie in it.
    fs::write(&path, []).unwrap();
    assert_eq!(
        (one(), check(&following)),
        (old.value, vec!["live not whole".into()])
    );
    fs::write(&path, &new.bytes).unwrap();
    assert_eq!(
        (check(&following), one()),
        (vec!["live applied".into()], new.value)
    );
    fs::remove_file(&path).unwrap();
    assert_eq!((check(&following), one()), (vec![], new.value));
}

#[test]
fn what_the_program_went_back_from_is_not_applied_again() {
    let (_alone, folder) = (alone(), folder());
    let [first, second] = chain::<2>();
    first.write(folder.path(), "1");
    let following = manual(folder.path());
    check(&following);
    let good = generation();
    second.write(folder.path(), "2");
    check(&following);
    rollback(good).unwrap();
    assert_eq!(check(&following), ["1 live", "2 left"]);
    assert_eq!(check(&manual(folder.path())), ["1 live", "2 left"]);
    assert_eq!(one(), first.value);
    // Another patch for what is live now is taken.
    let instead = patch(Some(first.id));
    instead.write(folder.path(), "3");
    assert_eq!(check(&following), ["1 live", "2 left", "3 applied"]);
    rollback(0).unwrap();
    assert_eq!(check(&following), ["1 left", "2 left", "3 left"]);
    assert_eq!(one(), 10);
    // Until it is asked for: what would be chosen if all of it were new.
    fs::remove_file(folder.path().join("3")).unwrap();
    assert_eq!(retry(&following), ["1 applied", "2 applied"]);
    assert_eq!(one(), second.value);
    assert_eq!(retry(&following), ["1 live", "2 live"]);
}

#[test]
fn a_patch_fits_what_somebody_else_has_applied() {
    let (_alone, folder, elsewhere) = (alone(), folder(), folder());
    let [first, second, third] = chain::<3>();
    second.write(folder.path(), "2");
    let following = manual(folder.path());
    assert_eq!(check(&following), [format!("2 waits on {}", first.id)]);
    apply(first.write(elsewhere.path(), "1")).unwrap();
    assert_eq!(check(&following), ["2 applied"]);
    apply(third.write(elsewhere.path(), "3")).unwrap();
    assert_eq!(check(&following), ["2 live"]);
}
