//! What the dependents of each unit were compiled against, and what they need of its objects.
//!
//! Invariant: the sources noted for a unit are those of the library that its dependents are compiled against. Where they
//! are not known for sure, none are noted, and the unit looks different after every replay until they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Shape, Symbols};
use crate::inputs::Inputs;
use crate::rustc_args::UnitKey;
use crate::unit_graph::UnitGraph;

/// What is noted.
#[derive(Debug)]
pub(crate) struct Offers {
    shapes: BTreeMap<UnitKey, Arc<Shape>>,
    /// The sources that the program was built from are read while it starts.
    reading: Option<JoinHandle<BTreeMap<UnitKey, Arc<Shape>>>>,
}

impl Offers {
    /// Begins to read the sources that a program was built from.
    pub(crate) fn of_build(graph: &UnitGraph, inputs: &Inputs) -> Self {
        let used = graph
            .units()
            .keys()
            .filter(|key| !graph.dependents(key).is_empty());
        let files: Vec<_> = used
            .map(|key| (key.clone(), inputs.stamps_of_unit(key)))
            .collect();
        let reading = thread::spawn(move || {
            let shapes = files
                .into_iter()
                .filter_map(|(key, files)| Some((key, Arc::new(Shape::stamped(files)?))));
            shapes.collect()
        });
        Self {
            shapes: BTreeMap::new(),
            reading: Some(reading),
        }
    }

    /// The sources of what dependents of a unit are compiled against, if they are known.
    pub(crate) fn shape(&mut self, key: &UnitKey) -> Option<Arc<Shape>> {
        self.read().get(key).cloned()
    }

    /// Notes the sources of what dependents of a unit are compiled against from now on.
    pub(crate) fn note(&mut self, key: &UnitKey, shape: Option<Shape>) {
        let shapes = self.read();
        match shape {
            Some(shape) => shapes.insert(key.clone(), Arc::new(shape)),
            None => shapes.remove(key),
        };
    }

    fn read(&mut self) -> &mut BTreeMap<UnitKey, Arc<Shape>> {
        if let Some(reading) = self.reading.take() {
            // What could not be read is not known.
            self.shapes = reading.join().unwrap_or_default();
        }
        &mut self.shapes
    }
}

/// The symbols of files that do not change, read once.
#[derive(Debug, Default)]
pub(crate) struct SymbolTables(Mutex<BTreeMap<Vec<PathBuf>, Arc<Symbols>>>);

impl SymbolTables {
    /// The symbols of the files of a unit; `None` if they cannot be read.
    pub(crate) fn of(&self, files: &[PathBuf]) -> Option<Arc<Symbols>> {
        let tables = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tables().get(files) {
            return Some(known.clone());
        }
        let symbols = Arc::new(Symbols::of(files).ok()?);
        tables().insert(files.to_owned(), symbols.clone());
        Some(symbols)
    }

    /// Forgets files that are gone.
    pub(crate) fn sweep(&self) {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|files, _| files.iter().all(|file: &PathBuf| Path::new(file).exists()));
    }
}
