//! Files that are refused, or are no patches.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use std::thread;

use hotpatch_runtime::{Event, Policy, follow, generation, on_event};

use crate::one;
use crate::patches::{chain, patch};
use crate::support::{alone, folder};
use crate::told::{self, words};

#[test]
fn a_damaged_file_is_told_once_and_holds_up_nothing() {
    let (_alone, folder) = (alone(), folder());
    let [first, second] = chain::<2>();
    let mut damaged = patch(None);
    damaged.bytes[100] ^= 1;
    damaged.write(folder.path(), "a");
    first.write(folder.path(), "1");
    told::listen();
    let following = follow(folder.path(), Policy::Manual).unwrap();
    let check = || -> Vec<String> { following.check().unwrap().iter().map(words).collect() };
    assert_eq!(check(), ["1 applied", "a refused HP0501"]);
    damaged.write(folder.path(), "copy");
    second.write(folder.path(), "2");
    assert_eq!(
        check(),
        ["1 live", "2 applied", "a refused HP0501", "copy refused HP0501"]
    );
    let expected = [
        "refused HP0501",
        "a refused HP0501",
        "preparing",
        "applied",
        "1 applied",
        "preparing",
        "applied",
        "2 applied",
    ];
    assert_eq!(told::all(), expected);
    // Other damage is another content.
    damaged.bytes[101] ^= 1;
    damaged.write(folder.path(), "a");
    check();
    assert_eq!(
        told::all()[expected.len()..],
        ["refused HP0501", "a refused HP0501"]
    );
}

#[test]
fn a_patch_of_another_program_is_told_once() {
    let (_alone, folder) = (alone(), folder());
    let mut other = crate::support::returning_parts(&[(&crate::ONE, 1)]);
    other.1.build_id = vec![1, 2, 3];
    other.0.seal(&folder.path().join("other"), &other.1);
    told::listen();
    let following = follow(folder.path(), Policy::Manual).unwrap();
    for _ in 0..3 {
        following.check().unwrap();
    }
    assert_eq!(told::all(), ["refused HP0102", "other refused HP0102"]);
    following.retry().unwrap();
    assert_eq!(told::all().len(), 3, "offered again, told once");
}

#[test]
fn what_is_no_patch_is_passed_quietly() {
    let (_alone, folder) = (alone(), folder());
    let good = patch(None);
    for name in [".hidden", "backup~", "upload.tmp", "upload.part"] {
        good.write(folder.path(), name);
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    good.write(&folder.path().join("folder"), "1");
    fs::write(folder.path().join("README"), "how to deploy").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    fs::write(folder.path().join("part"), &good.bytes[..good.bytes.len() - 1]).unwrap();
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    told::listen();
    let before = (one(), generation());
    let following = follow(folder.path(), Policy::Manual).unwrap();
    let check: Vec<String> = following.check().unwrap().iter().map(words).collect();
    assert_eq!(check, ["README not whole", "empty not whole", "part not whole"]);
    assert_eq!((told::all(), (one(), generation())), (vec![], before));
}

#[test]
fn a_file_or_folder_that_everybody_can_write_is_refused_until_they_cannot() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("patches");
    fs::create_dir(&path).unwrap();
    let chain = chain::<2>();
    let file = chain[0].write(&path, "1");
    let following = follow(&path, Policy::Manual).unwrap();
    told::listen();
    let set = |path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let check_twice = || {
        following.check().unwrap();
        following.check().unwrap();
        told::files()
    };
    set(&file, 0o666);
    assert_eq!(check_twice(), ["1 refused HP0501"]);
    set(&file, 0o644);
    assert_eq!(check_twice(), ["1 refused HP0501", "1 applied"]);
    told::listen();
    set(&path, 0o777);
    chain[1].write(&path, "2");
    assert_eq!(check_twice(), ["2 refused HP0501"]);
    assert_eq!(
        told::all(),
        ["refused HP0501", "2 refused HP0501"],
        "offered once"
    );
    set(&path, 0o755);
    assert_eq!(check_twice(), ["2 refused HP0501", "2 applied"]);
}

#[test]
fn a_vetoed_patch_is_offered_at_each_look_and_told_once() {
    static NO: AtomicBool = AtomicBool::new(false);
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let (_alone, folder) = (alone(), folder());
    on_event(|event| {
        if let Event::Preparing(preparing) = event
            && NO.load(Ordering::Relaxed)
        {
            ASKED.fetch_add(1, Ordering::Relaxed);
            preparing.veto("the shop is open");
        }
    });
    let patch = patch(None);
    patch.write(folder.path(), "1");
    told::listen();
    NO.store(true, Ordering::Relaxed);
    let following = follow(folder.path(), Policy::Manual).unwrap();
    for _ in 0..3 {
        let seen = following.check().unwrap();
        assert_eq!(words(&seen[0]), "1 refused HP0607");
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 3);
    assert_eq!(told::files(), ["1 refused HP0607"]);
    NO.store(false, Ordering::Relaxed);
    assert_eq!(words(&following.check().unwrap()[0]), "1 applied");
    assert_eq!(one(), patch.value);
}

/// The writer waits until the one who follows has looked at what it wrote so far.
#[test]
fn a_file_is_not_offered_before_it_is_whole() {
    let (_alone, folder) = (alone(), folder());
    let (whole, other) = (patch(None), patch(None));
    let before = other.write(folder.path(), "0");
    let following = follow(folder.path(), Policy::OnChange).unwrap();
    assert_eq!(one(), other.value);
    told::listen();
    let path = folder.path().join("1");
    let len = whole.bytes.len();
    thread::scope(|scope| {
        scope.spawn(|| {
            // The last pieces are the trailer, byte by byte.
            let ends = (1..8).map(|piece| piece * len / 8).chain(len - 42..len);
            for end in ends {
                // Opened, written and closed each time, so that each piece is a change that is looked at.
                fs::write(&path, &whole.bytes[..end]).unwrap();
                let seen = following.check().unwrap();
                assert_eq!(
                    seen.iter().map(words).collect::<Vec<_>>(),
                    ["0 live", "1 not whole"]
                );
                assert_eq!(one(), other.value);
            }
            assert_eq!(told::all(), [""; 0]);
            fs::write(&path, &whole.bytes).unwrap();
        });
    });
    told::wait_until_live(&whole);
    assert_eq!(told::all(), ["preparing", "applied", "1 applied"]);
    fs::remove_file(before).unwrap();
}
