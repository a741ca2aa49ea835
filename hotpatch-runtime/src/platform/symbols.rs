//! The dynamic symbols of an object, and the table by whose hashes the loader finds them.

use super::bytes::{u32_at, u64_at};

/// Bytes of an `Elf64_Sym`.
pub(super) const SYMBOL_LEN: usize = 24;
const STT_GNU_IFUNC: u8 = 10;
const HASH_HEADER_LEN: usize = 16;

/// Why looking up symbols of the object would do more than find data and code of it. `names` are the strings.
pub(super) fn effect(symbols: &[u8], names: &[u8], hash: Option<&[u8]>) -> Option<&'static str> {
    // So every name that begins in the table ends in it.
    if names.last() != Some(&0) {
        return Some("a name without an end");
    }
    let hash = hash?;
    let Some(found) = found_by(hash) else {
        return Some("a hash table that is none");
    };
    (0..=found).find_map(|index| effect_of(symbols, names, index))
}

/// Why one symbol cannot be looked up: it cannot be read, or the loader would call it.
pub(super) fn effect_of(symbols: &[u8], names: &[u8], index: usize) -> Option<&'static str> {
    let symbol = index
        .checked_mul(SYMBOL_LEN)
        .and_then(|at| symbols.get(at..)?.first_chunk::<SYMBOL_LEN>());
    let Some(symbol) = symbol else {
        return Some("symbols outside the file");
    };
    if u32_at(symbol, 0)? as usize >= names.len() {
        return Some("a name without an end");
    }
    (symbol[4] & 0xf == STT_GNU_IFUNC).then_some("an indirect function")
}

/// The last symbol that can be found by a `DT_GNU_HASH` table; 0 if there is none. `None` if the loader would read behind
/// the end of the table.
fn found_by(table: &[u8]) -> Option<usize> {
    let (buckets, first) = (u32_at(table, 0)? as usize, u32_at(table, 4)? as usize);
    let filter = u32_at(table, 8)? as usize;
    if !filter.is_power_of_two() {
        return None;
    }
    let buckets_at = HASH_HEADER_LEN + filter * 8;
    let chains_at = buckets_at + buckets * 4;
    u64_at(table, buckets_at - 8)?;
    let heads = table.get(buckets_at..chains_at)?;
    // Whatever chain is followed, none goes on behind the end of the last one.
    let heads = heads
        .as_chunks::<4>()
        .0
        .iter()
        .map(|head| u32::from_le_bytes(*head) as usize);
    let mut last = 0;
    for head in heads.filter(|head| *head != 0) {
        if head < first {
            return None;
        }
        last = last.max(head);
    }
    if last == 0 {
        return Some(0);
    }
    while u32_at(table, chains_at + (last - first) * 4)? & 1 == 0 {
        last += 1;
    }
    Some(last)
}
