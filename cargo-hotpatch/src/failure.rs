//! What to do about errors that come from the machine and not from the tool or the program.

use std::io::ErrorKind;

/// The next step, for errors that have one whatever the tool was doing.
pub(crate) fn help(error: &anyhow::Error) -> Option<&'static str> {
    let kinds = error
        .chain()
        .filter_map(|cause| Some(cause.downcast_ref::<std::io::Error>()?.kind()));
    kinds.into_iter().find_map(|kind| match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(
            "free some space there; what builds make can go elsewhere with `--target-dir`, and temporary files with \
             `TMPDIR`",
        ),
        ErrorKind::ReadOnlyFilesystem => Some("choose a folder that can be written to with `--target-dir`"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_full_disk_has_a_next_step() {
        let failed = |kind: ErrorKind| {
            let error: std::io::Result<()> = Err(kind.into());
            help(&error.context("cannot write `x`").unwrap_err())
        };
        assert!(failed(ErrorKind::StorageFull).is_some_and(|help| help.contains("--target-dir")));
        assert_eq!(failed(ErrorKind::NotFound), None);
    }
}
