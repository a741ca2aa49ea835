//! The places that a manifest names, checked against the images they lie in.
//!
//! [`Plan::check`] needs nothing of the patch but its headers, so a patch that names a wrong place is refused before
//! it is loaded. [`Plan::bind`] then cannot fail half-way.

use std::ptr::{self, NonNull, with_exposed_provenance, with_exposed_provenance_mut};
use std::sync::Arc;

use hotpatch_abi::entry::{Entry, Slot};
use hotpatch_abi::manifest::{Fixup, FixupForm, ImageRef, Manifest, Place, Published};
use hotpatch_abi::version::ABI_VERSION;

use super::resident::Image;
use crate::platform::{Access, Layout, Program, Segments, peek};
use crate::refusal::{Refusal, refuse};
use crate::row_list::RowList;
use crate::table::Code;

/// Bytes that a fixup writes.
const FIXUP_LEN: u64 = 8;

/// A manifest whose every place was found.
pub(crate) struct Plan<'a> {
    manifest: &'a Manifest,
    images: Vec<Arc<Image>>,
}

/// An image that a manifest names.
enum Origin<'a> {
    /// The program.
    Program,
    /// An earlier patch.
    Earlier(&'a Image),
    /// The patch itself.
    This,
}

impl<'a> Plan<'a> {
    /// Finds every place of `manifest`, whose patch has the headers `layout`. `resident` are the images of the process.
    pub(crate) fn check(
        manifest: &'a Manifest,
        layout: &Layout,
        resident: &[Arc<Image>],
    ) -> Result<Self, Refusal> {
        let mut images = Vec::with_capacity(manifest.images.len());
        for patch in &manifest.images {
            match resident.iter().find(|image| image.patch == *patch) {
                Some(image) => images.push(image.clone()),
                None => refuse!(
                    PARENT,
                    "patch refers to the image of patch `{patch}`, which this process does not have; make the patch again for this process"
                ),
            }
        }
        let plan = Self { manifest, images };
        if let Some(effect) = layout.effect {
            refuse!(
                PLACE,
                "loading the patch would do more than add its code ({effect}), before it is bound to the process; make the patch without constructors, libraries and indirect functions"
            );
        }
        for fixup in &manifest.fixups {
            if !layout.segments.allow(fixup.at, FIXUP_LEN, Access::Write) {
                refuse!(
                    PLACE,
                    "patch wants to write at offset {:#x} of its image, which is not writable data",
                    fixup.at
                );
            }
            plan.find(layout, fixup.target, 0, Access::Refer)?;
        }
        check_apart(&manifest.fixups)?;
        plan.check_subjects()?;
        for instance in &manifest.instances {
            plan.find(layout, instance.built, 0, Access::Execute)?;
            plan.find(layout, instance.body, 0, Access::Execute)?;
        }
        for published in &manifest.published {
            plan.find(layout, published.body, 0, Access::Execute)?;
            plan.find(layout, published.entry, size_of::<Entry>() as u64, Access::Write)?;
            if !published.entry.offset.is_multiple_of(align_of::<Entry>() as u64) {
                refuse!(PLACE, "patch names a misaligned entry for `{}`", published.path);
            }
        }
        plan.check_headers_of_entries()?;
        Ok(plan)
    }

    fn check_subjects(&self) -> Result<(), Refusal> {
        let functions = self.manifest.published.iter().map(|published| published.entry);
        let instances = self.manifest.instances.iter().map(|instance| instance.built);
        let mut subjects: Vec<Place> = functions.chain(instances).collect();
        subjects.sort_unstable();
        if subjects.is_empty() || subjects.windows(2).any(|pair| pair[0] == pair[1]) {
            refuse!(
                PLACE,
                "patch must publish at least one function, and each only once"
            );
        }
        Ok(())
    }

    /// Slot and version of a new entry are read before the fixups are written, so no fixup may change them.
    fn check_headers_of_entries(&self) -> Result<(), Refusal> {
        const HEADER: u64 = size_of::<[u32; 2]>() as u64;
        let mut entries: Vec<u64> = self
            .manifest
            .published
            .iter()
            .filter(|published| published.entry.image == ImageRef::This)
            .map(|published| published.entry.offset)
            .collect();
        entries.sort_unstable();
        for fixup in &self.manifest.fixups {
            let next = entries.partition_point(|entry| entry + HEADER <= fixup.at);
            if entries
                .get(next)
                .is_some_and(|entry| *entry < fixup.at + FIXUP_LEN)
            {
                refuse!(
                    PLACE,
                    "patch wants to write at offset {:#x} of its image, which is the slot of an entry",
                    fixup.at
                );
            }
        }
        Ok(())
    }

    fn find(&self, layout: &Layout, place: Place, len: u64, access: Access) -> Result<(), Refusal> {
        let segments: &Segments = match self.origin(place.image)? {
            Origin::Program => &Program::get().segments,
            Origin::Earlier(image) => &image.segments,
            Origin::This => &layout.segments,
        };
        if !segments.allow(place.offset, len, access) {
            refuse!(
                PLACE,
                "patch names offset {:#x} of {}, where the process has no such place; make the patch again for this program",
                place.offset,
                self.describe(place.image)
            );
        }
        Ok(())
    }

