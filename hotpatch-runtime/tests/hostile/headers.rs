//! Objects under a checksum that fits, whose headers or dynamic sections are wrong. What the loader believes could end the
//! process, so a process of its own takes those that change one bit.

use std::collections::BTreeMap;

use hotpatch_abi::code::{self, Code};
use hotpatch_abi::manifest::Manifest;

use crate::offers::{Taker, good, offer, place};
use crate::sealing::{covered, file, parts, put, resealed, segments, u32_at, u64_at};
use crate::support::{Dylib, alone, folder};

// Fields of an `Elf64_Phdr`.
const FLAGS: usize = 4;
const OFFSET: usize = 8;
const ADDRESS: usize = 16;
const FILE_LEN: usize = 32;
const LEN: usize = 40;
const ALIGN: usize = 48;

/// The object with one change, and the code that it must lead to.
struct Bench {
    dylib: Dylib,
    manifest: Vec<u8>,
    offered: Vec<(String, Vec<u8>, Code)>,
}

impl Bench {
    fn new((dylib, manifest): (Dylib, Manifest)) -> Self {
        let manifest = manifest.encode();
        Self {
            dylib,
            manifest,
            offered: Vec::new(),
        }
    }

    fn header(&self, kind: u32) -> usize {
        let object = &self.dylib.bytes;
        segments(object).find(|at| u32_at(object, *at) == kind).unwrap()
    }

    fn spoil(&mut self, name: &str, code: Code, spoil: impl Fn(&mut Vec<u8>)) {
        let mut object = self.dylib.bytes.clone();
        spoil(&mut object);
        let file = resealed(&object, &self.manifest, covered(&self.dylib.bytes));
        self.offered.push((name.into(), file, code));
    }

    /// Where the dynamic section lies in the file, and how many tags fit.
    fn dynamic(&self) -> (usize, usize) {
        let header = self.header(libc::PT_DYNAMIC);
        let object = &self.dylib.bytes;
        (
            u64_at(object, header + OFFSET) as usize,
            u64_at(object, header + FILE_LEN) as usize / 16,
        )
    }

    /// Where the value of a tag stands.
    fn tag(&self, tag: u64) -> usize {
        let (start, count) = self.dynamic();
        let mut places = (0..count).map(|index| start + index * 16);
        places.find(|at| u64_at(&self.dylib.bytes, *at) == tag).unwrap() + 8
    }
}

fn elf_headers(bench: &mut Bench) {
    for (name, at, value) in [
        ("another class", 4, 1),
        ("another byte order", 5, 2),
        ("an executable", 16, 2),
        ("another machine", 18, 183),
        ("another size of headers", 54, 55),
        ("more headers than there may be", 57, 0xff),
        ("headers inside the header", 32, 8),
        ("no magic", 0, 0),
    ] {
        bench.spoil(name, code::PATCH_FILE, |object| object[at] = value);
    }
    for place in [1 << 32, 1 << 63, u64::MAX, u64::MAX - 55] {
        bench.spoil("headers outside the file", code::PATCH_FILE, |object| {
            put(object, 32, place)
        });
    }
}

