//! The programs that tests start by their paths, as integration tests do. Their code counts as code of these tests.
//!
//! Invariant: while tests run, a program is what its sources are. When the session is over, the link that cargo made lies
//! there again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use hotpatch_link::TestCode;

use super::bench::TestBench;
use super::binary::TestBinary;
use super::relink;
use crate::base::Base;
use crate::capture::Capture;
use crate::hard_link;
use crate::plan::Plan;
use crate::rustc_args::UnitKey;

/// A program.
#[derive(Debug)]
struct Program {
    /// Where tests find it.
    path: PathBuf,
    /// The same file under the name that rustc gave it.
    original: PathBuf,
    is_original: bool,
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
            let name = [path.display().to_string()];
            let mut started_by = BTreeMap::new();
            for binary in &mut *binaries {
                let units = bench.units_of(&binary.base);
                let tests = binary.starting(&units, &name)?;
                if !tests.is_empty() {
                    started_by.insert(binary.unit.key.as_str().to_owned(), tests);
                }
            }
            if !started_by.is_empty() {
                let units = bench.units_of(&base);
                let original = original(bench.plan(), &base)?;
                programs.0.push(Program {
                    path,
                    original,
                    is_original: true,
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

    /// Makes the tests of programs that changed pending, and links these programs. `before_linking` is called first.
    ///
    /// # Errors
    ///
    /// Objects cannot be read, or the linker failed.
    pub(crate) fn look(
        &mut self,
        bench: &TestBench,
        binaries: &mut [TestBinary],
        mut before_linking: impl FnMut(),
    ) -> Result<()> {
        for program in &mut self.0 {
            let units = bench.units_of(&program.base);
            let files: Vec<PathBuf> = units.iter().flat_map(|unit| unit.objects.clone()).collect();
            if files == program.looked {
                continue;
            }
            let concerned = program.code.look(&units)?;
            program.looked = files;
            if !concerned.main && !concerned.everything {
                continue;
            }
            let changed = concerned.changed;
            before_linking();
            relink::relink(bench, &program.base, &program.path)?;
            program.is_original = false;
            for binary in &mut *binaries {
                let tests = program.started_by.get(binary.unit.key.as_str());
                for test in tests.into_iter().flatten() {
                    let because = binary.pending.entry(Some(test.clone())).or_default();
                    because.extend(changed.clone());
                }
            }
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.is_original && std::fs::remove_file(&self.path).is_ok() {
            // If it fails, the next build puts it there.
            let _ = hard_link::link_or_copy(&self.original, &self.path);
        }
    }
}

/// The file that rustc made; cargo gives it another name for users.
fn original(plan: &Plan, base: &Base) -> Result<PathBuf> {
    let program = &base.record().program;
    let key: UnitKey = serde_json::from_value(program.as_str().into())?;
    let unit = Capture::load(&plan.state, &key);
    let folder = unit.as_ref().and_then(|unit| unit.args.out_dir());
    let folder = folder.with_context(|| format!("there is no record of how `{program}` was compiled"))?;
    Ok(folder.join(key.stem()))
}
