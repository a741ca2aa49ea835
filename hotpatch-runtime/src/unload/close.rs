//! The end of an image: nothing leads to it any more, and the loader unmaps it.

use std::sync::Arc;

use super::policy;
use crate::image::{self, Image};

/// Closes the images that nobody uses any more.
pub(super) fn close_unused() {
    // Outside of the lock, and as often as one that is closed was the last to need another one.
    while let Some(image) = take_unused() {
        drop(image);
    }
}

fn take_unused() -> Option<Arc<Image>> {
    let mut images = image::mapped();
    if !policy::is_on() {
        return None;
    }
    // Nobody can reach an image of which this list has the only reference, so nobody can begin to use it.
    let at = images
        .iter_mut()
        .position(|image| Arc::get_mut(image).is_some())?;
    Some(images.remove(at))
}
