//! One at a time: something that threads take turns with.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Something that one thread has at a time.
#[derive(Debug)]
pub(super) struct Turns<T> {
    state: Mutex<State<T>>,
    given_back: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Nothing while somebody has it.
    there: Option<T>,
    holder: Option<ThreadId>,
}

/// Why it is not one's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Others had it for all of the time.
    Busy,
    /// This thread has it.
    OnThisThread,
}

/// A turn. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a, T> {
    turns: &'a Turns<T>,
    value: Option<T>,
}

impl<T> Turns<T> {
    pub(super) fn new(value: T) -> Self {
        let state = State {
            there: Some(value),
            holder: None,
        };
        Self {
            state: Mutex::new(state),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a turn, no longer than `time`.
    pub(super) fn wait(&self, time: Duration) -> Result<Turn<'_, T>, NoTurn> {
        let this = thread::current().id();
        let mut deadline = None;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = state.there.take() {
                state.holder = Some(this);
                return Ok(Turn {
                    turns: self,
                    value: Some(value),
                });
            }
            if state.holder == Some(this) {
                return Err(NoTurn::OnThisThread);
            }
            let now = Instant::now();
            let deadline = *deadline.get_or_insert_with(|| now.checked_add(time));
            let left = deadline.map_or(time, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Err(NoTurn::Busy);
            }
            state = self
                .given_back
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl<T> std::ops::Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a turn has its value until it ends")
    }
}

impl<T> std::ops::DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("a turn has its value until it ends")
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        let mut state = self.turns.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.there = self.value.take();
        state.holder = None;
        drop(state);
        self.turns.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_it_gets_no_second_turn() {
        let turns = Turns::new(1);
        let turn = turns.wait(Duration::MAX).unwrap();
        assert_eq!(turns.wait(Duration::MAX).unwrap_err(), NoTurn::OnThisThread);
        let other = thread::scope(|s| s.spawn(|| turns.wait(Duration::ZERO).map(|_| ())).join().unwrap());
        assert_eq!(other, Err(NoTurn::Busy));
        drop(turn);
        assert_eq!(*turns.wait(Duration::ZERO).unwrap(), 1);
    }

    #[test]
    fn turns_are_taken_one_after_the_other() {
        let turns = Turns::new(0);
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..1000).for_each(|_| *turns.wait(Duration::MAX).unwrap() += 1));
            }
        });
        assert_eq!(*turns.wait(Duration::ZERO).unwrap(), 4000);
    }
}
