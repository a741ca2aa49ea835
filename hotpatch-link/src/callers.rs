//! Who calls the functions of a program.

use crate::by_atom::ByAtom;
use crate::program::{Atom, Program};

pub(crate) struct Callers {
    /// The last edge of each function, in [`edges`](Self::edges).
    last: ByAtom<Option<u32>>,
    /// A caller, and the edge before.
    edges: Vec<(Atom, Option<u32>)>,
}

impl Callers {
    pub(crate) fn of(program: &Program) -> Self {
        let mut callers = Self {
            last: ByAtom::of(program, None),
            edges: Vec::new(),
        };
        for function in program.functions() {
            for callee in program.deep(function).callees.iter().flatten() {
                let index = callers.edges.len() as u32;
                let before = callers.last.get_mut(*callee).replace(index);
                callers.edges.push((function, before));
            }
        }
        callers
    }

    pub(crate) fn get(&self, function: Atom) -> impl Iterator<Item = Atom> {
        let mut next = *self.last.get(function);
        std::iter::from_fn(move || {
            let (caller, before) = self.edges[next? as usize];
            next = before;
            Some(caller)
        })
    }
}
