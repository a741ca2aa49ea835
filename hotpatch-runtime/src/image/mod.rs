//! From a patch file to an image in the process: read it, check it, load it, bind it.

mod file;
mod list;
mod places;
mod resident;
mod uses;

pub(crate) use file::PatchOnDisk;
pub(crate) use list::Images;
pub(crate) use places::Plan;
pub(crate) use resident::{Image, ImageId, is_free, mapped};
pub(crate) use uses::{Kind, Use, by_future, count as count_uses};
