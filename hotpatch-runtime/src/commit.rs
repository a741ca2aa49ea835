//! The commit of a patch: everything is checked before anything is written, and one store makes it live.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use hotpatch_abi::entry::{Entry, Slot};
use hotpatch_abi::manifest::Manifest;

use crate::drain::{self, Affected, Drained};
use crate::event::Turn;
use crate::history;
use crate::image::{self, Image, PatchOnDisk, Plan};
use crate::lineage;
use crate::migration::Migration;
use crate::platform::{Program, forget_images};
use crate::refusal::{Refusal, refuse};
use crate::registry;
use crate::report::{Applied, Event, Origin, Preparing};
use crate::rows::Rows;
use crate::scope::Scope;
use crate::state::Direction;
use crate::table::{Description, Row, Subject, Table, row_of};

/// Takes the patch file at `path` live: all its functions switch together, or nothing changes.
///
/// Patches are applied one at a time; a call waits for its turn. Calls that run finish on the code they began with.
/// A file that was applied before may be applied again, if its parent allows it; its image is not loaded twice.
/// The image is mapped from the file: replace it by renaming another over it, never by writing into it.
///
/// # Trust
///
/// The patch becomes part of the program, so the file must come from where the program comes from: `cargo hotpatch`
/// and your own sources. What can be verified is: that the file is whole, that it was made for exactly this build,
/// that it runs nothing while it is loaded, that every place it writes is its own data (or what the standard library
/// remembers for backtraces), and that not everybody may write it. That its code is sound cannot be, no more than for a program that is started by its path, which is why
/// this function is not `unsafe` either.
///
/// # Errors
///
/// The patch was refused, and the process runs what it ran. Inside an event callback the refusal is `HP0605`.
pub fn apply(path: impl AsRef<Path>) -> Result<Applied, Refusal> {
    offer(|| PatchOnDisk::read(path.as_ref()))
}

/// Offers the patch that `read` reads once nobody else is being asked.
pub(crate) fn offer(read: impl FnOnce() -> Result<PatchOnDisk, Refusal>) -> Result<Applied, Refusal> {
    let started = Instant::now();
    let turn = Turn::wait()?;
    let outcome = read().and_then(|patch| commit(&turn, &patch, started));
    turn.end(&outcome, Event::Applied, |applied| applied.generation);
    outcome
}

fn commit(turn: &Turn, patch: &PatchOnDisk, started: Instant) -> Result<Applied, Refusal> {
    let manifest = &patch.manifest;
    let scope = Scope::open();
    registry::refresh(&scope);
    // While we have the turn only `refresh` replaces this table, and it only adds rows.
    let table = Table::live(&scope);
    check_fit(manifest, table)?;
    let plan = Plan::check(manifest, &patch.layout, &table.images)?;
    turn.prepare(|| Preparing::new(table.generation + 1, Origin::Patch(patch.id), functions(manifest)))?;

    let resident = table.images.iter().find(|image| image.patch == patch.id);
    let (entries, image) = match resident {
        Some(image) => (plan.entries(image.load, &table.rows)?, image.clone()),
        None => {
            let loaded = patch.load()?;
            let entries = plan.entries(loaded.load, &table.rows)?;
            // SAFETY: this is the checked patch, and it has no initialisers, so no code of it has run.
            unsafe { plan.bind(loaded.load) };
            if let Some(places) = &manifest.backtraces {
                // SAFETY: the patch was made for this build, so the places are those of its standard library.
                unsafe { forget_images(places) };
            }
            let segments = &patch.layout.segments;
            let path = patch.shown_path(&loaded);
            (
                entries,
                Image::new(patch.id, path, loaded, segments, plan.needs()),
            )
        }
    };
    let next = NextTable {
        manifest,
        plan: &plan,
        entries: &entries,
        image,
    };
    let mut migration = Migration::plan(|| next.description(Table::live(&scope)));
    let affected = || affected(manifest, &plan, &entries, &next.image, table);
    let Drained { door, inside } = drain::wait(affected, migration.values())?;
    migration.make(Direction::Forward)?;
    lineage::note(patch.id, manifest.parent);
    let ((generation, elapsed), migrated) =
        migration.commit(table, || (next.publish(&scope), started.elapsed()), || drop(door));
    Ok(Applied {
        generation,
        patch: patch.id,
        functions: functions(manifest),
        elapsed,
        migrated,
        still_inside: inside,
    })
}

