//! Files that were damaged on their way: cut short anywhere, with one bit that is another one.

use hotpatch_abi::code;
use hotpatch_abi::patch_file::TRAILER_LEN;

use crate::both;
use crate::offers::{good, offer, place};
use crate::sealing::{covered, file, parts};
use crate::support::{alone, folder};

#[test]
fn truncated_at_1000_positions() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let file = file(&parts(111));
    let mut positions: Vec<usize> = (0..1000).map(|index| index * file.len() / 1000).collect();
    positions.extend(file.len() - TRAILER_LEN - 100..file.len());
    for len in &positions {
        place(&path, &file[..*len]);
        assert_eq!(offer(&path), Err(code::PATCH_FILE), "{len} bytes");
    }
    assert_eq!(positions.len(), 1140);
    good(folder.path(), 11);
}

#[test]
fn one_bit_flipped_at_1000_positions() {
    let (_alone, folder) = (alone(), folder());
    let path = folder.path().join("p.so");
    let parts = parts(12);
    let file = file(&parts);
    // The debug part, which is neither mapped nor looked at.
    let debug = covered(&parts.0.bytes)..parts.0.bytes.len();
    assert!(debug.len() > 100, "{debug:?}");

    let mut positions: Vec<usize> = (0..1000).map(|index| index * debug.start / 1000).collect();
    positions.extend(debug.end..file.len());
    let mut flipped = file.clone();
    for (index, at) in positions.iter().enumerate() {
        flipped[*at] ^= 1 << (index % 8);
        place(&path, &flipped);
        assert_eq!(offer(&path), Err(code::PATCH_FILE), "bit {} of {at}", index % 8);
        flipped[*at] = file[*at];
    }
    assert!(positions.len() >= 1000 + TRAILER_LEN);

    for at in debug.step_by(50) {
        flipped[at] ^= 1;
        place(&path, &flipped);
        assert_eq!(offer(&path), Ok(()), "{at}");
        assert_eq!(both(), (12, 24));
        flipped[at] = file[at];
    }
    good(folder.path(), 13);
}
