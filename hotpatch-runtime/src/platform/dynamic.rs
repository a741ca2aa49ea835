//! What the dynamic section of an object makes the loader do, besides mapping and relocating the object itself.
//!
//! The loader believes what it reads there: a table that lies elsewhere, or a size that is none, ends the process. So
//! whatever it will read is looked at first, and what patches do not have is refused.

use super::bytes::u64_at;
use super::file_image::FileImage;
use super::relocations::{self, RELOCATION_LEN, Table};
use super::symbols::{self, SYMBOL_LEN};

const DT_NULL: u64 = 0;
const DT_PLTRELSZ: u64 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_RELAENT: u64 = 9;
const DT_STRSZ: u64 = 10;
const DT_SYMENT: u64 = 11;
const DT_PLTREL: u64 = 20;
const DT_JMPREL: u64 = 23;
const DT_FLAGS: u64 = 30;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_RELACOUNT: u64 = 0x6fff_fff9;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_SYMBOLIC: u64 = 2;
const DF_BIND_NOW: u64 = 8;
const DF_1_NOW: u64 = 1;
const TAG_LEN: u64 = 16;

/// The tags that make the loader run code or load another object, and whether they do so whatever their value.
const EFFECTS: [(u64, bool, &str); 9] = [
    (1, true, "DT_NEEDED"),
    (12, true, "DT_INIT"),
    (13, true, "DT_FINI"),
    (22, true, "DT_TEXTREL"),
    (28, false, "DT_FINI_ARRAYSZ"),
    (27, false, "DT_INIT_ARRAYSZ"),
    (33, false, "DT_PREINIT_ARRAYSZ"),
    (0x7fff_fffd, true, "DT_AUXILIARY"),
    (0x7fff_ffff, true, "DT_FILTER"),
];

/// The tags that the loader reads and that change nothing but the object itself: besides those with a name above
/// `DT_PLTGOT`, `DT_HASH`, the empty arrays, `DT_SYMBOLIC`, `DT_DEBUG` and `DT_BIND_NOW`.
const KNOWN: [u64; 23] = [
    DT_PLTRELSZ,
    3,
    4,
    DT_STRTAB,
    DT_SYMTAB,
    DT_RELA,
    DT_RELASZ,
    DT_RELAENT,
    DT_STRSZ,
    DT_SYMENT,
    16,
    DT_PLTREL,
    21,
    DT_JMPREL,
    24,
    25,
    26,
    27,
    28,
    DT_FLAGS,
    DT_GNU_HASH,
    DT_RELACOUNT,
    DT_FLAGS_1,
];

/// What a tag may say, if not everything: the tag, the bits it must not have, and the one value that it must have.
const LIMITS: [(u64, u64, Option<u64>, &str); 5] = [
    (DT_PLTREL, 0, Some(DT_RELA), "DT_PLTREL"),
    (DT_RELAENT, 0, Some(RELOCATION_LEN as u64), "DT_RELAENT"),
    (DT_SYMENT, 0, Some(SYMBOL_LEN as u64), "DT_SYMENT"),
    (DT_FLAGS, !(DF_SYMBOLIC | DF_BIND_NOW), None, "DT_FLAGS"),
    (DT_FLAGS_1, !DF_1_NOW, None, "DT_FLAGS_1"),
];

