//! Good inputs, from which the fuzzers start: one of every kind, with every field in use.

use hotpatch_abi::frame::{FunctionStatus, Identity, ImageStatus, Reply, Request, Status};
use hotpatch_abi::generation::{GenerationStatus, History, Live, Origin};
use hotpatch_abi::manifest::{
    BacktraceCache, Fixup, FixupForm, ImageRef, Manifest, PatchId, Place, Published, PublishedInstance,
};
use hotpatch_abi::patch_file::seal;
use hotpatch_abi::version::ABI_VERSION;

type Seeds = Vec<(&'static str, Vec<u8>)>;

/// The seeds of a target that are made of what this version is.
pub(super) fn of(target: &str) -> Seeds {
    let framed = |message: Vec<u8>| [&(message.len() as u32).to_le_bytes()[..], &message].concat();
    let sized = |bytes: &[u8]| (bytes.len() as u16).to_le_bytes();
    match target {
        "manifest" => vec![("full", full().encode()), ("least", least().encode())],
        "patch_file" => {
            let dylib: Vec<u8> = (0..200).collect();
            let manifest = full().encode();
            let parts = [&sized(&dylib)[..], &150_u16.to_le_bytes(), &dylib, &manifest].concat();
            vec![("sealed", seal(dylib, 150, &full()).0), ("parts", parts)]
        }
        "frames" => requests().chain(replies()).collect(),
        "client" => {
            let stream: Vec<u8> = requests().flat_map(|(_, request)| framed(request)).collect();
            vec![
                ("known", [&[1, 255][..], &stream].concat()),
                ("unknown", [&[0, 6][..], &stream].concat()),
            ]
        }
        "layout" => vec![("object", object())],
        "plan" => {
            let manifest = fitting().encode();
            vec![("fits", [&sized(&manifest)[..], &manifest, &object()].concat())]
        }
        _ => Vec::new(),
    }
}

fn requests() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let abi_version = ABI_VERSION;
    let hello = Request::Hello {
        abi_version,
        token: "secret".into(),
    };
    let apply = Request::Apply {
        path: "/tmp/p.so".into(),
    };
    let requests = [
        ("hello", hello),
        ("apply", apply),
        ("ask", Request::Status),
        ("roll_back", Request::RollBack { to: Some(2) }),
        ("step_back", Request::RollBack { to: None }),
        ("ask_history", Request::History),
        ("await", Request::Await { generation: 3 }),
    ];
    requests
        .into_iter()
        .map(|(name, request)| (name, request.encode()))
}

fn replies() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let identity = Identity {
        abi_version: ABI_VERSION,
        pid: 42,
        build_id: vec![0xab; 20],
        program: "/bin/game".into(),
        generation: 3,
        head: Some(PatchId(9)),
    };
    let function = FunctionStatus {
        path: "game::step".into(),
        signature: "fn step()".into(),
        generation: 2,
        address: 0x1000,
        image: "/tmp/p.so".into(),
    };
    let image = ImageStatus {
        path: "/tmp/p.so".into(),
        bytes: 12288,
        resident: vec!["the live generation runs it".into()],
    };
    let applied = Reply::Applied {
        generation: 1,
        patch: PatchId(2),
        functions: vec!["a".into(), "b".into()],
        nanos: 5,
        notes: vec!["`worker` (7) in `a`".into()],
    };
    let refused = Reply::Refused {
        code: "HP0101".into(),
        message: "no".into(),
    };
    let status = Reply::Status(Status {
        identity: identity.clone(),
        functions: vec![function],
        images: vec![image],
    });
    let rolled_back = Reply::RolledBack {
        generation: 4,
        to: 2,
        head: Some(PatchId(7)),
        functions: vec!["a".into()],
        nanos: 5,
        notes: vec!["`worker` (7) in `a`".into()],
    };
    let generation = |origin| GenerationStatus {
        number: 3,
        origin,
        head: Some(PatchId(9)),
        functions: vec!["a".into()],
        since: 1_700_000_000_000,
    };
    let history = Reply::History(History {
        generations: [Origin::Built, Origin::Patch(PatchId(9)), Origin::RollBack(2)]
            .map(generation)
            .into(),
        left_out: 1,
    });
    let live = Reply::Live(Live {
        generation: generation(Origin::Built),
        patches: vec![PatchId(7), PatchId(9)],
    });
    [
        ("rolled_back", rolled_back),
        ("history", history),
        ("live", live),
        ("welcome", Reply::Welcome(identity)),
        ("applied", applied),
        ("refused", refused),
        ("status", status),
    ]
    .into_iter()
    .map(|(name, reply)| (name, reply.encode()))
}

fn place(image: ImageRef, offset: u64) -> Place {
    Place { image, offset }
}

fn fixup(at: u64, target: Place, form: FixupForm) -> Fixup {
    Fixup {
        at,
        target,
        addend: -4,
        form,
    }
}

fn least() -> Manifest {
    Manifest {
        abi_version: ABI_VERSION,
        build_id: Vec::new(),
        parent: None,
        images: Vec::new(),
        got: 0,
        fixups: Vec::new(),
        published: Vec::new(),
        instances: Vec::new(),
        backtraces: None,
    }
}

