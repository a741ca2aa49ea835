//! The images of a table, in a list that tables share for as long as none comes or goes.

use std::ops::Deref;
use std::sync::Arc;

use super::resident::Image;

/// Images, oldest first.
#[derive(Clone)]
pub(crate) struct Images(Option<Arc<[Arc<Image>]>>);

impl Images {
    pub(crate) const EMPTY: Self = Self(None);

    /// The list with one more.
    pub(crate) fn with(&self, image: Arc<Image>) -> Self {
        self.iter().cloned().chain([image]).collect()
    }
}

impl Deref for Images {
    type Target = [Arc<Image>];

    fn deref(&self) -> &[Arc<Image>] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromIterator<Arc<Image>> for Images {
    fn from_iter<I: IntoIterator<Item = Arc<Image>>>(images: I) -> Self {
        Self(Some(images.into_iter().collect()))
    }
}
