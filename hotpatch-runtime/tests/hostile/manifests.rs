//! Files under a checksum that fits, whose trailer or manifest says what is not so.

use hotpatch_abi::code::{self, Code};
use hotpatch_abi::manifest::{
    BacktraceCache, Fixup, FixupForm, ImageRef, Manifest, PatchId, Place, PublishedInstance,
};
use hotpatch_abi::version::ABI_VERSION;

use crate::both;
use crate::offers::{good, look, offer, place};
use crate::sealing::{Seal, covered, file, parts, resealed, segments, this, u64_at};
use crate::support::{Dylib, alone, base, folder};
use crate::{ONE, one_as_built};

#[test]
fn trailers_that_lie() {
    let (_alone, folder) = (alone(), folder());
    let (dylib, manifest) = parts(111);
    let manifest = manifest.encode();
    let honest = Seal::of(&dylib.bytes, &manifest);
    let mut lies = Vec::new();
    for magic in [
        *b"HOTPATCI",
        *b"hotpatch",
        [0; 8],
        [0xff; 8],
        *b"\x7fELF\x02\x01\x01\0",
    ] {
        lies.push(Seal {
            magic,
            ..honest.clone()
        });
    }
    let sizes = |size: u64| {
        let near = [size - 1, size + 1, size + 40, size ^ 0x8000_0000];
        let far = [
            0,
            1,
            u64::from(u32::MAX),
            i64::MAX as u64,
            u64::MAX - 39,
            u64::MAX - 40,
            u64::MAX,
        ];
        near.into_iter().chain(far)
    };
    lies.extend(sizes(honest.object).map(|object| Seal {
        object,
        ..honest.clone()
    }));
    lies.extend(sizes(honest.manifest).map(|manifest| Seal {
        manifest,
        ..honest.clone()
    }));
    // Of what is mapped, less than all is not enough, and more than all is not there.
    let covered = [0, 1, 63, 64, 120, honest.covered - 1, honest.object + 1, u64::MAX];
    lies.extend(covered.map(|covered| Seal {
        covered,
        ..honest.clone()
    }));
    // Parts that add up, but lie elsewhere.
    for moved in [1, 39, 40, manifest.len() as u64] {
        let (object, manifest) = (honest.object + moved, honest.manifest - moved);
        lies.push(Seal {
            object,
            manifest,
            ..honest.clone()
        });
    }
    let path = folder.path().join("p.so");
    for (index, lie) in lies.iter().enumerate() {
        place(&path, &lie.file(&dylib.bytes, &manifest));
        assert_eq!(offer(&path), Err(code::PATCH_FILE), "lie {index}");
    }
    assert_eq!(lies.len(), 39);
    good(folder.path(), 14);
}

