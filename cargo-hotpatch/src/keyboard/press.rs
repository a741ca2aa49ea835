//! What was typed, as a key.

/// The key of what one read found, in lower case. Several characters at once are a paste or the sequence of a cursor
/// key: no key. A return after a key is harmless.
pub(super) fn key(typed: &[u8]) -> Option<char> {
    let end = typed.iter().rposition(|byte| !b"\r\n".contains(byte))?;
    match typed[..=end] {
        [byte] if byte.is_ascii_graphic() => Some(char::from(byte.to_ascii_lowercase())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_is_a_key() {
        for (typed, expected) in [
            (&b"y"[..], Some('y')),
            (b"Y\n", Some('y')),
            (b"?", Some('?')),
            (b"\n", None),
            (b"", None),
            (b"\x1b", None),
            (b"\x1b[A", None),
            (b"quit\n", None),
            ("ä".as_bytes(), None),
        ] {
            assert_eq!(key(typed), expected, "{typed:?}");
        }
    }
}
