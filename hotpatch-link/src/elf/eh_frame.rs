//! Splitting `.eh_frame` into records: common entries, and one description per function.
//!
//! Layout: "Linux Standard Base, Exception Frames".

/// One record of `.eh_frame`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Offset of the record.
    pub(crate) start: usize,
    /// Bytes, the length field included.
    pub(crate) len: usize,
    /// For a frame description: the offset of its common entry.
    pub(crate) common: Option<usize>,
}

/// Offset of the fields that follow the length in a record.
pub(crate) const ID_FIELD: usize = 4;
/// Offset of the address of the function in a frame description.
pub(crate) const FUNCTION_FIELD: usize = 8;

/// Splits a section. `None` if it is malformed or uses 64-bit lengths, which no compiler for x86-64 writes.
pub(crate) fn records(bytes: &[u8]) -> Option<Vec<Record>> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let mut records = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let len = word(start)? as usize;
        if len == 0 {
            break;
        }
        if len == u32::MAX as usize || bytes.len() < start + 4 + len {
            return None;
        }
        let common = match word(start + ID_FIELD)? as usize {
            0 => None,
            distance => Some((start + ID_FIELD).checked_sub(distance)?),
        };
        records.push(Record {
            start,
            len: len + 4,
            common,
        });
        start += len + 4;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_its_common_entry() {
        let mut bytes = Vec::new();
        for word in [8_u32, 0, 7, 12, 16, 0, 0, 0] {
            bytes.extend(word.to_le_bytes());
        }
        let first = Record {
            start: 0,
            len: 12,
            common: None,
        };
        let second = Record {
            start: 12,
            len: 16,
            common: Some(0),
        };
        assert_eq!(records(&bytes), Some(vec![first, second]));
    }

    #[test]
    fn cut_records_are_refused() {
        assert_eq!(records(&[20, 0, 0, 0, 1]), None);
    }
}