/// What is spoilt, and the code that it must lead to.
type Spoilt = (&'static str, Code, Box<dyn Fn(&Dylib, &mut Manifest)>);

fn spoilt(name: &'static str, spoil: impl Fn(&Dylib, &mut Manifest) + 'static) -> Spoilt {
    (name, code::PLACE, Box::new(spoil))
}

fn misfits() -> Vec<Spoilt> {
    let mut all: Vec<Spoilt> = Vec::new();
    for version in [0, ABI_VERSION - 1, ABI_VERSION + 1, u32::MAX] {
        let spoil = move |_: &Dylib, manifest: &mut Manifest| manifest.abi_version = version;
        all.push(("another version", code::ABI, Box::new(spoil)));
    }
    for len in [0, 1, 19, 21, 4096] {
        let spoil = move |_: &Dylib, manifest: &mut Manifest| manifest.build_id.resize(len, 0);
        all.push(("another build", code::BUILD_ID, Box::new(spoil)));
    }
    for parent in [0, 1, u64::MAX] {
        let spoil = move |_: &Dylib, manifest: &mut Manifest| manifest.parent = Some(PatchId(parent));
        all.push(("another parent", code::PARENT, Box::new(spoil)));
    }
    for count in [1, 1000] {
        let spoil = move |_: &Dylib, manifest: &mut Manifest| manifest.images = vec![PatchId(9); count];
        all.push(("images that are not there", code::PARENT, Box::new(spoil)));
    }
    for index in [0, 1, u32::MAX - 2] {
        let image = ImageRef::Earlier(index);
        all.push(spoilt("an image outside the list", move |_, manifest| {
            manifest.fixups[0].target.image = image
        }));
        all.push(spoilt("an entry outside the list", move |_, manifest| {
            manifest.published[0].entry.image = image
        }));
        all.push(spoilt("a body outside the list", move |_, manifest| {
            manifest.published[0].body.image = image
        }));
    }
    all.extend(fixups());
    all.extend(subjects());
    all
}

/// Fixups that would write where they must not, or read what is not there.
fn fixups() -> Vec<Spoilt> {
    let mut all = Vec::new();
    for by in 0..8 {
        all.push(spoilt("overlapping fixups", move |_, manifest| {
            let mut other = manifest.fixups[0];
            other.at += by;
            manifest.fixups.push(other);
        }));
        all.push(spoilt("overlapping fixups, last first", move |_, manifest| {
            let mut other = manifest.fixups[0];
            other.at -= by;
            manifest.fixups.insert(0, other);
        }));
    }
    all.push(spoilt("a thousand times the same fixup", |_, manifest| {
        manifest.fixups = vec![manifest.fixups[0]; 1000];
    }));
    for symbol in ["body_0", "body_1"] {
        all.push(spoilt("a fixup onto code", move |dylib, manifest| {
            manifest.fixups[0].at = dylib.symbols[symbol]
        }));
    }
    for at in [0, 8, 32, 64, 128] {
        all.push(spoilt("a fixup onto the headers", move |_, manifest| {
            manifest.fixups[0].at = at
        }));
    }
    for at in [
        1 << 32,
        1 << 47,
        1 << 63,
        u64::MAX - 8,
        u64::MAX - 7,
        u64::MAX - 6,
        u64::MAX,
    ] {
        all.push(spoilt("a fixup outside the image", move |_, manifest| {
            manifest.fixups[0].at = at
        }));
        all.push(spoilt("a target outside the image", move |_, manifest| {
            manifest.fixups[0].target = this(at)
        }));
        all.push(spoilt("a target outside the program", move |_, manifest| {
            manifest.fixups[0].target.offset = at
        }));
        all.push(spoilt("a body outside the image", move |_, manifest| {
            manifest.published[0].body.offset = at
        }));
        all.push(spoilt("an entry outside the program", move |_, manifest| {
            manifest.published[0].entry.offset = at & !7
        }));
    }
    for by in [-8, -1, 1, 7] {
        all.push(spoilt(
            "a fixup across the edge of the data",
            move |dylib, manifest| {
                let (start, end) = data(&dylib.bytes);
                let edge = if by < 0 { start } else { end - 8 };
                manifest.fixups[0].at = edge.wrapping_add_signed(by);
            },
        ));
    }
    for at in 0..8 {
        all.push(spoilt(
            "a fixup onto the head of an entry",
            move |dylib, manifest| {
                manifest.published[0].entry = dylib.place("entry");
                manifest.fixups[0].at = dylib.symbols["entry"] + at;
            },
        ));
    }
    all
}

/// Functions and instances that are none.
fn subjects() -> Vec<Spoilt> {
    let mut all = vec![
        spoilt("nothing published", |_, manifest| manifest.published.clear()),
        spoilt("published twice", |_, manifest| {
            manifest.published.push(manifest.published[0].clone())
        }),
        spoilt("published twice with two bodies", |_, manifest| {
            manifest.published[1].entry = manifest.published[0].entry;
        }),
        spoilt("data as a body", |dylib, manifest| {
            manifest.published[0].body = dylib.place("cells")
        }),
        spoilt("data of the program as a body", |_, manifest| {
            manifest.published[0].body = base(std::ptr::from_ref(&ONE) as usize);
        }),
        spoilt("code as an entry", |dylib, manifest| {
            manifest.published[0].entry = dylib.place("body_0")
        }),
        spoilt("code of the program as an entry", |_, manifest| {
            manifest.published[0].entry = base(one_as_built() as usize & !7);
        }),
        spoilt("zeros as an entry", |dylib, manifest| {
            manifest.published[0].entry = dylib.place("cells");
            manifest.fixups.clear();
        }),
        spoilt("one instance twice", |dylib, manifest| {
            let body = dylib.place("body_0");
            let built = base(one_as_built() as usize);
            let path = String::from("one");
            manifest.instances = vec![PublishedInstance { built, body, path }; 2];
        }),
        spoilt("data as an instance", |dylib, manifest| {
            let (built, body) = (dylib.place("cells"), dylib.place("body_0"));
            let path = String::from("one");
            manifest.instances = vec![PublishedInstance { built, body, path }];
        }),
    ];
    for by in 1..8 {
        all.push(spoilt("a misaligned entry", move |_, manifest| {
            manifest.published[0].entry.offset += by
        }));
        all.push(spoilt("a misaligned new entry", move |dylib, manifest| {
            manifest.published[0].entry = this(dylib.symbols["entry"] + by);
        }));
    }
    for by in [8, 16, 64] {
        all.push(spoilt("a place beside an entry", move |_, manifest| {
            manifest.published[0].entry.offset += by
        }));
    }
    all
}

/// The writable segment.
fn data(object: &[u8]) -> (u64, u64) {
    let header = segments(object)
        .find(|at| object[*at] == 1 && object[at + 4] & 2 != 0)
        .unwrap();
    let start = u64_at(object, header + 16);
    (start, start + u64_at(object, header + 40))
}

#[test]
fn manifests_that_do_not_fit() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let (dylib, honest) = parts(111);
    let misfits = misfits();
    for (name, code, spoil) in &misfits {
        let mut manifest = honest.clone();
        spoil(&dylib, &mut manifest);
        place(
            &path,
            &resealed(&dylib.bytes, &manifest.encode(), covered(&dylib.bytes)),
        );
        assert_eq!(offer(&path), Err(*code), "{name}");
    }
    assert_eq!(misfits.len(), 121);
    good(folder.path(), 15);
}

