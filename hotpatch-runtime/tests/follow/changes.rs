//! What `Policy::OnChange` notices.

use std::fs;
use std::os::unix::fs::symlink;

use hotpatch_runtime::{Outcome, Policy, apply, follow, generation, rollback};

use crate::one;
use crate::patches::{chain, patch};
use crate::support::{alone, folder};
use crate::told;

#[test]
fn a_file_that_comes_is_written_to_and_is_replaced() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("live");
    let _following = follow(&path, Policy::OnChange).unwrap();
    told::listen();
    let patches = [(); 4].map(|()| patch(None));
    patches[0].write(folder.path(), "live");
    told::wait_until_live(&patches[0]);
    patches[1].rename_to(&path);
    told::wait_until_live(&patches[1]);
    patches[2].write(folder.path(), "live");
    told::wait_until_live(&patches[2]);
    fs::remove_file(&path).unwrap();
    let other = patches[3].write(folder.path(), "other");
    fs::hard_link(other, &path).unwrap();
    told::wait_until_live(&patches[3]);
}

#[test]
fn a_folder_that_is_removed_and_made_again() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("patches");
    // It need not be there when following begins.
    let _following = follow(&path, Policy::OnChange).unwrap();
    told::listen();
    for round in 0..3 {
        fs::create_dir(&path).unwrap();
        let patch = patch(None);
        patch.write_at(&path, "1", 1000 + round);
        told::wait_until_live(&patch);
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
fn a_folder_that_another_one_takes_the_place_of() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("patches");
    fs::create_dir(&path).unwrap();
    let [first, second, third] = chain::<3>();
    first.write(&path, "1");
    let _following = follow(&path, Policy::OnChange).unwrap();
    told::listen();
    let next = folder.path().join("next");
    fs::create_dir(&next).unwrap();
    second.write(&next, "2");
    fs::rename(&path, folder.path().join("old")).unwrap();
    fs::rename(&next, &path).unwrap();
    told::wait_until_live(&second);
    third.write(&path, "3");
    told::wait_until_live(&third);
}

#[test]
fn a_folder_above_that_is_a_link_and_leads_elsewhere() {
    let (_alone, folder) = (alone(), folder());
    let at = |path: &str| folder.path().join(path);
    let chain = chain::<4>();
    for (release, patch) in ["1", "2"].iter().zip(&chain) {
        fs::create_dir_all(at(release).join("deep/patches")).unwrap();
        patch.write(&at(release).join("deep/patches"), release);
    }
    symlink("1", at("current")).unwrap();
    let _following = follow(at("current/deep/patches"), Policy::OnChange).unwrap();
    assert_eq!(one(), chain[0].value);
    told::listen();
    symlink("2", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    told::wait_until_live(&chain[1]);
    chain[2].write(&at("2/deep/patches"), "3");
    told::wait_until_live(&chain[2]);
    // A file of the folder that is a link, whose target is replaced.
    fs::create_dir(at("store")).unwrap();
    chain[0].write(&at("store"), "x");
    symlink(at("store/x"), at("2/deep/patches/x")).unwrap();
    chain[3].rename_to(&at("store/x"));
    told::wait_until_live(&chain[3]);
}

/// Nothing of the path is there but the folder above, which is removed as well.
#[test]
fn a_whole_way_that_is_made_again() {
    let (_alone, folder) = (alone(), folder());
    let at = |path: &str| folder.path().join(path);
    fs::create_dir(at("a")).unwrap();
    let _following = follow(at("a/b"), Policy::OnChange).unwrap();
    told::listen();
    fs::remove_dir(at("a")).unwrap();
    let patch = patch(None);
    fs::create_dir_all(at("a/b")).unwrap();
    patch.write(&at("a/b"), "1");
    told::wait_until_live(&patch);
}

#[test]
fn a_patch_that_waited_for_one_that_comes_another_way() {
    let (_alone, folder, elsewhere) = (alone(), folder(), folder());
    let [first, second, third] = chain::<3>();
    let _following = follow(folder.path(), Policy::OnChange).unwrap();
    told::listen();
    second.write(folder.path(), "2");
    told::wait(|followed| followed.outcome == Outcome::Waiting { on: first.id });
    apply(first.write(elsewhere.path(), "1")).unwrap();
    told::wait_until_live(&second);
    // And one that waits for a roll-back: it follows on what was live before.
    let second_at = generation();
    third.write(folder.path(), "3");
    told::wait_until_live(&third);
    rollback(0).unwrap();
    let fourth = patch(Some(second.id));
    fourth.write(folder.path(), "4");
    told::wait(|followed| followed.outcome == Outcome::Waiting { on: second.id });
    rollback(second_at).unwrap();
    told::wait_until_live(&fourth);
}
