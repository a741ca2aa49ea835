//! Finds the item that a refusal is about.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotpatch_link::Subject;

use super::cfg::Cfg;
use super::item_path::{ItemPath, Segment};
use super::items::{self, Item, Kind, Scope};
use super::modules;
use super::place::{Place, Span};
use super::source_file::{SourceFile, mentions};
use crate::capture::Capture;
use crate::inputs::resolved;

/// A crate to search: its compilation, and the files that it read.
pub(crate) struct Crate<'a> {
    pub(crate) unit: &'a Capture,
    pub(crate) files: BTreeSet<PathBuf>,
}

/// The place of an item in the sources of one of these crates.
pub(crate) fn find<'a>(subject: &Subject, crates: impl Iterator<Item = Crate<'a>>) -> Option<Place> {
    let crates: Vec<_> = crates.collect();
    let place = Wanted::of(subject)
        .iter()
        .find_map(|wanted| in_one_of(wanted, &crates));
    // What was parsed is not needed any more, nor are the texts that the parser keeps for its spans.
    proc_macro2::extra::invalidate_current_thread_spans();
    place
}

fn in_one_of(wanted: &Wanted, crates: &[Crate<'_>]) -> Option<Place> {
    let is_candidate = |found: &&Crate<'_>| {
        let name = found.unit.args.crate_name();
        name.is_some_and(|name| wanted.path.crates.iter().any(|known| known == name))
    };
    let mut found: Vec<_> = crates
        .iter()
        .filter(is_candidate)
        .filter_map(|searched| in_crate(wanted, searched))
        .collect();
    // Two crates of one name: a library and a program.
    found.pop().filter(|_| found.is_empty())
}

/// What is looked for.
struct Wanted {
    kind: Kind,
    path: ItemPath,
    field: Option<String>,
}

impl Wanted {
    /// What it may be, the most likely first.
    fn of(subject: &Subject) -> Vec<Self> {
        let (kind, text, field) = match subject {
            Subject::Type { path, field } => (Kind::Type, path, field.clone()),
            Subject::Static { path } => (Kind::Static, path, None),
            Subject::Function { path } => (Kind::Function, path, None),
            _ => return Vec::new(),
        };
        let named = ItemPath::parse(text).map(|path| Self::new(kind, path, field));
        // A macro hides the static inside of its own; anything else lies in a function.
        let kind = if kind == Kind::Static {
            kind
        } else {
            Kind::Function
        };
        let around = ItemPath::before_unnamed(text).map(|path| Self::new(kind, path, None));
        named.into_iter().chain(around).collect()
    }

    fn new(kind: Kind, path: ItemPath, field: Option<String>) -> Self {
        match kind {
            // A closure or a future: it has no name, the function around it has.
            Kind::Type if path.is_inside => Self {
                kind: Kind::Function,
                path,
                field: None,
            },
            kind => Self { kind, path, field },
        }
    }

    fn is(&self, item: &Item) -> bool {
        // Debug information describes a variant like a struct inside of its enum.
        let kind = item.kind == self.kind || (self.kind == Kind::Type && item.kind == Kind::Variant);
        kind && item.name == self.path.name
    }

    fn part(&self, item: &Item) -> Range<usize> {
        let mut members = item.members.iter();
        let member = members.find(|(name, _)| Some(name) == self.field.as_ref());
        member.map_or(item.bytes.clone(), |(_, bytes)| bytes.clone())
    }
}

struct Found {
    item: Item,
    path: PathBuf,
    text: Arc<str>,
}

fn in_crate(wanted: &Wanted, searched: &Crate<'_>) -> Option<Place> {
    let unit = searched.unit;
    let root = resolved(&unit.cwd.join(unit.args.source()?));
    let cfg = Cfg::of(&unit.args);
    let words: Vec<_> = wanted.path.words().collect();
    let mut found = Vec::new();
    for (path, modules) in modules::of_crate(&root, &searched.files, &cfg) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if !words.iter().any(|word| mentions(&text, word)) {
            continue;
        }
        let Some(file) = SourceFile::parse(text.into()) else {
            continue;
        };
        let items = items::named(&file, &modules, &words, &cfg);
        found.extend(items.into_iter().map(|item| Found {
            item,
            path: path.clone(),
            text: file.text.clone(),
        }));
    }
    let found = choose(wanted, &found)?;
    let span = Span::new(found.text.clone(), wanted.part(&found.item))?;
    Some(Place {
        file: as_rustc_names(&found.path, unit),
        unit: Some(unit.key.clone()),
        span: Some(span),
    })
}

