//! The last `N` items.

use std::ops::Index;

#[derive(Debug, Clone)]
pub struct Ring<T, const N: usize> {
    items: [T; N],
    next: usize,
    len: usize,
}

impl<T: Copy + Default, const N: usize> Ring<T, N> {
    pub fn new() -> Self {
        Self {
            items: [T::default(); N],
            next: 0,
            len: 0,
        }
    }

    pub fn push(&mut self, item: T) -> Option<T> {
        let old = std::mem::replace(&mut self.items[self.next], item);
        self.next = (self.next + 1) % N;
        if self.len == N {
            return Some(old);
        }
        self.len += 1;
        None
    }

    /// Takes the newest item back.
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        self.next = (self.next + N - 1) % N;
        self.len -= 1;
        Some(self.items[self.next])
    }
}

impl<T, const N: usize> Ring<T, N> {
    /// From the oldest to the newest.
    pub fn iter(&self) -> Iter<'_, T, N> {
        Iter { ring: self, at: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

impl<T, const N: usize> Index<usize> for Ring<T, N> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.items[(self.next + N - self.len + index) % N]
    }
}

pub struct Iter<'a, T, const N: usize> {
    ring: &'a Ring<T, N>,
    at: usize,
}

impl<'a, T, const N: usize> Iterator for Iter<'a, T, N> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        if self.at == self.ring.len {
            return None;
        }
        self.at += 1;
        Some(&self.ring[self.at - 1])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ring.len - self.at;
        (left, Some(left))
    }
}

impl<T, const N: usize> ExactSizeIterator for Iter<'_, T, N> {}

impl<'a, T, const N: usize> IntoIterator for &'a Ring<T, N> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, N>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
