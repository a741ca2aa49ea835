//! Bad patches: each gets its code, and the process runs what it ran.

#[macro_use]
mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use hotpatch_abi::code::{self, Code};
use hotpatch_abi::manifest::{ImageRef, Manifest, PatchId, Place};
use hotpatch_abi::version::ABI_VERSION;
use hotpatch_runtime::{apply, call, generation};

use support::{Dylib, alone, base, compile, folder, returning, returning_parts};

hot!(one, ONE, 10);
hot!(two, TWO, 20);

/// Offers the file at `path`, which must be refused with `code` and a text that contains `reason`.
fn check(path: &Path, code: Code, reason: &str) {
    let before = (generation(), call(|| (one(), two())));
    let refusal = apply(path).expect_err(reason);
    assert_eq!(refusal.code(), code, "{refusal}");
    assert!(refusal.message().contains(reason), "{refusal}");
    assert!(refusal.to_string().starts_with(code.as_str()), "{refusal}");
    assert_eq!(
        (generation(), call(|| (one(), two()))),
        before,
        "nothing has changed"
    );
}

/// Offers a patch of `ONE` after `spoil` was at its manifest.
fn check_spoilt(code: Code, reason: &str, spoil: impl FnOnce(&Dylib, &mut Manifest)) {
    let (_alone, folder) = (alone(), folder());
    let (dylib, mut manifest) = returning_parts(&[(&ONE, 11)]);
    spoil(&dylib, &mut manifest);
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code, reason);
}

#[test]
fn missing_file() {
    check(Path::new("/nowhere/p.so"), code::PATCH_FILE, "`/nowhere/p.so`");
}

#[test]
fn folder_or_fifo_instead_of_a_file() {
    let folder = folder();
    check(folder.path(), code::PATCH_FILE, "not a regular file");
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    check(&fifo, code::PATCH_FILE, "not a regular file");
}

#[test]
fn truncated_or_damaged_file() {
    let (_alone, folder) = (alone(), folder());
    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 11)]);
    let whole = fs::read(&path).unwrap();
    for len in [0, 1, 39, 40, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        check(&path, code::PATCH_FILE, "no trailer");
    }
    for at in [0, whole.len() / 2, whole.len() - 50] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        check(&path, code::PATCH_FILE, "damaged");
    }
}

#[test]
fn foreign_file() {
    let _alone = alone();
    check(
        &std::env::current_exe().unwrap(),
        code::PATCH_FILE,
        "not a patch file",
    );
}

#[test]
fn sealed_text_instead_of_a_dylib() {
    let (_alone, folder) = (alone(), folder());
    let (mut dylib, manifest) = returning_parts(&[(&ONE, 11)]);
    dylib.bytes = b"#!/bin/sh\n".repeat(100);
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code::PATCH_FILE, "not hold a dylib");
}

#[test]
fn other_abi_version() {
    check_spoilt(code::ABI, "version 7", |_, manifest| manifest.abi_version = 7);
}

#[test]
fn other_build_id() {
    check_spoilt(code::BUILD_ID, "build id `ab12`", |_, manifest| {
        manifest.build_id = vec![0xab, 0x12]
    });
}

#[test]
fn other_parent() {
    check_spoilt(code::PARENT, "`0000000000000007`", |_, manifest| {
        manifest.parent = Some(PatchId(7))
    });
}

#[test]
fn image_that_was_never_loaded() {
    check_spoilt(code::PARENT, "`0000000000000009`", |_, manifest| {
        manifest.images.push(PatchId(9))
    });
}

#[test]
fn nothing_published_or_twice_the_same() {
    check_spoilt(code::PLACE, "at least one", |_, manifest| {
        manifest.published.clear()
    });
    check_spoilt(code::PLACE, "only once", |_, manifest| {
        manifest.published.push(manifest.published[0].clone())
    });
}

#[test]
fn body_outside_the_code() {
    check_spoilt(code::PLACE, "its own image", |_, manifest| {
        manifest.published[0].body.offset = 1 << 40
    });
    check_spoilt(code::PLACE, "its own image", |_, manifest| {
        manifest.published[0].body.offset = 0
    });
}

#[test]
fn entry_that_is_no_entry() {
    check_spoilt(code::PLACE, "entry for `test::one`", |_, manifest| {
        manifest.published[0].entry.offset += 8
    });
    check_spoilt(code::PLACE, "misaligned", |_, manifest| {
        manifest.published[0].entry.offset += 4
    });
    check_spoilt(code::PLACE, "the program", |_, manifest| {
        manifest.published[0].entry.offset = 1 << 40
    });
    check_spoilt(code::PLACE, "image 3 of a list of 0", |_, manifest| {
        manifest.published[0].entry.image = ImageRef::Earlier(3);
    });
}

#[test]
fn new_entry_without_a_version() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile("unsigned long zeros[8] = { 0 }; unsigned long f(void) { return zeros[0]; }");
    let mut manifest = dylib.manifest(&[(&ONE, "f")]);
    manifest.published[0].entry = dylib.place("zeros");
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code::PLACE, "no new entry");
    // It was loaded and unloaded again: the same path is still good.
    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 11)]);
    apply(path).unwrap();
    assert_eq!(one(), 11);
}