/// The one item that is meant, or none.
fn choose<'a>(wanted: &Wanted, found: &'a [Found]) -> Option<&'a Found> {
    let of_rank = |rank: Rank| {
        let fits = found.iter().filter(move |found| {
            wanted.is(&found.item) && compare(&wanted.path, &found.item.scope) == Some(rank)
        });
        fits.collect::<Vec<_>>()
    };
    match &of_rank(Rank::Same)[..] {
        [one] => return Some(one),
        [] => {}
        _ => return None,
    }
    // An `impl` block somewhere else in the crate: it is clear only if no two types have the name.
    let owner = wanted.path.scope.iter().rev().find_map(|segment| match segment {
        Segment::Impl { of, .. } => of.clone(),
        Segment::Name(name) => Some(name.clone()),
    });
    let types = found
        .iter()
        .filter(|found| found.item.kind == Kind::Type && Some(&found.item.name) == owner.as_ref());
    match &of_rank(Rank::Elsewhere)[..] {
        [one] if types.count() <= 1 => Some(one),
        _ => None,
    }
}

/// How well the surroundings of an item fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Same,
    /// In an `impl` block of another module than the path says.
    Elsewhere,
}

fn compare(wanted: &ItemPath, scope: &[Scope]) -> Option<Rank> {
    let is_block = |part: &Scope| matches!(part, Scope::Impl { .. });
    let Some(at) = scope.iter().position(is_block) else {
        return is_equal(&wanted.scope, scope).then_some(Rank::Same);
    };
    let (before, after) = (&scope[..at], &scope[at + 1..]);
    let Scope::Impl { of, by } = &scope[at] else {
        return None;
    };
    let block = wanted.scope.len().checked_sub(after.len() + 1)?;
    if !is_equal(&wanted.scope[block + 1..], after) {
        return None;
    }
    let same_place = is_equal(&wanted.scope[..block], before);
    match &wanted.scope[block] {
        Segment::Impl { of: None, .. } => same_place.then_some(Rank::Same),
        Segment::Impl {
            of: wanted,
            by: through,
        } if wanted == of && through == by => Some(if same_place { Rank::Same } else { Rank::Elsewhere }),
        Segment::Name(name) if Some(name) == of.as_ref() && by.is_none() => {
            Some(if same_place { Rank::Same } else { Rank::Elsewhere })
        }
        _ => None,
    }
}

fn is_equal(wanted: &[Segment], scope: &[Scope]) -> bool {
    let same = |(wanted, scope): (&Segment, &Scope)| match (wanted, scope) {
        (Segment::Name(wanted), Scope::Name(name)) => wanted == name,
        _ => false,
    };
    wanted.len() == scope.len() && wanted.iter().zip(scope).all(same)
}

