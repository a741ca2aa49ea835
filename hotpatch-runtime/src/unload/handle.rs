//! Handles: the program's own word that it uses something of the images.

use crate::image::{self, Kind, Use};
use crate::report::Hold;

use super::keeper;

/// Keeps the images that the process has now, for as long as the value lives: for whoever takes something out of hot code
/// that lies in its image. A program that does not [unload](crate::unload) images needs none.
pub fn hold() -> Hold {
    Hold::new(hold_all())
}

/// A use of every image that may be closed.
pub(crate) fn hold_all() -> Uses {
    let images = image::mapped();
    let counted = images.iter().filter(|image| image.uses.counted);
    Uses(
        counted
            .map(|image| Use::of(image.clone(), Kind::Handle))
            .collect(),
    )
}

/// The uses of a handle.
#[derive(Debug, Default)]
pub(crate) struct Uses(Vec<Use>);

impl Drop for Uses {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.0.clear();
            keeper::look_again();
        }
    }
}
