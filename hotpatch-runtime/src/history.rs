//! The generations that this process can go back to.
//!
//! Owns the record of what each generation ran. The images that it needs stay in memory for as long as it is kept, so a
//! record is all that a roll-back needs.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{env, io};

use hotpatch_abi::generation::{self, GenerationStatus};
use hotpatch_abi::manifest::PatchId;
use hotpatch_abi::names::KEEP_GENERATIONS_VAR;

use crate::drain::{self, Affected, Drained};
use crate::event::Turn;
use crate::image::ImageId;
use crate::migration::Migration;
use crate::platform::is_privileged;
use crate::refusal::{Refusal, refuse};
use crate::registry::{self, Next};
use crate::report::{Event, Generation, Origin, Preparing, RolledBack};
use crate::row_list::RowList;
use crate::scope::Scope;
use crate::state::Direction;
use crate::table::{Code, Description, Row, Table};
use crate::unload;

/// How many generations are kept unless [`keep_generations`] says otherwise. Generation 0 is always there.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// A generation with all that it ran.
struct Record {
    number: u64,
    origin: Origin,
    /// The generation whose commit made the code that it ran: a roll-back has none of its own.
    code: u64,
    /// The paths of the functions that switched.
    functions: Names,
    since: SystemTime,
    target: Arc<Target>,
}

/// Paths of functions, shared with the rows that they come from.
pub(crate) type Names = Arc<[Arc<str>]>;

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
    read(|kept| kept.records.iter().map(Record::report).collect())
}

/// Keeps this many generations beside generation 0 and the live one. Unless it is called, the environment variable
/// `HOTPATCH_KEEP_GENERATIONS` says how many, else there are 64.
pub fn keep_generations(limit: NonZeroUsize) {
    let mut kept = lock();
    kept.limit = limit;
    kept.forget();
    drop(kept);
    unload::look_again();
}

/// Keeps as many as the environment says. Runs before `main`.
pub(crate) fn keep_as_asked() {
    let Some(asked) = env::var_os(KEEP_GENERATIONS_VAR).filter(|_| !is_privileged()) else {
        return;
    };
    match asked.to_str().and_then(|asked| asked.parse().ok()) {
        Some(limit) => keep_generations(limit),
        // Who closed standard error does not want to know.
        None => drop(writeln!(
            io::stderr(),
            "hotpatch: `{KEEP_GENERATIONS_VAR}` is `{}`, which is no number above 0; {KEPT} generations are kept",
            asked.display()
        )),
    }
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
    go(Some(to)).map(|(rolled_back, _)| rolled_back)
}

/// Takes all functions one step back: to the generation before the one whose code is live. After a roll-back to
/// generation 3 that is generation 2, so repeated steps lead back to the program as built.
///
/// # Errors
///
/// `HP0606`: the program runs as it was built, or the generation is not kept. Inside an event callback the refusal is
/// `HP0605`.
pub fn step_back() -> Result<RolledBack, Refusal> {
    go(None).map(|(rolled_back, _)| rolled_back)
}

/// Goes to a generation, or one step back. Returns the patch that is the head then, too.
pub(crate) fn go(to: Option<u64>) -> Result<(RolledBack, Option<PatchId>), Refusal> {
    let started = Instant::now();
    let turn = Turn::wait()?;
    let outcome = back(&turn, to, started);
    turn.end(
        &outcome,
        |(rolled_back, _)| Event::RolledBack(rolled_back),
        |(rolled_back, _)| rolled_back.generation,
    );
    outcome
}

/// The generations as they are described to others.
pub(crate) fn described() -> Vec<GenerationStatus> {
    read(|kept| kept.records.iter().map(Record::described).collect())
}

/// The generation that is live, described.
pub(crate) fn live() -> GenerationStatus {
    read(|kept| kept.live().described())
}

fn back(turn: &Turn, to: Option<u64>, started: Instant) -> Result<(RolledBack, Option<PatchId>), Refusal> {
    let scope = Scope::open();
    registry::refresh(&scope);
    let (to, target, direction) = read(|kept| {
        let to = to.map_or_else(|| kept.before_live(), Ok)?;
        Ok((to, kept.get(to)?, kept.direction(to)))
    })?;
    let (generation, functions) = {
        let live = Table::live(&scope);
        let functions = target.differing(&live.rows).map(|(_, row)| row.name.clone());
        (live.generation + 1, functions.collect::<Names>())
    };
    let origin = Origin::RollBack(to);
    turn.prepare(|| Preparing::new(generation, origin, strings(&functions)))?;
    let description = |live: &Table| Description {
        generation,
        head: target.head,
        rows: target.applied_to(&live.rows),
        images: live.images.clone(),
    };
    let before = Table::live(&scope);
    let mut migration = Migration::plan(|| description(before));
    let Drained { door, inside } = drain::wait(|| target.affected(before), migration.values())?;
    migration.make(direction)?;
    let paths = strings(&functions);
    let publish = || {
        let next = registry::lock_next();
        let description = description(Table::live(&scope));
        publish(&scope, &next, description, origin, functions);
        started.elapsed()
    };
    let (elapsed, migrated) = migration.commit(before, publish, || drop(door));
    let rolled_back = RolledBack {
        generation,
        to,
        functions: paths,
        elapsed,
        migrated,
        still_inside: inside,
    };
    Ok((rolled_back, target.head))
}

