//! The programs that tests start by their paths, as integration tests do. Their code counts as code of these tests, and
//! they lie where cargo puts them: if it changes, cargo builds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use hotpatch_link::TestCode;

use super::bench::TestBench;
use super::binary::TestBinary;
use crate::base::Base;

/// A program.
#[derive(Debug)]
struct Program {
    base: Base,
    /// The tests that start it, by the unit of their binary.
    started_by: BTreeMap<String, BTreeSet<String>>,
    code: TestCode,
    looked: Vec<PathBuf>,
}

/// The programs that some test starts.
#[derive(Debug, Default)]
pub(crate) struct Programs(Vec<Program>);

impl Programs {
    /// Finds the tests that start one of `built`: the code of the tests must have been read.
    ///
    /// # Errors
    ///
    /// Objects cannot be read.
    pub(crate) fn find(
        bench: &TestBench,
        binaries: &mut [TestBinary],
        built: Vec<(PathBuf, Base)>,
    ) -> Result<Self> {
        let mut programs = Self::default();
        for (path, base) in built {
            let path = [path.display().to_string()];
            let mut started_by = BTreeMap::new();
            for binary in &mut *binaries {
                let units = bench.units_of(&binary.base);
                let tests = binary.starting(&units, &path)?;
                if !tests.is_empty() {
                    started_by.insert(binary.unit.key.as_str().to_owned(), tests);
                }
            }
            if !started_by.is_empty() {
                let units = bench.units_of(&base);
                programs.0.push(Program {
                    code: TestCode::open(&units, &BTreeSet::new())?,
                    looked: units.into_iter().flat_map(|unit| unit.objects).collect(),
                    base,
                    started_by,
                });
            }
        }
        Ok(programs)
    }

    /// What they were linked from.
    pub(crate) fn bases(&self) -> impl Iterator<Item = &Base> {
        self.0.iter().map(|program| &program.base)
    }

    /// Makes the tests of programs that changed pending. Returns whether there are any.
    ///
    /// # Errors
    ///
    /// Objects cannot be read.
    pub(crate) fn look(&mut self, bench: &TestBench, binaries: &mut [TestBinary]) -> Result<bool> {
        let mut any = false;
        for program in &mut self.0 {
            let units = bench.units_of(&program.base);
            let files: Vec<PathBuf> = units.iter().flat_map(|unit| unit.objects.clone()).collect();
            if files == program.looked {
                continue;
            }
            let changed = program.code.look(&units)?.changed;
            program.looked = files;
            if changed.is_empty() {
                continue;
            }
            any = true;
            for binary in &mut *binaries {
                let tests = program.started_by.get(binary.unit.key.as_str());
                for test in tests.into_iter().flatten() {
                    let because = binary.pending.entry(Some(test.clone())).or_default();
                    because.extend(changed.clone());
                }
            }
        }
        Ok(any)
    }
}
