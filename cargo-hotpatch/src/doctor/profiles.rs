//! The profile settings that prevent patching.

use super::finding::Finding;
use crate::settings::ProfileSettings;

/// Checks a profile.
pub(super) fn check(settings: &ProfileSettings, profile: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(lto) = settings.lto(profile) {
        findings.push(Finding::error(
            format!("profile `{profile}` has `lto = {lto}`, which leaves no objects to compare (HP0103)"),
            format!(
                "set `lto = \"off\"` in `[profile.{profile}]`, or use a profile of your own for patching"
            ),
        ));
    }
    if settings.aborts(profile) {
        findings.push(Finding::warning(
            format!("profile `{profile}` has `panic = \"abort\"`"),
            "patches work, and a panic in new code ends the program, as in old code",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!("profile `{profile}` can be patched")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Grade;
    use super::*;

    #[test]
    fn settings_that_prevent_patching() {
        let grades = |manifest: &str, profile: &str| {
            let settings = ProfileSettings::of(manifest, "[profile.configured]\nlto = \"fat\"");
            check(&settings, profile)
                .into_iter()
                .map(|finding| finding.grade)
                .collect::<Vec<_>>()
        };
        assert_eq!(grades("", "release"), [Grade::Good]);
        assert_eq!(
            grades("[profile.release]\nlto = true\nstrip = true", "release"),
            [Grade::Error]
        );
        assert_eq!(
            grades("[profile.release]\nlto = false\nstrip = true", "release"),
            [Grade::Good]
        );
        assert_eq!(
            grades("[profile.dev]\npanic = \"abort\"", "dev"),
            [Grade::Warning]
        );
        assert_eq!(grades("", "configured"), [Grade::Error]);
    }
}