fn as_rustc_names(path: &Path, unit: &Capture) -> PathBuf {
    let cwd = std::fs::canonicalize(&unit.cwd).unwrap_or_else(|_| unit.cwd.clone());
    path.strip_prefix(cwd).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::UnitKind;
    use crate::rustc_args::RustcArgs;

    const MAIN: &str = r#"
mod player;
mod combat;
#[cfg(test)]
mod checks { pub struct World; }
pub struct World {
    /// How many.
    pub(crate) count: u32,
    players: Vec<player::Player>,
}
enum Kind { Calm, Angry(u32), Lost { at: u8 } }
pub static TOTAL: AtomicU32 = AtomicU32::new(0);
thread_local! { static CACHE: Cell<u32> = const { Cell::new(0) }; }
fn step() {
    struct Local(u8, u16);
    static STEPS: AtomicU32 = AtomicU32::new(0);
    for _ in 0..2 { fn inner() {} inner() }
}
trait Noise { fn noise(&self) {} }
impl Noise for Kind { fn noise(&self) { struct Loud { by: u8 } } }
impl Noise for World { fn noise(&self) {} }
#[cfg(unix)]
struct Twice { a: u8 }
#[cfg(windows)]
struct Twice { a: u8 }
#[cfg(feature = "off")]
struct Once { b: u8 }
#[cfg(not(feature = "off"))]
struct Once { a: u8 }
macro_rules! make { ($name:ident) => { struct $name { hidden: u8 } struct Fixed { x: u8 } } }
make!(Hidden);
bitflags! { pub struct Flags: u8 { const A = 1; } }
fn main() {}
"#;
    const PLAYER: &str =
        "pub struct Player { hp: u16 }\npub struct Holder<T>(T);\nimpl Player { fn heal(&self) {} }\n";
    const COMBAT: &str = "use super::player::*;\nimpl Player { fn hurt(&mut self) { static HURTS: u8 = 0; } }\nstruct \
                          Hidden2;\nmod deep { pub struct Hidden; }\nimpl<T> Holder<T> { fn get(&self) {} }\n";

    fn check(subject: Subject, expected: Option<(&str, usize, &str)>) {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir(root.join("src")).unwrap();
        let mut files = BTreeSet::new();
        for (name, text) in [("main.rs", MAIN), ("player.rs", PLAYER), ("combat.rs", COMBAT)] {
            let path = root.join("src").join(name);
            std::fs::write(&path, text).unwrap();
            files.insert(path);
        }
        let args = [
            "--crate-name",
            "game",
            "--edition=2024",
            "src/main.rs",
            "--cfg",
            "feature=\"x\"",
        ];
        let args = RustcArgs::new(args.map(String::from).into());
        let unit = Capture {
            key: args.key(),
            kind: UnitKind::Program,
            rustc: "rustc".into(),
            wrapper: None,
            args,
            env: Default::default(),
            added: Vec::new(),
            cwd: root.clone(),
        };
        let place = find(&subject, [Crate { unit: &unit, files }].into_iter());
        let found = place.map(|place| {
            let span = place.span.unwrap();
            let text = std::fs::read_to_string(root.join(&place.file)).unwrap();
            (
                place.file.to_str().unwrap().to_owned(),
                span.line(),
                text[span.bytes()].to_owned(),
            )
        });
        let expected = expected.map(|(file, line, text)| (file.to_owned(), line, text.to_owned()));
        assert_eq!(found, expected, "{subject:?}");
    }

    fn of_type(path: &str, field: &str) -> Subject {
        Subject::Type {
            path: path.into(),
            field: (!field.is_empty()).then(|| field.into()),
        }
    }

    fn of_static(path: &str) -> Subject {
        Subject::Static { path: path.into() }
    }

    fn function(path: &str) -> Subject {
        Subject::Function { path: path.into() }
    }

    #[test]
    fn types_fields_and_variants() {
        check(
            of_type("game::World", "count"),
            Some(("src/main.rs", 8, "count: u32")),
        );
        check(of_type("game::World", ""), Some(("src/main.rs", 6, "World")));
        check(of_type("game::World", "gone"), Some(("src/main.rs", 6, "World")));
        check(
            of_type("game::player::Player", "hp"),
            Some(("src/player.rs", 1, "hp: u16")),
        );
        check(
            of_type("game::player::Holder<u8>", "__0"),
            Some(("src/player.rs", 2, "T")),
        );
        check(
            of_type("game::Kind", "Angry"),
            Some(("src/main.rs", 11, "Angry(u32)")),
        );
        check(
            of_type("game::Kind::Angry", "__0"),
            Some(("src/main.rs", 11, "u32")),
        );
        check(
            of_type("game::Kind::Lost", "at"),
            Some(("src/main.rs", 11, "at: u8")),
        );
        check(
            of_type("game::step::Local", "__1"),
            Some(("src/main.rs", 15, "u16")),
        );
        check(
            of_type("game::{impl#0}::noise::Loud", "by"),
            Some(("src/main.rs", 20, "by: u8")),
        );
        check(
            of_type("game::step::{closure#0}::Local", "__1"),
            Some(("src/main.rs", 15, "u16")),
        );
        check(
            of_type("game::step::{closure#0}::Made", "x"),
            Some(("src/main.rs", 14, "step")),
        );
        check(
            of_type("game::step::{closure_env#0}", "n"),
            Some(("src/main.rs", 14, "step")),
        );
    }

    #[test]
    fn functions_and_statics() {
        check(function("game::step"), Some(("src/main.rs", 14, "step")));
        check(function("game::step::inner"), Some(("src/main.rs", 17, "inner")));
        check(
            function("game::player::Player::heal"),
            Some(("src/player.rs", 3, "heal")),
        );
        check(
            function("game::player::Player::hurt"),
            Some(("src/combat.rs", 2, "hurt")),
        );
        check(
            function("game::combat::<impl game::player::Player>::hurt"),
            Some(("src/combat.rs", 2, "hurt")),
        );
        check(
            function("<game::player::Holder<u8>>::get"),
            Some(("src/combat.rs", 5, "get")),
        );
        check(
            function("<game::Kind as game::Noise>::noise"),
            Some(("src/main.rs", 20, "noise")),
        );
        check(function("game::Noise::noise"), Some(("src/main.rs", 19, "noise")));
        check(
            of_static("game::TOTAL"),
            Some(("src/main.rs", 12, "TOTAL: AtomicU32")),
        );
        check(
            of_static("game::step::STEPS"),
            Some(("src/main.rs", 16, "STEPS: AtomicU32")),
        );
        check(
            of_static("game::player::Player::hurt::HURTS"),
            Some(("src/combat.rs", 2, "HURTS: u8")),
        );
        check(
            of_static("game::CACHE::{{constant}}::{{closure}}::VAL"),
            Some(("src/main.rs", 13, "CACHE")),
        );
    }

    #[test]
    fn what_is_not_clear_has_no_place() {
        check(of_type("game::checks::World", ""), None);
        check(of_type("game::Twice", "a"), None);
        check(of_type("game::Once", "a"), Some(("src/main.rs", 29, "a: u8")));
        check(of_type("game::Hidden", "hidden"), None);
        check(of_type("game::Fixed", "x"), None);
        check(of_type("game::Flags", "bits"), Some(("src/main.rs", 32, "Flags")));
        check(of_type("other::World", ""), None);
        check(function("<game::World as core::fmt::Debug>::fmt"), None);
        check(function("game::World::players"), None);
    }
}
