//! The generations that this process can go back to.
//!
//! Owns the record of what each generation ran. The images that it needs stay in memory for as long as it is kept, so a
//! record is all that a roll-back needs.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use hotpatch_abi::manifest::PatchId;

use crate::drain::{self, Affected};
use crate::event::Turn;
use crate::image::ImageId;
use crate::refusal::{Refusal, refuse};
use crate::registry::{self, Next};
use crate::report::{Event, Generation, Origin, Preparing, RolledBack};
use crate::row_list::RowList;
use crate::scope::Scope;
use crate::table::{Code, Description, Row, Table};
use crate::unload;

/// How many generations are kept unless [`keep_generations`] says otherwise. Generation 0 is always there.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// A generation with all that it ran.
struct Record {
    generation: Generation,
    target: Arc<Target>,
}

/// What a generation ran.
#[derive(Clone)]
struct Target {
    head: Option<PatchId>,
    /// Functions that got their slots later ran as built.
    rows: RowList,
    /// The images that hold it. Looked for when somebody asks.
    images: OnceLock<Vec<ImageId>>,
}

struct Kept {
    records: VecDeque<Record>,
    limit: NonZeroUsize,
}

static KEPT_RECORDS: Mutex<Kept> = Mutex::new(Kept {
    records: VecDeque::new(),
    limit: KEPT,
});

/// The generations that [`rollback`] can go to, oldest first. The last one is live.
pub fn history() -> Vec<Generation> {
    let kept = lock();
    kept.records
        .iter()
        .map(|record| record.generation.clone())
        .collect()
}

/// Keeps this many generations beside generation 0 and the live one; 64 unless it is called.
pub fn keep_generations(limit: NonZeroUsize) {
    let mut kept = lock();
    kept.limit = limit;
    kept.forget();
    drop(kept);
    unload::look_again();
}

/// Takes all functions back, at once, to what they ran in an earlier generation, or forward again to a later one: the
/// process gets a new generation with the table of the old one. Statics, the heap and threads are not touched.
///
/// Calls that run finish on the code they began with. Patches made for what was live before do not fit any more until
/// their generation is live again.
///
/// # Errors
///
/// `HP0606`: the generation is not kept. Inside an event callback the refusal is `HP0605`.
pub fn rollback(to: u64) -> Result<RolledBack, Refusal> {
    let started = Instant::now();
    let turn = Turn::wait()?;
    let outcome = back(&turn, to, started);
    turn.end(&outcome, Event::RolledBack, |rolled_back| rolled_back.generation);
    outcome
}

fn back(turn: &Turn, to: u64, started: Instant) -> Result<RolledBack, Refusal> {
    let scope = Scope::open();
    registry::refresh(&scope);
    let target = lock().get(to)?;
    let (generation, functions) = {
        let live = Table::live(&scope);
        let functions = target.differing(&live.rows).map(|(_, row)| row.name.to_string());
        (live.generation + 1, functions.collect::<Vec<_>>())
    };
    let origin = Origin::RollBack(to);
    turn.prepare(|| Preparing::new(generation, origin, functions.clone()))?;
    let drained = drain::wait(|| target.affected(Table::live(&scope)))?;

    let next = registry::lock_next();
    let live = Table::live(&scope);
    let description = Description {
        generation,
        head: target.head,
        rows: target.applied_to(&live.rows),
        images: live.images.clone(),
    };
    publish(&scope, &next, description, origin, functions.clone());
    Ok(RolledBack {
        generation,
        to,
        functions,
        elapsed: started.elapsed(),
        still_inside: drained.inside.clone(),
    })
}

/// Makes the next generation live, and keeps the record of it.
pub(crate) fn publish(
    scope: &Scope,
    next: &Next,
    description: Description,
    origin: Origin,
    functions: Vec<String>,
) {
    let before = Table::live(scope);
    let first = (before.generation == 0).then(|| Record::of(before, Origin::Built, Vec::new()));
    let record = Record::of(&description, origin, functions);
    Table::publish(scope, next, description);
    let mut kept = lock();
    if kept.records.is_empty() {
        kept.records.extend(first);
    }
    kept.records.push_back(record);
    kept.forget();
    drop(kept);
    unload::depart(scope, next);
}

