//! Scopes: names and what they mean.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::builtins;
use crate::print;
use crate::value::Value;

/// A scope that others may share.
#[derive(Clone)]
pub struct Env(Rc<Scope>);

struct Scope {
    names: RefCell<BTreeMap<Rc<str>, Binding>>,
    parent: Option<Env>,
    reads: Cell<u32>,
}

struct Binding {
    value: Value,
    line: u16,
    fixed: bool,
}

impl Env {
    fn of(parent: Option<Env>) -> Self {
        Self(Rc::new(Scope {
            names: RefCell::new(BTreeMap::new()),
            parent,
            reads: Cell::new(0),
        }))
    }

    /// A scope with all builtins.
    pub fn global() -> Self {
        let env = Self::of(None);
        for builtin in builtins::all() {
            env.bind(&builtin.name.into(), Value::Builtin(builtin), true);
        }
        env
    }

    /// A scope inside this one.
    pub fn child(&self) -> Self {
        Self::of(Some(self.clone()))
    }

    pub fn bind(&self, name: &Rc<str>, value: Value, fixed: bool) {
        let mut names = self.0.names.borrow_mut();
        let line = names.len() as u16;
        names.insert(Rc::clone(name), Binding { value, line, fixed });
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        self.0.reads.set(self.0.reads.get().wrapping_add(1));
        if let Some(binding) = self.0.names.borrow().get(name) {
            return Some(binding.value.clone());
        }
        self.0.parent.as_ref()?.get(name)
    }

    pub fn forget(&self, name: &str) {
        self.0.names.borrow_mut().remove(name);
    }

    /// The names and values, read by code that no edit replaces.
    pub fn describe(&self) -> String {
        let names = self.0.names.borrow();
        let shown = names
            .iter()
            .filter(|(_, binding)| !binding.fixed)
            .map(|(name, binding)| format!("{name}@{}={}", binding.line, print::plain(&binding.value)));
        format!("{} {}", names.len(), shown.collect::<Vec<_>>().join(" "))
    }
}
