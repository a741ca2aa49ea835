//! The checksum of patch files.

/// A 64-bit checksum that finds torn and damaged files. It is no protection against an attacker: who may offer a
/// patch is decided by the control channel.
///
/// FNV-1a over 8-byte little-endian words, with a final mix. Written as a plain loop over indices because it runs
/// inside debug builds of the patched program, where an iterator or a slice method for each word costs many times
/// as much.
pub fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = 0;
    while at < words.len() {
        hash = (hash ^ u64::from_le_bytes(words[at])).wrapping_mul(PRIME);
        hash ^= hash >> 29;
        at += 1;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash ^= hash >> 32;
    hash.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn every_single_bit_matters() {
        let mut bytes = [0x5a_u8; 67];
        let good = checksum(0, &bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(0, &bytes), good, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn length_and_seed_matter() {
        assert_ne!(checksum(0, &[0; 8]), checksum(0, &[0; 16]));
        assert_ne!(checksum(0, &[0; 8]), checksum(1, &[0; 8]));
    }
}
