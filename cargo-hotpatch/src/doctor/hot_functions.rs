//! The hot functions of the program, as it was built last.

use super::finding::Finding;
use crate::hot_entries;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::terminal::counted;

/// Checks the program of the selection. Nothing is known of one that was not built yet.
pub(super) fn check(selection: &Selection) -> Option<Finding> {
    let built = Plan::new(selection).ok()?.built_last().ok()?;
    let program = built.executable.display().to_string();
    Some(match hot_entries::count(&built.base.program()).ok()? {
        0 => Finding::warning(
            format!("`{program}`, as built last, has no hot function (HP0107)"),
            "put `#[hotpatch]` on a function that is called again and again",
        ),
        count => Finding::good(format!(
            "`{program}`, as built last, has {}, closures given to `call` and instances of generic functions included",
            counted(count, "hot function")
        )),
    })
}
