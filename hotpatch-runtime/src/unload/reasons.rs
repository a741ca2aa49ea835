//! Why each image is still in the process.

use std::sync::Arc;

use super::departure::Needs;
use super::policy;
use crate::image::{self, Image as Mapped};
use crate::report::{Image, Resident};
use crate::scope::Scope;
use crate::table::Table;

/// The patch images of this process, oldest first, each with the reasons why it is still there.
pub fn images() -> Vec<Image> {
    let scope = Scope::open();
    let needs = Needs::of(Table::live(&scope));
    let mapped: Vec<Arc<Mapped>> = image::mapped().clone();
    let report = |image: &Arc<Mapped>| Image {
        patch: image.patch,
        path: image.path.clone(),
        bytes: image.segments.mapped_len(),
        resident: reasons(image, &needs, &mapped),
    };
    mapped.iter().map(report).collect()
}

fn reasons(image: &Arc<Mapped>, needs: &Needs, mapped: &[Arc<Mapped>]) -> Vec<Resident> {
    let uses = &image.uses;
    let mut reasons = Vec::new();
    if needs.live.contains(&image.id) {
        reasons.push(Resident::Live);
    }
    if let Some(generations) = needs.kept.get(&image.id) {
        reasons.push(Resident::Kept(generations.clone()));
    }
    let bound = mapped
        .iter()
        .filter(|other| other.needs.iter().any(|needed| needed.id == image.id));
    reasons.extend(bound.map(|other| Resident::NeededBy(other.patch)));
    if !policy::is_on() {
        reasons.push(Resident::ByDefault);
    } else if !uses.counted {
        reasons.push(Resident::LoadedBefore);
    }
    reasons.extend((uses.handles() > 0).then(|| Resident::Held(uses.handles())));
    reasons.extend((uses.futures() > 0).then(|| Resident::Futures(uses.futures())));
    let calls = uses.calls();
    if !calls.is_empty() {
        reasons.push(Resident::Calls(calls));
    }
    if reasons.is_empty() {
        reasons.push(Resident::Closing);
    }
    reasons
}
