//! What a process decodes, and what the tool decodes of its answers.

use hotpatch_abi::frame::{Reply, Request};
use hotpatch_abi::manifest::Manifest;
use hotpatch_abi::patch_file::{self as file, PatchFileError};
use hotpatch_abi::version::ABI_VERSION;

use super::allocator::in_proportion;

/// A manifest: what can be decoded is encoded to the same bytes.
pub fn manifest(bytes: &[u8]) {
    let _ = Manifest::peek_abi_version(bytes);
    if let Ok(manifest) = in_proportion(bytes, || Manifest::decode(bytes)) {
        assert_eq!(manifest.encode(), bytes);
    }
}

/// A patch file as it is; and sealed anew, since hardly any input has the right checksum: two bytes for the length of the
/// dylib, two for the part that is covered, the dylib, the manifest.
pub fn patch_file(bytes: &[u8]) {
    let opened = in_proportion(bytes, || file::open(bytes));
    assert!(
        opened.is_err() || bytes.len() >= file::TRAILER_LEN,
        "too short for a trailer"
    );
    let Some((len, rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let Some((covered, rest)) = rest.split_first_chunk::<2>() else {
        return;
    };
    let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
    let covered = usize::from(u16::from_le_bytes(*covered)).min(len);
    let (dylib, manifest) = rest.split_at(len);
    let Ok(manifest) = Manifest::decode(manifest) else {
        return;
    };
    let (sealed, id) = file::seal(dylib.to_vec(), covered, &manifest);
    match in_proportion(&sealed, || file::open(&sealed)) {
        Ok(patch) => assert_eq!((patch.id, &patch.manifest), (id, &manifest)),
        Err(error) => {
            assert_ne!(manifest.abi_version, ABI_VERSION, "{error}");
            assert_eq!(error, PatchFileError::AbiVersion(manifest.abi_version));
        }
    }
    let cut = &sealed[..sealed.len() - 1];
    assert!(file::open(cut).is_err(), "cut short");
}

/// The messages of the control channel: what can be decoded is encoded to the same bytes.
pub fn frames(bytes: &[u8]) {
    if let Ok(request) = in_proportion(bytes, || Request::decode(bytes)) {
        assert_eq!(request.encode(), bytes);
    }
    if let Ok(reply) = in_proportion(bytes, || Reply::decode(bytes)) {
        assert_eq!(reply.encode(), bytes);
    }
}