fn program_headers(bench: &mut Bench) {
    let code = code::PATCH_FILE;
    let load = bench.header(libc::PT_LOAD);
    let loads: Vec<usize> = segments(&bench.dylib.bytes)
        .filter(|at| u32_at(&bench.dylib.bytes, *at) == libc::PT_LOAD)
        .collect();
    for (index, at) in loads.iter().copied().enumerate() {
        bench.spoil("less memory than file", code, |object| put(object, at + LEN, 1));
        bench.spoil("more file than there is", code, |object| {
            put(object, at + FILE_LEN, 1 << 30)
        });
        bench.spoil("not readable", code, |object| object[at + FLAGS] &= !4);
        for value in [1 << 40, 1 << 63, u64::MAX - 7, u64::MAX] {
            bench.spoil("outside the file", code, |object| put(object, at + OFFSET, value));
            bench.spoil("an address without end", code, |object| {
                put(object, at + ADDRESS, value | 1 << 47)
            });
            bench.spoil("memory without end", code, |object| {
                put(object, at + LEN, value | 1 << 47)
            });
        }
        for align in [0, 1, 16, 0x1001, 0x3000, u64::MAX] {
            bench.spoil("an alignment that is none", code, |object| {
                put(object, at + ALIGN, align)
            });
        }
        if index > 0 {
            bench.spoil("segments that overlap", code, |object| {
                let before = u64_at(object, loads[index - 1] + ADDRESS);
                put(object, at + ADDRESS, before);
            });
        }
    }
    bench.spoil("no length at all", code, |object| {
        put(object, load + FILE_LEN, 0);
        put(object, load + LEN, 0);
    });
    for kind in [libc::PT_NOTE, libc::PT_DYNAMIC] {
        let at = bench.header(kind);
        bench.spoil("outside every segment", code, |object| {
            put(object, at + ADDRESS, 1 << 40)
        });
        bench.spoil("longer than its segment", code, |object| {
            put(object, at + LEN, 1 << 20)
        });
    }
    let note = bench.header(libc::PT_NOTE);
    for kind in [libc::PT_PHDR, libc::PT_GNU_RELRO, 0x6474_e553] {
        bench.spoil("another kind, outside", code, |object| {
            object[note..note + 4].copy_from_slice(&kind.to_le_bytes());
            put(object, note + ADDRESS, 1 << 40);
        });
    }
    bench.spoil("headers that are elsewhere", code, |object| {
        object[note..note + 4].copy_from_slice(&libc::PT_PHDR.to_le_bytes());
    });
    bench.spoil("thread-locals", code::PLACE, |object| {
        object[note..note + 4].copy_from_slice(&libc::PT_TLS.to_le_bytes());
    });
    bench.spoil("fixups onto what the loader seals", code::PLACE, |object| {
        object[note..note + 4].copy_from_slice(&libc::PT_GNU_RELRO.to_le_bytes());
        let page = u64_at(object, loads[loads.len() - 1] + ADDRESS) & !0xfff;
        put(object, note + ADDRESS, page);
        put(object, note + LEN, 0x1000);
    });
    let stack = bench.header(libc::PT_GNU_STACK);
    bench.spoil("an executable stack", code::PLACE, |object| {
        object[stack + FLAGS] |= 1
    });
    bench.spoil("nothing about the stack", code::PLACE, |object| object[stack] = 0);
}

fn dynamic_sections(bench: &mut Bench) {
    let code = code::PLACE;
    let (start, count) = bench.dynamic();
    let free = bench.tag(0) - 8;
    for (tag, value) in [
        (1, 1),
        (12, 0x1000),
        (13, 0x1000),
        (14, 1),
        (15, 1),
        (17, 0x1000),
        (22, 0),
        (27, 8),
        (28, 8),
        (29, 1),
        (30, 0x10),
        (33, 8),
        (36, 0x1000),
        (0x6fff_fef6, 0x1000),
        (0x6fff_fef8, 0x1000),
        (0x6fff_fefc, 1),
        (0x6fff_fffb, 8),
        (0x6fff_fffb, 0x20),
        (0x6fff_fffc, 0x1000),
        (0x6fff_fffe, 0x1000),
        (0x7fff_fffd, 1),
        (0x7fff_ffff, 1),
    ] {
        bench.spoil(&format!("tag {tag:#x}"), code, |object| {
            put(object, free, tag);
            put(object, free + 8, value);
        });
    }
    for tag in [5, 6, 7, 0x6fff_fef5] {
        for value in [0, 1 << 40, u64::MAX, u64::MAX - 15] {
            let at = bench.tag(tag);
            // The headers at the start of the image can be read as names and symbols.
            if value != 0 || tag == 0x6fff_fef5 {
                bench.spoil(&format!("tag {tag:#x} leads nowhere"), code, |object| {
                    put(object, at, value)
                });
            }
        }
    }
    for (tag, values) in [
        (8, [1, 23, u64::MAX]),
        (9, [0, 23, 25]),
        (10, [0, 1 << 30, u64::MAX]),
        (11, [0, 1, 25]),
    ] {
        for value in values {
            let at = bench.tag(tag);
            bench.spoil(&format!("tag {tag} is {value}"), code, |object| {
                put(object, at, value)
            });
        }
    }
    bench.spoil("tags without an end", code, |object| {
        for index in 0..count {
            put(object, start + index * 16, 24);
        }
        let end = object.len();
        let covered = covered(object);
        for at in (start + count * 16..covered.min(end) - 15).step_by(16) {
            put(object, at, 24);
        }
    });
}

