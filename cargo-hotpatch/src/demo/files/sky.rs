/// Metres per tick.
pub fn wind() -> u32 {
    1
}