/// Makes the next generation live, and keeps the record of it.
pub(crate) fn publish(
    scope: &Scope,
    next: &Next,
    description: Description,
    origin: Origin,
    functions: Names,
) {
    let before = Table::live(scope);
    let first = (before.generation == 0).then(|| Record::of(before, Origin::Built, Names::default()));
    let mut record = Record::of(&description, origin, functions);
    let mut kept = lock();
    Table::publish(scope, next, description);
    if let Origin::RollBack(to) = origin {
        record.code = kept.code_of(to);
    }
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
            generations.entry(*image).or_default().push(record.number);
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
    /// Of a program that was never patched.
    fn built() -> Self {
        let scope = Scope::open();
        Self::of(Table::live(&scope), Origin::Built, Names::default())
    }

    fn report(&self) -> Generation {
        Generation {
            number: self.number,
            origin: self.origin,
            functions: strings(&self.functions),
            since: self.since,
        }
    }

    fn described(&self) -> GenerationStatus {
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default();
        GenerationStatus {
            number: self.number,
            origin: match self.origin {
                Origin::Built => generation::Origin::Built,
                Origin::Patch(patch) => generation::Origin::Patch(patch),
                Origin::RollBack(to) => generation::Origin::RollBack(to),
            },
            head: self.target.head,
            functions: strings(&self.functions),
            since: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn of(description: &Description, origin: Origin, functions: Names) -> Self {
        Self {
            number: description.generation,
            origin,
            code: description.generation,
            functions,
            since: SystemTime::now(),
            target: Arc::new(Target {
                head: description.head,
                rows: description.rows.clone(),
                images: OnceLock::new(),
            }),
        }
    }
}

fn strings(names: &Names) -> Vec<String> {
    names.iter().map(|name| String::from(&**name)).collect()
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
        rows.share(&self.rows);
        let rest: Vec<usize> = self.differing(&rows).map(|(index, _)| index).collect();
        for index in rest {
            let row = rows.change(index);
            (row.since, row.code) = self.row(index);
        }
        rows
    }
}

impl Kept {
    fn live(&self) -> &Record {
        self.records.back().expect("there is always a live one")
    }

    fn find(&self, number: u64) -> Option<&Record> {
        let mut records = self.records.iter();
        records.find(|record| record.number == number)
    }

    /// The generation whose commit made the code that another one runs.
    fn code_of(&self, number: u64) -> u64 {
        self.find(number).map_or(number, |record| record.code)
    }

    /// The generation before the one whose code is live.
    fn before_live(&self) -> Result<u64, Refusal> {
        match self.live().code.checked_sub(1) {
            Some(before) => Ok(self.code_of(before)),
            None => refuse!(
                GENERATION,
                "the process runs the program as built, and there is no generation before it; go to a later one by its number"
            ),
        }
    }

    /// Which way it is from the code that is live to that of a generation.
    fn direction(&self, to: u64) -> Direction {
        match self.code_of(to) < self.live().code {
            true => Direction::Back,
            false => Direction::Forward,
        }
    }

    fn get(&self, number: u64) -> Result<Arc<Target>, Refusal> {
        // A roll-back to it may be kept longer.
        let same_code = |record: &&Record| record.code == number;
        if let Some(record) = self
            .find(number)
            .or_else(|| self.records.iter().rev().find(same_code))
        {
            return Ok(record.target.clone());
        }
        let numbers: Vec<_> = self
            .records
            .iter()
            .map(|record| record.number.to_string())
            .collect();
        refuse!(
            GENERATION,
            "generation {number} is not kept; the generations that are: {}",
            numbers.join(", ")
        )
    }

    /// Forgets the oldest, but never generation 0 and the live one.
    fn forget(&mut self) {
        while self.records.len() > self.limit.get() + 2 {
            self.records.remove(1);
        }
    }
}

/// Shows the records. A program that was never patched has one of what was built.
fn read<R>(reader: impl FnOnce(&Kept) -> R) -> R {
    let kept = lock();
    if !kept.records.is_empty() {
        return reader(&kept);
    }
    // Generation 0 is live for as long as the lock is held: `publish` takes it.
    reader(&Kept {
        records: VecDeque::from([Record::built()]),
        limit: kept.limit,
    })
}

/// Whether nobody is at the records.
pub(crate) fn is_free() -> bool {
    KEPT_RECORDS.try_lock().is_ok()
}

fn lock() -> MutexGuard<'static, Kept> {
    KEPT_RECORDS.lock().unwrap_or_else(PoisonError::into_inner)
}