    fn origin(&self, image: ImageRef) -> Result<Origin<'_>, Refusal> {
        match image {
            ImageRef::Base => Ok(Origin::Program),
            ImageRef::This => Ok(Origin::This),
            ImageRef::Earlier(index) => match self.images.get(index as usize) {
                Some(image) => Ok(Origin::Earlier(image)),
                None => refuse!(
                    PLACE,
                    "patch refers to image {index} of a list of {}",
                    self.images.len()
                ),
            },
        }
    }

    fn describe(&self, image: ImageRef) -> String {
        match self.origin(image) {
            Ok(Origin::Program) => "the program".into(),
            Ok(Origin::Earlier(image)) => format!("the image of patch `{}`", image.patch),
            Ok(Origin::This) | Err(_) => "its own image".into(),
        }
    }

    /// The address of a place that was checked, in a process where the patch lies at `load`.
    fn address(&self, load: usize, place: Place) -> usize {
        let load = match place.image {
            ImageRef::Base => Program::get().load,
            ImageRef::Earlier(index) => self.images[index as usize].load,
            ImageRef::This => load,
        };
        load.wrapping_add(place.offset as usize)
    }

    /// The entries of the published functions, in a process where the patch lies at `load`.
    ///
    /// Each is one that has a row in the live table, or a new one in the patch itself.
    pub(crate) fn entries(&self, load: usize, rows: &RowList) -> Result<Vec<&'static Entry>, Refusal> {
        self.manifest
            .published
            .iter()
            .map(|published| self.entry(load, published, rows))
            .collect()
    }

    fn entry(&self, load: usize, published: &Published, rows: &RowList) -> Result<&'static Entry, Refusal> {
        let entry = with_exposed_provenance::<Entry>(self.address(load, published.entry));
        // SAFETY: the place was checked to be aligned, writable memory of an image, of the size of an entry, which begins
        // with the slot and the version; the image stays mapped. Whatever the place holds, only the row that its slot
        // names makes it an entry.
        let slot = Slot(unsafe { peek(entry.addr()) });
        let known = (slot.0 as usize)
            .checked_sub(1)
            .and_then(|index| rows.get(index)?.entry());
        if known.is_some_and(|known| ptr::eq(known.as_ptr(), entry)) {
            // SAFETY: the live table has a row for this entry, so it is one, and its image is in the process. It stays until
            // whoever has the turn gives that up.
            return Ok(unsafe { &*entry });
        }
        if published.entry.image != ImageRef::This {
            refuse!(
                PLACE,
                "patch names an entry for `{}` that {} does not have; make the patch again for this program",
                published.path,
                self.describe(published.entry.image)
            );
        }
        // SAFETY: the place was checked to be aligned data of the patch image, of the size of an entry, which begins
        // with the slot and the version. It stays mapped while the image is loaded.
        let [slot, version] = unsafe { entry.cast::<[u32; 2]>().read() };
        if version != ABI_VERSION || Slot(slot) != Slot::NONE {
            refuse!(
                PLACE,
                "patch names a place as the entry of `{}` that holds no new entry",
                published.path
            );
        }
        // SAFETY: the place holds an entry, by its version and by the word of a verified patch file.
        Ok(unsafe { &*entry })
    }

    /// The images that the patch is bound to.
    pub(crate) fn needs(&self) -> Vec<Arc<Image>> {
        self.images.clone()
    }

    /// The code at a place, where `this` is the image of the patch.
    pub(crate) fn code(&self, this: &Image, place: Place) -> Code {
        let image = match place.image {
            ImageRef::Base => None,
            ImageRef::Earlier(index) => Some(self.images[index as usize].id),
            ImageRef::This => Some(this.id),
        };
        let address = with_exposed_provenance_mut(self.address(this.load, place));
        Code {
            address: NonNull::new(address).expect("code does not lie at address zero"),
            image,
        }
    }

    /// Writes the fixups into the patch image.
    ///
    /// # Safety
    ///
    /// - The checked patch lies at `load`, and no code of it has run.
    pub(crate) unsafe fn bind(&self, load: usize) {
        let got = load.wrapping_add(self.manifest.got as usize);
        for fixup in &self.manifest.fixups {
            let address = self
                .address(load, fixup.target)
                .wrapping_add_signed(fixup.addend as isize);
            let value = match fixup.form {
                FixupForm::Absolute => address,
                FixupForm::GotRelative => address.wrapping_sub(got),
            };
            let at = with_exposed_provenance_mut::<usize>(load.wrapping_add(fixup.at as usize));
            // SAFETY: the place was checked to be eight bytes of writable data of the patch image, of which no code
            // has run, so nothing else refers to them.
            unsafe { at.write_unaligned(value) };
        }
    }
}

/// Each fixup has bytes of its own. What two wrote would depend on their order.
fn check_apart(fixups: &[Fixup]) -> Result<(), Refusal> {
    let mut places: Vec<u64> = fixups.iter().map(|fixup| fixup.at).collect();
    // The tool writes them in order.
    if !places.is_sorted() {
        places.sort_unstable();
    }
    if let Some(pair) = places.windows(2).find(|pair| pair[1] - pair[0] < FIXUP_LEN) {
        refuse!(
            PLACE,
            "patch wants to write at offsets {:#x} and {:#x} of its image, which overlap",
            pair[0],
            pair[1]
        );
    }
    Ok(())
}