/// Why loading the object would do more than map and relocate it. The dynamic section lies at `dynamic`.
pub(super) fn effect(dynamic: u64, image: &impl FileImage) -> Option<&'static str> {
    let Some(tags) = image.at(dynamic).and_then(tags) else {
        return Some("PT_DYNAMIC outside the file");
    };
    if let Some(effect) = tags.iter().find_map(|tag| effect_of(*tag)) {
        return Some(effect);
    }
    // The loader takes the last of its kind.
    let value = |tag: u64| {
        tags.iter()
            .rev()
            .find(|found| found.0 == tag)
            .map(|found| found.1)
    };
    let constant = |tag: u64| value(tag).and_then(|address| image.constant_at(address));
    let (Some(symbols), Some(names), Some(names_len)) =
        (constant(DT_SYMTAB), constant(DT_STRTAB), value(DT_STRSZ))
    else {
        return Some("no symbol table");
    };
    let Some(names) = names.get(..names_len as usize) else {
        return Some("names outside the file");
    };
    let hash = match value(DT_GNU_HASH) {
        Some(address) => match image.constant_at(address) {
            Some(table) => Some(table),
            None => return Some("DT_GNU_HASH outside the file"),
        },
        // It would look symbols up in the older table.
        None if value(4).is_some() => return Some("DT_HASH alone"),
        None => None,
    };
    if let Some(effect) = symbols::effect(symbols, names, hash) {
        return Some(effect);
    }
    let dynamic = dynamic..dynamic.saturating_add((tags.len() as u64 + 1) * TAG_LEN);
    let relative = value(DT_RELACOUNT).unwrap_or(0);
    let tables = [
        (DT_RELA, DT_RELASZ, DT_RELAENT, relative),
        (DT_JMPREL, DT_PLTRELSZ, DT_PLTREL, 0),
    ];
    tables.iter().find_map(|&(table, len, kind, relative)| {
        // The loader takes for granted that all three are there.
        if value(table).is_some() && (value(len).is_none() || value(kind).is_none()) {
            return Some("relocations of no length or kind");
        }
        let len = value(len).filter(|len| *len != 0)?;
        let Some(relocations) = constant(table).and_then(|rest| rest.get(..len as usize)) else {
            return Some("relocations outside the file");
        };
        let dynamic = dynamic.clone();
        relocations::effect(relocations, symbols, names, &Table { dynamic, relative }, image)
    })
}

fn effect_of(tag: (u64, u64)) -> Option<&'static str> {
    if let Some(effect) = EFFECTS.iter().find(|effect| effect.0 == tag.0)
        && (effect.1 || tag.1 != 0)
    {
        return Some(effect.2);
    }
    if !KNOWN.contains(&tag.0) {
        return Some("a dynamic tag that patches do not have");
    }
    let (_, forbidden, only, name) = LIMITS.iter().find(|limit| limit.0 == tag.0)?;
    (tag.1 & forbidden != 0 || only.is_some_and(|only| tag.1 != only)).then_some(name)
}