fn functions(manifest: &Manifest) -> Vec<String> {
    let functions = manifest.published.iter().map(|published| &published.path);
    let instances = manifest.instances.iter().map(|instance| &instance.path);
    let mut paths: Vec<String> = functions.chain(instances).cloned().collect();
    // An instance may have several bodies as built, one in each crate that uses it.
    paths.dedup();
    paths
}

/// The functions whose code is about to change.
fn affected(
    manifest: &Manifest,
    plan: &Plan<'_>,
    entries: &[&'static Entry],
    image: &Image,
    table: &Table,
) -> Affected {
    let places = entries.iter().map(|entry| ptr::from_ref(*entry).addr());
    let functions = places.zip(manifest.published.iter().map(|published| published.path.clone()));
    let instances = manifest.instances.iter().map(|instance| {
        let built = plan.code(image, instance.built).address;
        (built.addr().get(), instance.path.clone())
    });
    let mut affected: Affected = functions.chain(instances).collect();
    if manifest.parent.is_none() {
        let published: HashSet<usize> = affected.iter().map(|function| function.0).collect();
        let patched = table.rows.iter().filter(|row| row.code.is_some());
        let back = patched.filter_map(|row| Some((row.place()?, row.name.to_string())));
        affected.extend(back.filter(|function| !published.contains(&function.0)));
    }
    affected
}

/// Whether the patch was made for this program, and follows on what is live.
fn check_fit(manifest: &Manifest, table: &Table) -> Result<(), Refusal> {
    let program = Program::get();
    if program.build_id.is_empty() {
        refuse!(
            BUILD_ID,
            "this process has no build id; start it with `cargo hotpatch run`, or link it with `--build-id`"
        );
    }
    if manifest.build_id != program.build_id {
        refuse!(
            BUILD_ID,
            "patch was built for build id `{}`, this process is `{}`; make the patch again for this program",
            hex(&manifest.build_id),
            hex(&program.build_id)
        );
    }
    match manifest.parent {
        Some(parent) if table.head != Some(parent) => refuse!(
            PARENT,
            "patch follows on patch `{parent}`, this process runs {} (generation {}); make the patch again for this process",
            table
                .head
                .map_or("the program as built".into(), |head| format!("patch `{head}`")),
            table.generation
        ),
        _ => Ok(()),
    }
}

/// What the next table is made of.
struct NextTable<'a> {
    manifest: &'a Manifest,
    plan: &'a Plan<'a>,
    entries: &'a [&'static Entry],
    image: Arc<Image>,
}

impl NextTable<'_> {
    /// Makes it live. Returns its generation.
    fn publish(&self, scope: &Scope) -> u64 {
        let next = registry::lock_next();
        let is_new = |entry: &&'static Entry| entry.slot() == Slot::NONE;
        registry::add(
            scope,
            &next,
            self.entries.iter().copied().filter(is_new).collect(),
        );
        let live = Table::live(scope);
        let description = self.description(live);
        let generation = description.generation;
        if description.images.len() > live.images.len() {
            image::mapped().push(self.image.clone());
        }
        let origin = Origin::Patch(self.image.patch);
        let functions = functions(self.manifest).into_iter().map(Arc::from).collect();
        history::publish(scope, &next, description, origin, functions);
        generation
    }

    /// The table that follows on the live one. Functions that have no slot yet are left out.
    fn description(&self, live: &Table) -> Description {
        let Self { manifest, plan, .. } = self;
        let generation = live.generation + 1;
        let mut rows = Rows::of(&live.rows);
        if manifest.parent.is_none() {
            rows.all_as_built();
        }
        let published = self.entries.iter().zip(&manifest.published);
        for (entry, published) in published.filter(|(entry, _)| entry.slot() != Slot::NONE) {
            let row = rows.change(row_of(entry.slot()));
            if *row.name != *published.path {
                row.name = published.path.as_str().into();
            }
            row.since = generation;
            row.code = Some(plan.code(&self.image, published.body));
        }
        let known = if manifest.instances.is_empty() {
            HashMap::new()
        } else {
            rows.instances()
        };
        for instance in &manifest.instances {
            let built = plan.code(&self.image, instance.built).address;
            let row = Row {
                subject: Subject::Instance(built),
                name: instance.path.as_str().into(),
                since: generation,
                code: Some(plan.code(&self.image, instance.body)),
            };
            match known.get(&built) {
                Some(index) => rows.replace(*index, row),
                None => drop(rows.add(row)),
            }
        }
        let mut images = live.images.clone();
        if !images.iter().any(|resident| resident.id == self.image.id) {
            images = images.with(self.image.clone());
        }
        Description {
            generation,
            head: Some(self.image.patch),
            rows: rows.into_list(),
            images,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
