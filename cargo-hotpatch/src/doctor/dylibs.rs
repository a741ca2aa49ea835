//! Members of the workspace that are dylibs and nothing else.

use cargo_metadata::{CrateType, Metadata};

use super::finding::Finding;

/// Says what becomes of them.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let is_linked = |kind: &CrateType| matches!(kind, CrateType::Lib | CrateType::RLib);
    let dylibs = targets.filter(|target| {
        target.crate_types.contains(&CrateType::DyLib) && !target.crate_types.iter().any(is_linked)
    });
    let finding = |name: &str| {
        Finding::warning(
            format!("`{name}` is a `dylib`: under hotpatch, programs contain it instead of loading it"),
            "nothing, unless the program also opens the library by its file name: what it opens then is a second copy, \
             which is not patched",
        )
    };
    dylibs.map(|target| finding(&target.name)).collect()
}
