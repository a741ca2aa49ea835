//! The address map of a generation: which code an instance of a generic function runs.
//!
//! A hash table that is made with its table and never changes. At most half of its buckets are taken, so a search ends
//! after one or two.

use std::ptr::NonNull;

/// From the address of a body as built to the code that the instance runs.
pub(crate) struct AddressMap {
    /// As many as a power of two; none if every instance runs as built.
    buckets: Vec<Option<Bucket>>,
}

type Bucket = (NonNull<()>, NonNull<()>);

impl AddressMap {
    /// The map in which every instance runs as built.
    pub(crate) const EMPTY: Self = Self { buckets: Vec::new() };

    /// The map of these bodies as built and of the code they have. No body comes twice.
    pub(crate) fn of(instances: impl Iterator<Item = Bucket>) -> Self {
        let instances: Vec<_> = instances.collect();
        if instances.is_empty() {
            return Self::EMPTY;
        }
        let mut buckets = vec![None; (2 * instances.len()).next_power_of_two()];
        let last = buckets.len() - 1;
        for instance in instances {
            let mut at = first(instance.0, last);
            while buckets[at].is_some() {
                at = (at + 1) & last;
            }
            buckets[at] = Some(instance);
        }
        Self { buckets }
    }

    /// The code of the instance whose body as built lies at `built`; `None` if it runs that.
    #[inline]
    pub(crate) fn get(&self, built: NonNull<()>) -> Option<NonNull<()>> {
        let last = self.buckets.len().checked_sub(1)?;
        let mut at = first(built, last);
        loop {
            let (known, code) = (*self.buckets.get(at)?)?;
            if known == built {
                return Some(code);
            }
            at = (at + 1) & last;
        }
    }
}

/// The bucket at which the search for an address begins: neighbours in memory are spread over all of them.
#[inline]
fn first(address: NonNull<()>, last: usize) -> usize {
    const FIBONACCI: usize = 0x9e37_79b9_7f4a_7c15_u64 as usize;
    (address.addr().get().wrapping_mul(FIBONACCI) >> (usize::BITS / 2)) & last
}

#[cfg(test)]
mod tests {
    use std::ptr::NonNull;

    use super::AddressMap;

    fn address(number: usize) -> NonNull<()> {
        NonNull::without_provenance(number.try_into().unwrap())
    }

    #[test]
    fn an_empty_map_has_nothing() {
        assert_eq!(AddressMap::EMPTY.get(address(16)), None);
        assert_eq!(AddressMap::of(std::iter::empty()).get(address(16)), None);
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        for count in [1, 2, 3, 1000] {
            let built = |index: usize| address(0x5555_5555_0000 + 16 * index);
            let map = AddressMap::of((0..count).map(|index| (built(index), address(index + 1))));
            for index in 0..count {
                assert_eq!(map.get(built(index)), Some(address(index + 1)));
                assert_eq!(map.get(built(index + count)), None);
            }
        }
    }
}
