//! What the dynamic section of an object makes the loader do, besides mapping and relocating the object itself.

use super::bytes::{u32_at, u64_at};

const DT_NULL: u64 = 0;
const DT_PLTRELSZ: u64 = 2;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_JMPREL: u64 = 23;
const RELOCATION_LEN: usize = 24;
const SYMBOL_LEN: usize = 24;
const R_X86_64_IRELATIVE: u32 = 37;
const STT_GNU_IFUNC: u8 = 10;

/// The tags that make the loader run code or load another object, and whether they do so whatever their value.
const EFFECTS: [(u64, bool, &str); 8] = [
    (1, true, "DT_NEEDED"),
    (12, true, "DT_INIT"),
    (13, true, "DT_FINI"),
    (28, false, "DT_FINI_ARRAYSZ"),
    (27, false, "DT_INIT_ARRAYSZ"),
    (33, false, "DT_PREINIT_ARRAYSZ"),
    (0x7fff_fffd, true, "DT_AUXILIARY"),
    (0x7fff_ffff, true, "DT_FILTER"),
];

/// Why loading the object would do more than map and relocate it. `at` finds the rest of the file by an address of the
/// image; the dynamic section lies at `dynamic`.
pub(super) fn effect<'a>(dynamic: u64, at: &impl Fn(u64) -> Option<&'a [u8]>) -> Option<&'static str> {
    let Some(tags) = at(dynamic).and_then(tags) else {
        return Some("PT_DYNAMIC outside the file");
    };
    let of_tag = |tag: &(u64, u64)| {
        let effect = EFFECTS.iter().find(|effect| effect.0 == tag.0)?;
        (effect.1 || tag.1 != 0).then_some(effect.2)
    };
    if let Some(effect) = tags.iter().find_map(of_tag) {
        return Some(effect);
    }
    // The loader takes the last of its kind.
    let value = |tag: u64| {
        tags.iter()
            .rev()
            .find(|found| found.0 == tag)
            .map(|found| found.1)
    };
    let symbols = value(DT_SYMTAB).and_then(at).unwrap_or_default();
    let tables = [(DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ)];
    tables.iter().find_map(|&(table, len)| {
        let len = value(len).filter(|len| *len != 0)?;
        let Some(relocations) = value(table)
            .and_then(at)
            .and_then(|rest| rest.get(..len as usize))
        else {
            return Some("relocations outside the file");
        };
        calls_resolver(relocations, symbols).then_some("an indirect function")
    })
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

/// Whether a relocation calls a function of the object for its value. A plain loop: see
/// [`checksum`](hotpatch_abi::checksum::checksum).
fn calls_resolver(relocations: &[u8], symbols: &[u8]) -> bool {
    let (relocations, _) = relocations.as_chunks::<RELOCATION_LEN>();
    let mut at = 0;
    while at < relocations.len() {
        let relocation = &relocations[at];
        let (kind, symbol) = (u32_at(relocation, 8), u32_at(relocation, 12));
        let symbol = symbol.unwrap_or_default() as usize;
        if kind == Some(R_X86_64_IRELATIVE) || (symbol != 0 && is_resolver(symbols, symbol)) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether the symbol is an indirect function, or none that can be read.
fn is_resolver(symbols: &[u8], index: usize) -> bool {
    symbols
        .get(index * SYMBOL_LEN + 4)
        .is_none_or(|info| info & 0xf == STT_GNU_IFUNC)
}

#[cfg(test)]
mod tests {
    use super::effect;

    /// What a dynamic section at address 0x1000 does, with `rest` behind it.
    fn effect_of(tags: &[(u64, u64)], rest: &[u8]) -> Option<&'static str> {
        let tags = tags
            .iter()
            .flat_map(|tag| [tag.0, tag.1])
            .flat_map(u64::to_le_bytes);
        let image: Vec<u8> = tags.chain(rest.iter().copied()).collect();
        effect(0x1000, &|address| {
            image.get(address.checked_sub(0x1000)? as usize..)
        })
    }

    #[test]
    fn libraries_and_initialisers_are_effects() {
        for (tag, value, expect) in [
            (1, 0, Some("DT_NEEDED")),
            // The loader calls the start of the image.
            (12, 0, Some("DT_INIT")),
            (28, 8, Some("DT_FINI_ARRAYSZ")),
            (27, 0, None),
            (0x7fff_ffff, 1, Some("DT_FILTER")),
            (5, 0x1000, None),
        ] {
            assert_eq!(effect_of(&[(5, 0), (tag, value), (0, 0)], &[]), expect, "{tag}");
            assert_eq!(effect_of(&[(0, 0), (tag, value)], &[]), None, "behind the end");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_effect() {
        assert_eq!(effect_of(&[(5, 0)], &[]), Some("PT_DYNAMIC outside the file"));
        for table in [0, 0x1030, u64::MAX] {
            let tags = [(7, table), (8, u64::MAX), (0, 0)];
            assert_eq!(
                effect_of(&tags, &[]),
                Some("relocations outside the file"),
                "{table}"
            );
        }
    }

    #[test]
    fn a_relocation_that_calls_a_resolver_is_an_effect() {
        let tags = [(23, 0x1040), (2, 24), (6, 0x1058), (0, 0)];
        let check = |kind: u8, symbol: u8, info: u8| {
            let mut rest = [0; 24 + 48];
            (rest[8], rest[12], rest[24 + 24 + 4]) = (kind, symbol, info);
            effect_of(&tags, &rest)
        };
        assert_eq!(check(37, 0, 0), Some("an indirect function"));
        assert_eq!(check(6, 1, 0x1a), Some("an indirect function"));
        assert_eq!(
            check(6, 9, 0x12),
            Some("an indirect function"),
            "outside the table"
        );
        assert_eq!(check(6, 1, 0x12), None);
        assert_eq!(check(8, 0, 0), None);
    }
}