#[test]
fn write_outside_the_data() {
    let target = base(std::ptr::from_ref(&ONE) as usize);
    for at in [0, 1 << 40, u64::MAX - 3] {
        check_spoilt(code::PLACE, "not writable data", |dylib, manifest| {
            let mut fixup = dylib.fixup("body_0", target);
            fixup.at = at;
            manifest.fixups.push(fixup);
        });
    }
    check_spoilt(code::PLACE, "not writable data", |dylib, manifest| {
        manifest.fixups.push(dylib.fixup("body_0", target));
    });
}

#[test]
fn target_outside_its_image() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile("unsigned long cell; unsigned long f(void) { return cell; }");
    let mut manifest = dylib.manifest(&[(&ONE, "f")]);
    manifest.fixups.push(dylib.fixup(
        "cell",
        Place {
            image: ImageRef::Base,
            offset: 1 << 40,
        },
    ));
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code::PLACE, "the program");
}

#[test]
fn constructor_does_not_run() {
    let (_alone, folder) = (alone(), folder());
    let marker = folder.path().join("ran");
    let source = format!(
        "extern int creat(const char *, unsigned);
         __attribute__((constructor)) static void start(void) {{ creat(\"{}\", 0600); }}
         unsigned long f(void) {{ return 11; }}",
        marker.display()
    );
    let dylib = compile(&source);
    let path = folder.path().join("p.so");
    dylib.seal(&path, &dylib.manifest(&[(&ONE, "f")]));
    check(&path, code::PLACE, "DT_INIT_ARRAY");
    assert!(!marker.exists());
}

#[test]
fn indirect_function_does_not_run() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile(
        "static unsigned long body(void) { return 11; }
         static unsigned long (*choose(void))(void) { __builtin_trap(); return body; }
         unsigned long f(void) __attribute__((ifunc(\"choose\")));
         unsigned long g(void) { return f(); }",
    );
    let path = folder.path().join("p.so");
    dylib.seal(&path, &dylib.manifest(&[(&ONE, "g")]));
    check(&path, code::PLACE, "indirect function");
}

#[test]
fn stacks_stay_as_they_are() {
    let (_alone, folder) = (alone(), folder());
    let (mut dylib, manifest) = returning_parts(&[(&ONE, 11)]);
    let stack = 0x6474_e551_u64 | 6 << 32;
    let at = dylib
        .bytes
        .windows(8)
        .position(|bytes| bytes == stack.to_le_bytes());
    dylib.bytes[at.unwrap() + 4] = 7;
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code::PLACE, "executable stack");
}

#[test]
fn segment_that_was_not_verified() {
    let (_alone, folder) = (alone(), folder());
    let (dylib, manifest) = returning_parts(&[(&ONE, 11)]);
    let path = folder.path().join("p.so");
    let (file, _) = hotpatch_abi::patch_file::seal(dylib.bytes, 0x400, &manifest);
    fs::write(&path, file).unwrap();
    check(&path, code::PATCH_FILE, "not hold a dylib");
}

#[test]
fn fixup_of_the_slot_of_a_new_entry() {
    let (_alone, folder) = (alone(), folder());
    let source = "struct { unsigned slot, version; const char *path; unsigned long rest[5]; }
             entry = { 0, VERSION, \"new\", { 3 } };
         unsigned long f(void) { return entry.slot; }";
    let dylib = compile(&source.replace("VERSION", &ABI_VERSION.to_string()));
    let path = folder.path().join("p.so");
    for at in [0, 4, 7, u64::MAX - 6] {
        let mut manifest = dylib.manifest(&[(&ONE, "f")]);
        manifest.published[0].entry = dylib.place("entry");
        let mut fixup = dylib.fixup("entry", dylib.place("f"));
        fixup.at = fixup.at.wrapping_add(at);
        manifest.fixups.push(fixup);
        dylib.seal(&path, &manifest);
        check(&path, code::PLACE, "slot of an entry");
    }
}

#[test]
fn symbol_that_nobody_has() {
    let (_alone, folder) = (alone(), folder());
    let dylib = compile("extern unsigned long nobody(void); unsigned long f(void) { return nobody(); }");
    let path = folder.path().join("p.so");
    dylib.seal(&path, &dylib.manifest(&[(&ONE, "f")]));
    check(&path, code::LOAD, "nobody");
}

#[test]
fn file_that_everybody_may_change() {
    let (_alone, folder) = (alone(), folder());
    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 11)]);
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    check(&path, code::PATCH_FILE, "written by every user");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    check(&path, code::PATCH_FILE, "written by every user");
}

#[test]
fn a_refused_patch_can_be_made_good() {
    let (_alone, folder) = (alone(), folder());
    let (dylib, mut manifest) = returning_parts(&[(&TWO, 22)]);
    let good = manifest.clone();
    manifest.build_id.clear();
    let path = folder.path().join("p.so");
    dylib.seal(&path, &manifest);
    check(&path, code::BUILD_ID, "build id ``");
    dylib.seal(&path, &good);
    apply(&path).unwrap();
    assert_eq!(two(), 22);
}
