//! The departure of an image: the live table does not name it any more, so no call can come to it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::policy;
use crate::history;
use crate::image::{Image, ImageId};
use crate::registry::Next;
use crate::scope::{self, Scope};
use crate::table::{Description, Row, Table};

/// What needs the images of a table.
pub(super) struct Needs {
    /// Those that the live generation runs code of.
    pub(super) live: HashSet<ImageId>,
    /// The kept generations that ran code of an image.
    pub(super) kept: HashMap<ImageId, Vec<u64>>,
}

impl Needs {
    pub(super) fn of(table: &Table) -> Self {
        let live = table.rows.iter().filter_map(|row| row.code?.image);
        Self {
            live: live.collect(),
            kept: history::images(),
        }
    }

    /// Whether something of its own needs the image, beside images that were bound to it.
    fn contain(&self, image: &Image) -> bool {
        let uses = &image.uses;
        self.live.contains(&image.id)
            || self.kept.contains_key(&image.id)
            || !uses.counted
            || uses.handles() + uses.futures() > 0
    }

    /// Whether the image stays for its futures alone, as far as it goes by itself.
    fn only_futures(&self, image: &Image) -> bool {
        let uses = &image.uses;
        let is_run = self.live.contains(&image.id) || self.kept.contains_key(&image.id);
        uses.counted && !is_run && uses.handles() == 0 && uses.futures() > 0
    }

    /// The images that are needed, directly or by others.
    fn all(&self, images: &[Arc<Image>]) -> HashSet<ImageId> {
        let mut needed = HashSet::new();
        let mut next: Vec<&Arc<Image>> = images.iter().filter(|image| self.contain(image)).collect();
        while let Some(image) = next.pop() {
            if needed.insert(image.id) {
                next.extend(&image.needs);
            }
        }
        needed
    }
}

/// Takes the images that nobody needs out of the live table, with the functions that they had added. Belongs to whoever
/// has the turn.
pub(crate) fn depart(scope: &Scope, next: &Next) {
    let live = Table::live(scope);
    if !policy::is_on() || live.images.is_empty() {
        return;
    }
    let needs = Needs::of(live);
    for image in live.images.iter() {
        image.uses.linger(needs.only_futures(image));
    }
    let needed = needs.all(&live.images);
    let (staying, leaving): (Vec<_>, Vec<_>) = live
        .images
        .iter()
        .cloned()
        .partition(|image| needed.contains(&image.id));
    if leaving.is_empty() {
        return;
    }
    let home = |row: &Row| {
        let place = row.place()?;
        leaving
            .iter()
            .find(|image| image.contains(place))
            .map(|image| image.id)
    };
    let mut rows = live.rows.clone();
    let mut emptied = Vec::new();
    for (index, row) in live.rows.iter().enumerate() {
        if let Some(image) = home(row) {
            rows.replace(index, Row::gone(image));
            emptied.push(index);
        }
    }
    history::empty(&emptied);
    let description = Description {
        generation: live.generation,
        head: live.head,
        rows,
        images: staying.into_iter().collect(),
    };
    Table::publish(scope, next, description);
    let open = scope::open_scopes();
    for image in leaving {
        image.uses.depart(open.clone());
    }
}
