//! What a commit has found out about types, so that it asks once and not for each of ten thousand values.

use std::cell::RefCell;

use super::agreement::{agree, is_altered};
use super::description::Description;

/// The answers so far.
#[derive(Debug, Default)]
pub(super) struct Recall {
    agree: Answers<Pair, bool>,
    altered: Answers<Pair, bool>,
    pub(super) fields: Answers<Question, Option<Source>>,
}

type Pair = (*const Description, *const Description);

/// Where a field of a new value is in an old one. Names stay where they are, so a place tells one from others.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) of: *const Description,
    pub(super) variant: usize,
    pub(super) name: *const str,
    pub(super) from: Option<*const str>,
    pub(super) new: *const Description,
}

/// The field of the old value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) index: usize,
    /// Whether it moves as it is.
    pub(super) agrees: bool,
}

impl Recall {
    /// As [`agree`].
    pub(super) fn agree(&self, a: &'static Description, b: &'static Description) -> bool {
        std::ptr::eq(a, b) || self.agree.recall((a, b), || agree(a, b))
    }

    /// As [`is_altered`].
    pub(super) fn is_altered(&self, a: &'static Description, b: &'static Description) -> bool {
        self.altered.recall((a, b), || is_altered(a, b))
    }
}

/// Answers to questions that come again in the same order.
#[derive(Debug)]
pub(super) struct Answers<K, V>(RefCell<Known<K, V>>);

#[derive(Debug)]
struct Known<K, V> {
    answers: Vec<(K, V)>,
    /// The one that is expected to be asked for.
    next: usize,
}

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Self(RefCell::new(Known {
            answers: Vec::new(),
            next: 0,
        }))
    }
}

impl<K: PartialEq, V: Copy> Answers<K, V> {
    /// The answer to a question, which `find` looks for if it is new.
    #[inline]
    pub(super) fn recall(&self, question: K, find: impl FnOnce() -> V) -> V {
        let known = &mut *self.0.borrow_mut();
        if let Some((asked, answer)) = known.answers.get(known.next)
            && *asked == question
        {
            let answer = *answer;
            known.next += 1;
            return answer;
        }
        known.search(question, find)
    }
}

impl<K: PartialEq, V: Copy> Known<K, V> {
    #[cold]
    fn search(&mut self, question: K, find: impl FnOnce() -> V) -> V {
        let at = self.answers.iter().position(|(asked, _)| *asked == question);
        let at = at.unwrap_or_else(|| {
            self.answers.push((question, find()));
            self.answers.len() - 1
        });
        self.next = at + 1;
        self.answers[at].1
    }
}
