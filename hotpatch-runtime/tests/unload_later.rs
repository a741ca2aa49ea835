//! Images that were loaded before unloading was turned on. A program of its own: it cannot be turned off for them again.

#[macro_use]
mod support;

use std::num::NonZeroUsize;

use hotpatch_runtime::{Resident, Unload, apply, hold, images, keep_generations, rollback, unload};

use support::{folder, is_mapped, returning};

hot!(one, ONE, 0);

#[test]
fn images_stay_by_default_and_those_that_did_stay_forever() {
    keep_generations(NonZeroUsize::MIN);
    let folder = folder();
    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 1)]);
    let at = apply(&path).unwrap().generation;
    let reasons = || images()[0].resident.clone();
    assert_eq!(
        reasons(),
        [Resident::Live, Resident::Kept(vec![at]), Resident::ByDefault]
    );
    let leave = || (0..3).for_each(|_| drop(rollback(0).unwrap()));
    leave();
    assert_eq!(reasons(), [Resident::ByDefault]);
    drop(hold());
    assert!(is_mapped(&path));

    // SAFETY: nothing of these patches is used outside of their functions.
    unsafe { unload(Unload::WhenQuiescent) };
    leave();
    assert_eq!(reasons(), [Resident::LoadedBefore]);
    assert_eq!((one(), is_mapped(&path)), (0, true));
}