fn full() -> Manifest {
    Manifest {
        build_id: vec![1, 2, 3],
        parent: Some(PatchId(7)),
        images: vec![PatchId(7), PatchId(9)],
        got: 0x4000,
        fixups: vec![
            fixup(0x10, place(ImageRef::Base, 0x1234), FixupForm::Absolute),
            fixup(0x18, place(ImageRef::Earlier(1), 8), FixupForm::GotRelative),
        ],
        published: vec![Published {
            entry: place(ImageRef::Base, 16),
            body: place(ImageRef::This, 0x200),
            path: "game::step".into(),
        }],
        instances: vec![PublishedInstance {
            built: place(ImageRef::Base, 32),
            body: place(ImageRef::Earlier(0), 0x300),
            path: "game::push::<u8>".into(),
        }],
        backtraces: Some(BacktraceCache {
            lock: 0x5000,
            cache: 0x5008,
            empty: vec![0, 1, 2],
        }),
        ..least()
    }
}

/// The manifest of a patch with the headers of [`object`].
fn fitting() -> Manifest {
    Manifest {
        got: DATA + 0x610,
        fixups: vec![
            fixup(DATA + 0x700, place(ImageRef::This, CODE), FixupForm::Absolute),
            fixup(DATA + 0x708, place(ImageRef::Base, 64), FixupForm::GotRelative),
        ],
        published: vec![Published {
            entry: place(ImageRef::This, DATA + 0x680),
            body: place(ImageRef::This, CODE + 8),
            path: "game::step".into(),
        }],
        instances: vec![PublishedInstance {
            built: place(ImageRef::This, CODE + 16),
            body: place(ImageRef::This, CODE + 32),
            path: "game::push::<u8>".into(),
        }],
        ..least()
    }
}

const CODE: u64 = 0x1000;
const DATA: u64 = 0x2000;

/// A shared object of seven headers: its own headers, constants with code, data with the dynamic section, a note, the
/// stack, and what the loader seals. It has one symbol, one relocation and the table to find the symbol.
fn object() -> Vec<u8> {
    const LEN: u64 = 0x400;
    const DATA_AT: u64 = 0x340;
    let (note, symbols, names, relocations, hash) = (0x200, 0x220, 0x250, 0x260, 0x280);
    let mut bytes = vec![0; LEN as usize];
    let mut put = |at: u64, field: &[u8]| bytes[at as usize..][..field.len()].copy_from_slice(field);
    put(0, b"\x7fELF\x02\x01\x01");
    for (at, field) in [(16, 3_u16), (18, 62), (52, 64), (54, 56), (56, 7)] {
        put(at, &field.to_le_bytes());
    }
    put(32, &64_u64.to_le_bytes());
    let headers = [
        (libc::PT_PHDR, 4, 64, CODE + 64, 7 * 56, 7 * 56),
        (libc::PT_LOAD, 5, 0, CODE, 0x340, 0x340),
        (libc::PT_LOAD, 6, DATA_AT, DATA + DATA_AT, LEN - DATA_AT, 0x400),
        (libc::PT_DYNAMIC, 6, DATA_AT, DATA + DATA_AT, 0x90, 0x90),
        (libc::PT_NOTE, 4, note, CODE + note, 16, 16),
        (libc::PT_GNU_RELRO, 4, DATA_AT, DATA + DATA_AT, 0x90, 0x90),
        (libc::PT_GNU_STACK, 6, 0, 0, 0, 0),
    ];
    for (index, (kind, flags, offset, address, file_len, len)) in headers.into_iter().enumerate() {
        let at = 64 + index as u64 * 56;
        put(at, &u32::to_le_bytes(kind));
        put(at + 4, &u32::to_le_bytes(flags));
        let fields = [offset, address, address, file_len, len, 0x1000];
        for (index, field) in fields.into_iter().enumerate() {
            put(at + 8 + index as u64 * 8, &u64::to_le_bytes(field));
        }
    }
    let tags = [
        (5, CODE + names),
        (10, 3),
        (6, CODE + symbols),
        (11, 24),
        (7, CODE + relocations),
        (8, 24),
        (9, 24),
        (0x6fff_fef5, CODE + hash),
        (0, 0),
    ];
    for (index, (tag, value)) in tags.into_iter().enumerate() {
        put(DATA_AT + index as u64 * 16, &u64::to_le_bytes(tag));
        put(DATA_AT + index as u64 * 16 + 8, &u64::to_le_bytes(value));
    }
    put(symbols + 24, &[1, 0, 0, 0, 0x12]);
    put(names, b"\0f\0");
    put(relocations, &(DATA + 0x600).to_le_bytes());
    put(relocations + 8, &[6, 0, 0, 0, 1]);
    for (index, word) in [1_u32, 1, 1, 0, 0, 0, 1, 1].into_iter().enumerate() {
        put(hash + index as u64 * 4, &word.to_le_bytes());
    }
    bytes
}
