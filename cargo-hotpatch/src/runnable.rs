//! Which program `cargo run` would run.

use anyhow::{Result, bail};
use cargo_metadata::{Metadata, Package, Target, TargetKind};

use crate::selection::Selection;

/// A binary or an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runnable {
    /// The name of its package.
    pub(crate) package: String,
    /// The name of the target.
    pub(crate) name: String,
    /// Whether it is an example.
    pub(crate) kind: RunnableKind,
}

/// The kind of a target that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunnableKind {
    /// `--bin`
    Bin,
    /// `--example`
    Example,
}

impl RunnableKind {
    /// The word that cargo has for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Example => "example",
        }
    }
}

impl Runnable {
    /// What messages without a place are about where tests are built: the first target of what is chosen.
    ///
    /// # Errors
    ///
    /// There is no such package.
    pub(crate) fn for_tests(metadata: &Metadata, selection: &Selection) -> Result<Self> {
        let packages = packages(metadata, selection)?;
        let first = packages
            .first()
            .and_then(|package| Some((package, package.targets.first()?)));
        let Some((package, target)) = first else {
            bail!("there is no package with a target to test");
        };
        Ok(Self {
            package: package.name.to_string(),
            name: target.name.clone(),
            kind: RunnableKind::Bin,
        })
    }

    /// Chooses as `cargo run` does: the target that is asked for, else the `default-run` of the packages, else the
    /// only binary.
    ///
    /// # Errors
    ///
    /// There is no such target, or more than one.
    pub(crate) fn choose(metadata: &Metadata, selection: &Selection) -> Result<Self> {
        let packages = packages(metadata, selection)?;
        let (kind, name) = match (&selection.bin, &selection.example) {
            (Some(bin), _) => (RunnableKind::Bin, Some(bin.as_str())),
            (None, Some(example)) => (RunnableKind::Example, Some(example.as_str())),
            (None, None) => (RunnableKind::Bin, default_run(&packages)),
        };
        let targets = packages
            .iter()
            .flat_map(|package| package.targets.iter().map(move |target| (package, target)));
        let candidates = targets.filter(|(_, target)| is(target, kind));
        let mut chosen: Vec<_> = candidates
            .clone()
            .filter(|(_, target)| name.is_none_or(|name| target.name == name))
            .collect();
        let available = || {
            let names = candidates
                .clone()
                .map(|(_, target)| target.name.as_str())
                .collect::<Vec<_>>();
            if names.is_empty() {
                "none".into()
            } else {
                names.join(", ")
            }
        };
        match (chosen.pop(), name) {
            (Some((package, target)), _) if chosen.is_empty() => Ok(Self {
                package: package.name.to_string(),
                name: target.name.clone(),
                kind,
            }),
            (Some(_), None) => bail!(
                "could not determine which binary to run. Use the `--bin` option to specify a binary, or the \
                 `default-run` manifest key.\navailable binaries: {}",
                available()
            ),
            (Some((_, target)), Some(_)) => {
                let packages = chosen
                    .iter()
                    .map(|(package, _)| package.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                bail!(
                    "several packages have a {} target named `{}`: use `--package` ({packages})",
                    kind.as_str(),
                    target.name
                )
            }
            (None, Some(name)) => {
                bail!(
                    "no {} target named `{name}`\navailable {} targets: {}",
                    kind.as_str(),
                    kind.as_str(),
                    available()
                )
            }
            (None, None) => bail!("a bin target must be available for `cargo hotpatch run`"),
        }
    }
}

fn packages<'a>(metadata: &'a Metadata, selection: &Selection) -> Result<Vec<&'a Package>> {
    let Some(spec) = &selection.package else {
        return Ok(metadata.workspace_default_packages());
    };
    // `name`, `name@version`, or a URL that ends in one of them after `#`.
    let spec_end = spec.rsplit(['#', '/']).next().unwrap_or(spec);
    let name = spec_end.split(['@', ':']).next().unwrap_or(spec_end);
    let packages: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| *package.name == name)
        .collect();
    if packages.is_empty() {
        let members = metadata
            .workspace_packages()
            .iter()
            .map(|package| package.name.to_string())
            .collect::<Vec<_>>();
        bail!(
            "package `{spec}` is not a member of the workspace\nmembers: {}",
            members.join(", ")
        );
    }
    Ok(packages)
}

/// The `default-run`, when exactly one package names one.
fn default_run<'a>(packages: &[&'a Package]) -> Option<&'a str> {
    let mut named = packages
        .iter()
        .filter_map(|package| package.default_run.as_deref());
    named.next().filter(|_| named.next().is_none())
}

fn is(target: &Target, kind: RunnableKind) -> bool {
    target.kind.iter().any(|found| match kind {
        RunnableKind::Bin => *found == TargetKind::Bin,
        RunnableKind::Example => *found == TargetKind::Example,
    }) && target.crate_types.contains(&cargo_metadata::CrateType::Bin)
}
