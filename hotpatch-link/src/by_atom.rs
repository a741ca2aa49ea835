//! A value for each section of each object of a program, found without hashing.

use crate::program::{Atom, Program};

#[derive(Debug)]
pub(crate) struct ByAtom<T> {
    /// Where the sections of each object begin among the values.
    starts: Vec<usize>,
    values: Vec<T>,
}

impl<T: Clone> ByAtom<T> {
    pub(crate) fn of(program: &Program, value: T) -> Self {
        let mut count = 0;
        let starts = program.objects.iter().map(|object| {
            let start = count;
            count += object.file.sections.len();
            start
        });
        let starts = starts.collect();
        Self {
            starts,
            values: vec![value; count],
        }
    }

    fn index(&self, atom: Atom) -> usize {
        self.starts[atom.object as usize] + atom.section.0 as usize
    }

    pub(crate) fn get(&self, atom: Atom) -> &T {
        &self.values[self.index(atom)]
    }

    pub(crate) fn get_mut(&mut self, atom: Atom) -> &mut T {
        let index = self.index(atom);
        &mut self.values[index]
    }
}
