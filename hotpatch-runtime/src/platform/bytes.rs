//! Numbers where there may be none: in a file that may end anywhere, and in memory.

/// The word at an address, whatever lies there: it may be a part of some variable, or of none.
///
/// # Safety
///
/// The four bytes are mapped and readable.
pub(crate) unsafe fn peek(address: usize) -> u32 {
    let word: u32;
    // SAFETY: the instruction reads what the caller promises to be readable, and does nothing else.
    unsafe {
        std::arch::asm!(
            "mov {word:e}, dword ptr [{address}]",
            word = out(reg) word,
            address = in(reg) address,
            options(nostack, readonly, preserves_flags)
        );
    }
    word
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u16::from_le_bytes(*field))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u32::from_le_bytes(*field))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|field| u64::from_le_bytes(*field))
}