/// The images that each kept generation ran code of.
pub(crate) fn images() -> HashMap<ImageId, Vec<u64>> {
    let mut generations: HashMap<_, Vec<u64>> = HashMap::new();
    for record in &lock().records {
        for image in record.target.images() {
            generations
                .entry(*image)
                .or_default()
                .push(record.generation.number);
        }
    }
    generations
}

/// Forgets what these rows were about, in which no kept generation ran any code. Belongs to whoever has the turn.
pub(crate) fn empty(rows: &[usize]) {
    for record in &mut lock().records {
        let target = Arc::make_mut(&mut record.target);
        for index in rows {
            if target.rows.get(*index).is_some_and(|row| row.since != 0) {
                let row = target.rows.change(*index);
                (row.since, row.code) = (0, None);
            }
        }
    }
}

impl Record {
    fn of(description: &Description, origin: Origin, functions: Vec<String>) -> Self {
        Self {
            generation: Generation {
                number: description.generation,
                origin,
                functions,
                since: SystemTime::now(),
            },
            target: Arc::new(Target {
                head: description.head,
                rows: description.rows.clone(),
                images: OnceLock::new(),
            }),
        }
    }
}

impl Target {
    fn images(&self) -> &[ImageId] {
        self.images.get_or_init(|| {
            let mut images: Vec<_> = self.rows.iter().filter_map(|row| row.code?.image).collect();
            images.sort_unstable();
            images.dedup();
            images
        })
    }

    fn row(&self, index: usize) -> (u64, Option<Code>) {
        self.rows
            .get(index)
            .map_or((0, None), |row| (row.since, row.code))
    }

    /// The rows that run something else in `live`, by their indices.
    fn differing<'a>(&'a self, live: &'a RowList) -> impl Iterator<Item = (usize, &'a Row)> {
        let pieces = live.differing(&self.rows);
        let rows = pieces.flat_map(|(first, rows)| (first..).zip(rows));
        rows.filter(|(index, row)| row.since != self.row(*index).0)
    }

    /// The functions whose code changes if this generation follows on `live`.
    fn affected(&self, live: &Table) -> Affected {
        let rows = self.differing(&live.rows);
        rows.filter_map(|(_, row)| Some((row.place()?, row.name.to_string())))
            .collect()
    }

    /// The functions of `live` with the code of this generation.
    fn applied_to(&self, live: &RowList) -> RowList {
        let mut rows = live.clone();
        for (index, _) in self.differing(live) {
            let row = rows.change(index);
            (row.since, row.code) = self.row(index);
        }
        rows
    }
}

impl Kept {
    fn get(&self, number: u64) -> Result<Arc<Target>, Refusal> {
        let found = self
            .records
            .iter()
            .find(|record| record.generation.number == number);
        if let Some(record) = found {
            return Ok(record.target.clone());
        }
        let numbers: Vec<_> = self
            .records
            .iter()
            .map(|record| record.generation.number.to_string())
            .collect();
        let kept = if numbers.is_empty() {
            "none yet".into()
        } else {
            numbers.join(", ")
        };
        refuse!(
            GENERATION,
            "generation {number} is not kept; the generations that are: {kept}"
        )
    }

    /// Forgets the oldest, but never generation 0 and the live one.
    fn forget(&mut self) {
        while self.records.len() > self.limit.get() + 2 {
            self.records.remove(1);
        }
    }
}

/// Whether nobody is at the records.
pub(crate) fn is_free() -> bool {
    KEPT_RECORDS.try_lock().is_ok()
}

fn lock() -> MutexGuard<'static, Kept> {
    KEPT_RECORDS.lock().unwrap_or_else(PoisonError::into_inner)
}