/// The numbers that a fixup computes with may be anything: they make a value, not a place to write.
#[test]
fn addends_and_the_offset_table_at_their_extremes() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let (dylib, mut manifest) = parts(16);
    let unused = Fixup {
        at: dylib.symbols["cells"] + 16,
        target: this(0),
        addend: 0,
        form: FixupForm::GotRelative,
    };
    for (addend, got) in [
        (i64::MIN, 0),
        (i64::MAX, u64::MAX),
        (-1, 1 << 63),
        (0, i64::MAX as u64),
    ] {
        manifest.fixups.truncate(1);
        manifest.fixups.push(Fixup { addend, ..unused });
        manifest.got = got;
        // The places in the standard library are of no use, so they are left alone.
        manifest.backtraces = Some(BacktraceCache {
            lock: got,
            cache: got,
            empty: vec![0; 1 << 17],
        });
        place(
            &path,
            &resealed(&dylib.bytes, &manifest.encode(), covered(&dylib.bytes)),
        );
        assert_eq!(offer(&path), Ok(()), "{addend} {got}");
        assert_eq!(both(), (16, 32));
    }
}

/// Whatever stands in a manifest under a checksum that fits, it is refused with a code or fits.
#[test]
fn every_byte_of_a_manifest_is_another_one() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let parts = parts(111);
    let manifest = parts.1.encode();
    let covered = covered(&parts.0.bytes);
    let mut offers = 0;
    for at in 0..manifest.len() {
        for change in [0x01, 0x80, 0xff, manifest[at]] {
            let mut spoilt = manifest.clone();
            spoilt[at] ^= change;
            if spoilt == manifest {
                continue;
            }
            place(&path, &resealed(&parts.0.bytes, &spoilt, covered));
            let code = look(&path);
            let expected = [
                code::PATCH_FILE,
                code::ABI,
                code::BUILD_ID,
                code::PARENT,
                code::PLACE,
                code::VETO,
            ];
            assert!(expected.contains(&code), "byte {at}: {code:?}");
            offers += 1;
        }
        place(&path, &resealed(&parts.0.bytes, &manifest[..at], covered));
        assert_eq!(look(&path), code::PATCH_FILE, "{at} bytes");
    }
    assert!(offers >= 600, "{offers}");
    place(&path, &file(&parts));
    assert_eq!(look(&path), code::VETO);
    good(folder.path(), 17);
}

type Forge<'a> = &'a dyn Fn(&mut Manifest);

/// An image that a patch refers to is that of an earlier patch, with the places that it has.
#[test]
fn places_of_an_earlier_patch() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("earlier.so");
    let earlier = parts(21);
    let sealed = file(&earlier);
    place(&path, &sealed);
    assert_eq!(offer(&path), Ok(()));
    let id = hotpatch_abi::patch_file::open(&sealed).unwrap().id;
    let of_earlier = |index: u32, offset: u64| Place {
        image: ImageRef::Earlier(index),
        offset,
    };
    let symbol = |name: &str| earlier.0.symbols[name];
    let (dylib, mut honest) = parts(22);
    honest.images = vec![id; 2];
    honest.published[0].body = of_earlier(0, symbol("body_0"));
    honest.published[1].body = of_earlier(1, symbol("body_1"));
    honest.fixups[1].target = of_earlier(1, symbol("cells"));
    let forged: [(&str, Forge); 7] = [
        ("a body in data", &|manifest| {
            manifest.published[0].body.offset = symbol("cells");
        }),
        ("a body behind the end", &|manifest| {
            manifest.published[0].body.offset = 1 << 20;
        }),
        ("a body in the headers", &|manifest| {
            manifest.published[0].body.offset = 64;
        }),
        ("a body of the third of two", &|manifest| {
            manifest.published[0].body.image = ImageRef::Earlier(2);
        }),
        ("a target behind the end", &|manifest| {
            manifest.fixups[1].target.offset = u64::MAX;
        }),
        ("data as an entry", &|manifest| {
            manifest.published[0].entry = of_earlier(0, symbol("cells"));
        }),
        // It was never published, so the process does not know it.
        ("an entry that is not known", &|manifest| {
            manifest.published[0].entry = of_earlier(0, symbol("entry"));
        }),
    ];
    let path = folder.path().join("p.so");
    let covered = covered(&dylib.bytes);
    for (name, forge) in forged {
        let mut manifest = honest.clone();
        forge(&mut manifest);
        place(&path, &resealed(&dylib.bytes, &manifest.encode(), covered));
        assert_eq!(offer(&path), Err(code::PLACE), "{name}");
    }
    place(&path, &resealed(&dylib.bytes, &honest.encode(), covered));
    assert_eq!(offer(&path), Ok(()));
    assert_eq!(both(), (21, 42));
}