/// The relocations and what they refer to.
fn tables(bench: &mut Bench) {
    let code = code::PLACE;
    let object = &bench.dylib.bytes;
    let relocations = u64_at(object, bench.tag(7)) as usize;
    let (start, _) = bench.dynamic();
    for value in [0, 0x1000, 1 << 40, u64::MAX - 7, u64::MAX] {
        bench.spoil("a relocation outside the data", code, |object| {
            put(object, relocations, value)
        });
    }
    let dynamic = u64_at(&bench.dylib.bytes, bench.header(libc::PT_DYNAMIC) + ADDRESS);
    assert!(start > 0);
    for by in [0, 8, 16] {
        bench.spoil("a relocation of the dynamic section", code, |object| {
            put(object, relocations, dynamic + by)
        });
    }
    for kind in [2, 5, 9, 10, 16, 18, 24, 32, 36, 37, 0xff] {
        bench.spoil("a relocation of another kind", code, |object| {
            put(object, relocations + 8, kind)
        });
    }
    for symbol in [100, 0xffff_ffff] {
        bench.spoil("a symbol outside the table", code, |object| {
            put(object, relocations + 8, symbol << 32 | 1)
        });
    }
    let hash = u64_at(&bench.dylib.bytes, bench.tag(0x6fff_fef5)) as usize;
    for (field, values) in [
        (0, [0x7fff_ffff, 0xffff_ffff]),
        (4, [1000, 0xffff_ffff]),
        (8, [0, 3]),
    ] {
        for value in values {
            bench.spoil("a hash table that is none", code, |object| {
                object[hash + field..hash + field + 4].copy_from_slice(&u32::to_le_bytes(value));
            });
        }
    }
}

#[test]
fn objects_that_lie() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let mut bench = Bench::new(parts(111));
    elf_headers(&mut bench);
    program_headers(&mut bench);
    dynamic_sections(&mut bench);
    tables(&mut bench);
    for (name, file, code) in &bench.offered {
        place(&path, file);
        assert_eq!(offer(&path), Err(*code), "{name}");
    }
    assert_eq!(bench.offered.len(), 187);
    good(folder.path(), 18);
}

/// Bits of all that the loader reads, under a checksum that fits: refused, or loaded without harm. Every seventh is tried,
/// so each byte is, and every bit with `HOSTILE=all`.
#[test]
fn bits_that_the_loader_reads_are_others() {
    let folder = folder();
    let bench = Bench::new(parts(111));
    let (object, covered) = (&bench.dylib.bytes, covered(&bench.dylib.bytes));
    let (dynamic, tags) = bench.dynamic();
    let code = segments(object)
        .find(|at| object[at + FLAGS] & 1 != 0 && object[*at] == 1)
        .unwrap();
    // Headers and tables up to the code; the dynamic section.
    let code = u64_at(object, code + OFFSET) as usize;
    let end = object[..code].iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut taker = Taker::new(folder.path());
    let mut outcomes = BTreeMap::<String, usize>::new();
    let mut ends = Vec::new();
    let step = if std::env::var("HOSTILE").is_ok_and(|how| how == "all") {
        1
    } else {
        7
    };
    let bits = (0..end * 8).chain(dynamic * 8..(dynamic + tags * 16) * 8);
    for bit in bits.step_by(step) {
        let mut spoilt = object.clone();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        match taker.offer(&resealed(&spoilt, &bench.manifest, covered)) {
            Some(answer) => *outcomes.entry(answer).or_default() += 1,
            None => ends.push((bit / 8, bit % 8)),
        }
    }
    println!("{outcomes:?}");
    assert!(
        ends.is_empty(),
        "bits that ended the process: {ends:x?}; others: {outcomes:?}"
    );
    assert!(outcomes.values().sum::<usize>() >= 1000, "{outcomes:?}");
    assert_eq!(taker.offer(&file(&parts(19))).as_deref(), Some("applied"));
}
