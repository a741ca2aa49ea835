//! Diagnostics as cargo prints them with `--message-format json`, for editors: one JSON object per line on standard
//! output.
//!
//! Like the choice of colours, the format is one for the whole process.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{Metadata, Package, Target};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::explain::{self, page_of};
use crate::places::Place;
use crate::refusal::Refusal;
use crate::rendered::{self, Severity};
use crate::runnable::Runnable;
use crate::rustc_args::UnitKey;
use crate::state_dir::StateDir;

static MESSAGES: OnceLock<Messages> = OnceLock::new();

/// The messages about one project.
#[derive(Debug)]
pub(crate) struct Messages {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    state: StateDir,
    /// What a message without a place is about.
    program: Runnable,
}

/// From now on, diagnostics are messages.
pub(crate) fn begin(metadata: &Metadata, state: StateDir, program: Runnable) {
    let packages = metadata.packages.clone();
    let messages = Messages {
        packages,
        workspace_root: metadata.workspace_root.clone().into(),
        state,
        program,
    };
    let _ = MESSAGES.set(messages);
}

/// The messages, if the user asked for them.
pub(crate) fn wanted() -> Option<&'static Messages> {
    MESSAGES.get()
}

/// Passes on a line of cargo.
pub(crate) fn pass_on(line: &str) {
    print(line);
}

impl Messages {
    /// A refusal, or a warning of the same form.
    pub(crate) fn refusal(&self, refusal: &Refusal, severity: Severity) {
        let level = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = refusal.place();
        let details = refusal.details().map(|(kind, text)| {
            json!({
                "$message_type": "diagnostic", "message": text, "code": null, "level": kind, "spans": [],
                "children": [], "rendered": null,
            })
        });
        let rendered = rendered::refusal(refusal, severity);
        let message = json!({
            "$message_type": "diagnostic",
            "message": refusal.message(),
            "code": { "code": refusal.code().as_str(), "explanation": page_of(refusal.code()).text },
            "level": level,
            "spans": place.map(|place| vec![self.span(place, refusal.place_label())]).unwrap_or_default(),
            "children": details.collect::<Vec<_>>(),
            "rendered": format!("{}\n", anstream::adapter::strip_str(&rendered)),
        });
        self.message(place.and_then(|place| place.unit.as_ref()), message);
    }

    /// What a process answered.
    pub(crate) fn answer(&self, code: &str, text: &str) {
        let explanation = explain::known(code).map(|code| page_of(code).text);
        let message = json!({
            "$message_type": "diagnostic", "message": text, "code": { "code": code, "explanation": explanation },
            "level": "error", "spans": [], "children": [], "rendered": format!("error[{code}]: {text}\n"),
        });
        self.message(None, message);
    }

    /// A diagnostic of rustc, as it is but without colours.
    pub(crate) fn rustc(&self, unit: &UnitKey, diagnostic: &Value) {
        let mut diagnostic = diagnostic.clone();
        if let Some(rendered) = diagnostic.get("rendered").and_then(Value::as_str) {
            let plain = anstream::adapter::strip_str(rendered).to_string();
            diagnostic["rendered"] = plain.into();
        }
        self.message(Some(unit), diagnostic);
    }

    /// The end of what was asked for.
    pub(crate) fn finished(&self, success: bool) {
        print(&json!({ "reason": "build-finished", "success": success }).to_string());
    }

    fn message(&self, unit: Option<&UnitKey>, message: Value) {
        let of_unit = unit.and_then(|unit| self.target_of(unit));
        let Some((package, target)) = of_unit.or_else(|| self.program()) else {
            return;
        };
        let line = json!({
            "reason": "compiler-message", "package_id": package.id, "manifest_path": package.manifest_path,
            "target": target, "message": message,
        });
        print(&line.to_string());
    }

    /// A span as rustc writes it. A file as a whole is its beginning: editors show nothing that has no place.
    fn span(&self, place: &Place, label: Option<&str>) -> Value {
        let (file, bytes, line, columns, text) = match &place.span {
            Some(span) => {
                let text = span.line_text().to_owned();
                (
                    place.file.clone(),
                    span.bytes(),
                    span.line(),
                    span.columns(),
                    text,
                )
            }
            None => (
                self.seen_from_root(&place.file),
                0..0,
                1,
                1..1,
                first_line(&place.file),
            ),
        };
        json!({
            "file_name": file, "byte_start": bytes.start, "byte_end": bytes.end,
            "line_start": line, "line_end": line, "column_start": columns.start, "column_end": columns.end,
            "is_primary": true,
            "text": [{ "text": text, "highlight_start": columns.start, "highlight_end": columns.end }],
            "label": label, "suggested_replacement": null, "suggestion_applicability": null, "expansion": null,
        })
    }

    /// A path as rustc, which runs in the root of the workspace, would write it.
    fn seen_from_root(&self, file: &Path) -> PathBuf {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        absolute
            .strip_prefix(&self.workspace_root)
            .map_or(absolute.clone(), Path::to_owned)
    }

    fn target_of(&self, unit: &UnitKey) -> Option<(&Package, &Target)> {
        let capture = Capture::load(&self.state, unit)?;
        let folder = capture.manifest_dir()?;
        let is_package = |package: &&Package| package.manifest_path.as_std_path().parent() == Some(folder);
        let package = self.packages.iter().find(is_package)?;
        let source = capture.cwd.join(capture.args.source()?);
        let mut targets = package.targets.iter();
        Some((
            package,
            targets.find(|target| target.src_path.as_std_path() == source)?,
        ))
    }

    fn program(&self) -> Option<(&Package, &Target)> {
        let is_package = |package: &&Package| package.name.as_str() == self.program.package;
        let package = self.packages.iter().find(is_package).or(self.packages.first())?;
        let kind = self.program.kind.as_str();
        let is_target = |target: &&Target| {
            target.name == self.program.name && target.kind.iter().any(|found| found.to_string() == kind)
        };
        let target = package.targets.iter().find(is_target);
        Some((package, target.or(package.targets.first())?))
    }
}

fn first_line(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Writes a line at once: a program may write to the same place.
fn print(line: &str) {
    let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}
