//! What in the settings of a build makes the program impossible to patch, and what to change.

use std::fmt;
use std::process::ExitCode;

use hotpatch_abi::code::{self, Code};

use crate::refusal::Refusal;
use crate::rustc_args::RustcArgs;
use crate::selection::Selection;
use crate::settings::ProfileSettings;

/// The only target so far.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A setting that makes patching impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    code: Code,
    message: String,
    help: String,
}

impl Obstacle {
    /// The first obstacle in a compilation for the program.
    pub(crate) fn of(args: &RustcArgs) -> Option<Self> {
        let profile = Profile(None);
        platform(args)
            .or_else(|| code_generation(args))
            .or_else(|| lto(args).then(|| profile.lto()))
    }

    /// The first obstacle in the settings that cargo will turn into rustc command lines.
    ///
    /// The command lines decide; this only spares the user the wait for them.
    pub(crate) fn foreseen(
        settings: &ProfileSettings,
        selection: &Selection,
        flags: &RustcArgs,
    ) -> Option<Self> {
        let mut args = flags.clone();
        if let Some(target) = selection.target.clone().or_else(|| settings.target()) {
            args.extend(["--target", &target]);
        }
        let profile = selection.profile_name();
        let lto = settings.lto(profile);
        Self::of(&args).or_else(|| lto.map(|_| Profile(Some(profile)).lto()))
    }

    /// What to change.
    pub(crate) fn help(&self) -> &str {
        &self.help
    }

    /// Reports the obstacle as rustc would an error, so that cargo shows it once and without a command line.
    pub(crate) fn report_as_rustc(&self) -> ExitCode {
        let Self { code, message, help } = self;
        let rendered = format!("error[{code}]: {message}\n  = help: {help}\n");
        let diagnostic = serde_json::json!({
            "$message_type": "diagnostic", "message": message, "code": null, "level": "error", "spans": [],
            "children": [], "rendered": rendered,
        });
        eprintln!("{diagnostic}");
        ExitCode::from(101)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl From<Obstacle> for Refusal {
    fn from(obstacle: Obstacle) -> Self {
        Self::new(obstacle.code, obstacle.message).help(obstacle.help)
    }
}

fn platform(args: &RustcArgs) -> Option<Obstacle> {
    let here = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    let target = args.values("--target").next_back();
    if target.map_or(!here, |target| target != TARGET) {
        let target = target.unwrap_or("this platform");
        return Some(Obstacle {
            code: code::PLATFORM,
            message: format!("programs for {target} cannot be patched yet"),
            help: "build for `x86_64-unknown-linux-gnu`: look for `build.target` in `.cargo/config.toml`"
                .into(),
        });
    }
    let mut features = args
        .codegen("target-feature")
        .flatten()
        .flat_map(|features| features.split(','));
    features
        .any(|feature| feature == "+crt-static")
        .then(|| Obstacle {
            code: code::PLATFORM,
            message: "a program without a dynamic loader (`crt-static`) cannot take patches".into(),
            help: "remove `-C target-feature=+crt-static` from `RUSTFLAGS` or `.cargo/config.toml`".into(),
        })
}

/// Code that a patch cannot be bound to, whatever else is done.
fn code_generation(args: &RustcArgs) -> Option<Obstacle> {
    const MOVABLE: [&str; 2] = ["pic", "pie"];
    let help = |flag: &str| format!("remove `{flag}` from `RUSTFLAGS`, `.cargo/config.toml` or the profile");
    let model = args.codegen("relocation-model").next_back().flatten();
    if let Some(model) = model.filter(|model| !MOVABLE.contains(model)) {
        let flag = format!("-C relocation-model={model}");
        return Some(Obstacle {
            code: code::CODE_GENERATION,
            message: format!("with `{flag}`, code holds addresses that patches cannot have"),
            help: help(&flag),
        });
    }
    let unstable = args.values("-Z").chain(args.joined("-Z"));
    let backend = unstable
        .filter_map(|option| option.strip_prefix("codegen-backend="))
        .next_back();
    backend
        .filter(|backend| *backend != "llvm")
        .map(|backend| Obstacle {
            code: code::CODE_GENERATION,
            message: format!("code of the `{backend}` backend cannot be patched yet: only LLVM's can"),
            help: help(&format!("codegen-backend = \"{backend}\"")),
        })
}

/// The profile that is at fault; its name is not known everywhere.
#[derive(Clone, Copy)]
struct Profile<'a>(Option<&'a str>);

impl Profile<'_> {
    fn lto(self) -> Obstacle {
        let message = format!(
            "{} uses link-time optimisation, which leaves no objects to compare",
            self.name()
        );
        Obstacle {
            code: code::LTO,
            message,
            help: format!(
                "set `lto = \"off\"` in {} of `Cargo.toml`, or choose another profile with `--profile`",
                self.table()
            ),
        }
    }

    fn name(self) -> String {
        self.0
            .map_or("the profile".into(), |name| format!("profile `{name}`"))
    }

    fn table(self) -> String {
        self.0
            .map_or("this `[profile]`".into(), |name| format!("`[profile.{name}]`"))
    }
}

fn lto(args: &RustcArgs) -> bool {
    const OFF: [&str; 4] = ["off", "no", "n", "false"];
    let on = |value: Option<&str>| value.is_none_or(|value| !OFF.contains(&value));
    let lto = args.codegen("lto").next_back().is_some_and(on);
    let plugin = args.codegen("linker-plugin-lto").next_back().is_some_and(on);
    lto || plugin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<Code>) {
        let args = RustcArgs::new(line.split_whitespace().map(String::from).collect());
        assert_eq!(
            Obstacle::of(&args).map(|obstacle| obstacle.code),
            expected,
            "{line}"
        );
    }

    #[test]
    fn code_generation() {
        check("-C relocation-model=pic -C code-model=large", None);
        check("-Crelocation-model=static", Some(code::CODE_GENERATION));
        check("-Zcodegen-backend=cranelift", Some(code::CODE_GENERATION));
        check("-Z codegen-backend=llvm", None);
    }

    #[test]
    fn profiles() {
        check("-C opt-level=3 -C strip=debuginfo -C lto=off", None);
        check("-C lto", Some(code::LTO));
        check("-C lto=thin", Some(code::LTO));
        check("-Clinker-plugin-lto", Some(code::LTO));
        check("-C strip=symbols", None);
    }

    #[test]
    fn the_profile_at_fault_is_named() {
        let settings = ProfileSettings::of("[profile.release]\nlto = true\nstrip = true", "");
        let none = RustcArgs::new(Vec::new());
        let release = Selection {
            release: true,
            ..Selection::default()
        };
        let obstacle = Obstacle::foreseen(&settings, &release, &none).unwrap();
        assert!(obstacle.message.contains("`release`"), "{obstacle:?}");
        assert!(
            obstacle.help.contains("`lto = \"off\"` in `[profile.release]`"),
            "{obstacle:?}"
        );
        assert_eq!(Obstacle::foreseen(&settings, &Selection::default(), &none), None);
    }

    #[test]
    fn platforms() {
        check("--target x86_64-unknown-linux-gnu", None);
        check("--target aarch64-unknown-linux-gnu", Some(code::PLATFORM));
        check("-C target-feature=-avx,+crt-static", Some(code::PLATFORM));
    }
}