/// The tags up to the one that ends them; `None` if none does.
fn tags(dynamic: &[u8]) -> Option<Vec<(u64, u64)>> {
    let mut tags = Vec::new();
    for tag in dynamic.as_chunks::<16>().0 {
        let tag = (u64_at(tag, 0)?, u64_at(tag, 8)?);
        if tag.0 == DT_NULL {
            return Some(tags);
        }
        tags.push(tag);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{DT_RELACOUNT, effect};
    use crate::platform::file_image::FileImage;

    /// A file that is mapped at address 0x1000: the dynamic section, then constants.
    struct Image(Vec<u8>);

    impl FileImage for Image {
        fn at(&self, address: u64) -> Option<&[u8]> {
            self.0.get(address.checked_sub(0x1000)? as usize..)
        }

        fn constant_at(&self, address: u64) -> Option<&[u8]> {
            self.at(address)
        }

        fn data_around(&self, address: u64) -> Option<(u64, u64)> {
            (0x8000..0x9000).contains(&address).then_some((0x8000, 0x9000))
        }
    }

    /// One symbol besides that without a name, as the loader finds it, and one relocation; then what a tag may point at.
    const SYMBOLS: u64 = 0x1200;
    const NAMES: u64 = 0x1300;
    const RELOCATIONS: u64 = 0x1400;
    const HASH: u64 = 0x1500;
    const GOOD: [(u64, u64); 9] = [
        (5, NAMES),
        (10, 3),
        (6, SYMBOLS),
        (11, 24),
        (7, RELOCATIONS),
        (8, 24),
        (9, 24),
        (0x6fff_fef5, HASH),
        (30, 8),
    ];

    fn image(tags: &[(u64, u64)]) -> Image {
        let mut bytes = vec![0; 0x600];
        let mut put =
            |at: u64, field: &[u8]| bytes[at as usize - 0x1000..][..field.len()].copy_from_slice(field);
        for (index, tag) in tags.iter().enumerate() {
            put(0x1000 + index as u64 * 16, &tag.0.to_le_bytes());
            put(0x1008 + index as u64 * 16, &tag.1.to_le_bytes());
        }
        put(SYMBOLS + 24, &[1, 0, 0, 0, 0x12]);
        put(NAMES, b"\0f\0");
        put(RELOCATIONS, &0x8000_u64.to_le_bytes());
        put(RELOCATIONS + 8, &[6, 0, 0, 0, 1]);
        // One bucket, symbols from 1 on, one word of the filter; the bucket begins at symbol 1, whose chain ends at once.
        for (index, word) in [1_u32, 1, 1, 0, 0, 0, 1, 1].into_iter().enumerate() {
            put(HASH + index as u64 * 4, &word.to_le_bytes());
        }
        Image(bytes)
    }

    fn effect_with(more: &[(u64, u64)]) -> Option<&'static str> {
        effect(0x1000, &image(&[&GOOD, more, &[(0, 0)]].concat()))
    }

    #[test]
    fn libraries_and_initialisers_are_effects() {
        assert_eq!(effect_with(&[]), None);
        for (tag, value, expect) in [
            (1, 0, Some("DT_NEEDED")),
            // The loader calls the start of the image.
            (12, 0, Some("DT_INIT")),
            (22, 0, Some("DT_TEXTREL")),
            (28, 8, Some("DT_FINI_ARRAYSZ")),
            (27, 0, None),
            (0x7fff_ffff, 1, Some("DT_FILTER")),
            (30, 4, Some("DT_FLAGS")),
            (0x6fff_fffb, 2, Some("DT_FLAGS_1")),
            (20, 17, Some("DT_PLTREL")),
            (9, 23, Some("DT_RELAENT")),
            (11, 0, Some("DT_SYMENT")),
            (14, 1, Some("a dynamic tag that patches do not have")),
        ] {
            assert_eq!(effect_with(&[(tag, value)]), expect, "{tag}");
            assert_eq!(effect_with(&[(0, 0), (tag, value)]), None, "behind the end");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_effect() {
        for (at, bad, expect) in [
            (0, u64::MAX, "no symbol table"),
            (1, u64::MAX, "names outside the file"),
            (1, 2, "a name without an end"),
            (1, 0, "a name without an end"),
            (2, 0, "no symbol table"),
            (2, 0x15f0, "symbols outside the file"),
            (4, u64::MAX, "relocations outside the file"),
            (5, u64::MAX, "relocations outside the file"),
            (5, 23, "half a relocation"),
            (8, DT_RELACOUNT, "DT_RELACOUNT"),
            (7, 0x1601, "DT_GNU_HASH outside the file"),
            (7, SYMBOLS, "a hash table that is none"),
        ] {
            let mut tags = GOOD.to_vec();
            if at == 8 {
                tags[at] = (bad, 1);
            } else {
                tags[at].1 = bad;
            }
            tags.push((0, 0));
            assert_eq!(effect(0x1000, &image(&tags)), Some(expect), "{at} {bad:#x}");
        }
        for missing in [5, 6] {
            let mut tags = GOOD.to_vec();
            tags.remove(missing);
            tags.push((0, 0));
            let expect = Some("relocations of no length or kind");
            assert_eq!(effect(0x1000, &image(&tags)), expect, "{missing}");
        }
        let mut endless = image(&[(30, 0)]);
        endless.0.truncate(16);
        assert_eq!(effect(0x1000, &endless), Some("PT_DYNAMIC outside the file"));
    }

    #[test]
    fn a_relocation_that_calls_a_resolver_or_writes_elsewhere_is_an_effect() {
        let check = |changes: &[(u64, u8)]| {
            let mut image = image(&[&GOOD[..], &[(0, 0)]].concat());
            for (at, byte) in changes {
                image.0[*at as usize - 0x1000] = *byte;
            }
            effect(0x1000, &image)
        };
        let (offset, kind, symbol) = (RELOCATIONS + 1, RELOCATIONS + 8, RELOCATIONS + 12);
        let info = SYMBOLS + 24 + 4;
        assert_eq!(check(&[(kind, 37), (symbol, 0)]), Some("an indirect function"));
        assert_eq!(check(&[(info, 0x1a)]), Some("an indirect function"));
        assert_eq!(check(&[(symbol, 0xff)]), Some("symbols outside the file"));
        assert_eq!(
            check(&[(symbol - 1, 1)]),
            Some("a relocation that patches do not have")
        );
        assert_eq!(check(&[(kind, 5)]), Some("a relocation that patches do not have"));
        assert_eq!(check(&[(offset, 0x10)]), Some("a relocation outside the data"));
        assert_eq!(check(&[(SYMBOLS + 24, 9)]), Some("a name without an end"));
        assert_eq!(check(&[(kind, 8), (symbol, 0)]), None);
    }
}
