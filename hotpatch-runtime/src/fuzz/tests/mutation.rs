//! Changes to inputs, one after the other, that are the same in every run.

/// Numbers at which mistakes are likely.
const NUMBERS: [u64; 12] = [
    0,
    1,
    7,
    8,
    0xfff,
    0x1000,
    0x7fff_ffff,
    0xffff_fffe,
    0xffff_ffff,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

pub(super) struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    input: Vec<u8>,
    state: u64,
}

impl<'a> Mutations<'a> {
    pub(super) fn of(seeds: &'a [Vec<u8>]) -> Self {
        Self {
            seeds,
            input: Vec::new(),
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// The next input: one of the seeds with one to four changes.
    pub(super) fn advance(&mut self) -> &[u8] {
        let seed = &self.seeds[self.below(self.seeds.len())];
        self.input.clone_from(seed);
        for _ in 0..=self.below(4) {
            self.change();
        }
        &self.input
    }

    fn change(&mut self) {
        let at = self.below(self.input.len() + 1);
        let number = NUMBERS[self.below(NUMBERS.len())].to_le_bytes();
        match self.below(7) {
            0 => self.input.truncate(at),
            1 => self.overwrite(at, &number[..1]),
            2 => self.overwrite(at, &number[..4]),
            3 => self.overwrite(at, &number),
            4 => drop(self.input.splice(at..at, number)),
            5 => {
                let other = &self.seeds[self.below(self.seeds.len())];
                let from = self.below(other.len() + 1);
                self.input.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let bit = self.below(8);
                if let Some(byte) = self.input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
        }
    }

    fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        for (old, new) in self.input[at..].iter_mut().zip(bytes) {
            *old = *new;
        }
    }

    /// A number below `limit`, from an xorshift generator.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % limit.max(1) as u64) as usize
    }
}
