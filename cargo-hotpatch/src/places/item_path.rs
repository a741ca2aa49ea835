//! The path of an item as symbols and debug information write it, taken apart.

/// A path, from the crate to the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ItemPath {
    /// The crates in which the item may lie.
    pub(super) crates: Vec<String>,
    /// What the item lies in, outermost first.
    pub(super) scope: Vec<Segment>,
    /// The name of the item.
    pub(super) name: String,
    /// The path goes on to something without a name inside the item: a closure, a future.
    pub(super) is_inside: bool,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// A module, a function, a type or a trait.
    Name(String),
    /// An `impl` block, by the names of its type and its trait; `None` for a trait that the path does not tell.
    Impl { of: Option<String>, by: Option<String> },
}

impl ItemPath {
    /// Takes a path apart. Pointers, slices and the like are no items.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = &*hotpatch_link::author_path(path);
        let mut crates = Vec::new();
        let mut scope = Vec::new();
        let mut is_inside = false;
        for (index, part) in split(path).into_iter().enumerate() {
            // What has a name again lies beside it, for the parser: closures are no scopes.
            is_inside = false;
            if part.starts_with("{impl#") {
                scope.push(Segment::Impl { of: None, by: None });
            } else if part.starts_with('{') {
                is_inside = true;
                continue;
            } else if let Some(inner) = part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) {
                if index == 0 {
                    let (owners, segments) = qualified(inner)?;
                    crates.extend(owners);
                    scope.extend(segments);
                } else if inner.starts_with("impl ") {
                    scope.push(block(inner)?);
                }
                // Else they are generic arguments of the function before.
            } else {
                let name = identifier(part)?;
                if index == 0 {
                    crates.push(name.to_owned());
                } else {
                    scope.push(Segment::Name(name.to_owned()));
                }
            }
        }
        let Segment::Name(name) = scope.pop()? else {
            return None;
        };
        (!crates.is_empty()).then_some(Self {
            crates,
            scope,
            name,
            is_inside,
        })
    }

    /// The path up to the first part without a name: of the item around what a macro made.
    pub(super) fn before_unnamed(path: &str) -> Option<Self> {
        let parts = split(path);
        let is_unnamed = |part: &&str| part.starts_with('{') && !part.starts_with("{impl#");
        let named = parts.iter().position(is_unnamed)?;
        Self::parse(&parts[..named].join("::"))
    }

    /// The names that a file must mention to hold the item.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let owner = self.scope.iter().rev().find_map(|segment| match segment {
            Segment::Impl { of, .. } => of.as_deref(),
            Segment::Name(_) => None,
        });
        let beside = match self.scope.last() {
            Some(Segment::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        std::iter::once(self.name.as_str()).chain(owner).chain(beside)
    }
}

/// `impl game::Player`, `impl game::Noise for game::Cat`: a block of the module before.
fn block(inner: &str) -> Option<Segment> {
    let rest = inner.strip_prefix("impl ")?;
    let (by, of) = match cut(rest, " for ") {
        Some((by, of)) => (Some(last_name(by)?), of),
        None => (None, rest),
    };
    let of = Some(last_name(of)?);
    Some(Segment::Impl { of, by })
}

/// `game::Cat as game::Noise`, `game::Player`: the crates that the names begin with, and what they stand for.
fn qualified(inner: &str) -> Option<(Vec<String>, Vec<Segment>)> {
    let crate_of = |path| {
        split(path)
            .first()
            .and_then(|first| identifier(first))
            .map(str::to_owned)
    };
    if let Some((of, by)) = cut(inner, " as ") {
        let crates = [of, by].into_iter().filter_map(crate_of).collect();
        let (of, by) = (Some(last_name(of)?), Some(last_name(by)?));
        return Some((crates, vec![Segment::Impl { of, by }]));
    }
    let parts = split(inner);
    let names: Option<Vec<_>> = parts[1..].iter().map(|part| identifier(part)).collect();
    let names = names?.into_iter().map(|name| Segment::Name(name.to_owned()));
    Some((vec![crate_of(inner)?], names.collect()))
}

/// The name of a type or a trait, without its path and its arguments.
fn last_name(path: &str) -> Option<String> {
    Some(identifier(split(path).last()?)?.to_owned())
}

/// The name at the beginning of a part, in front of its arguments.
fn identifier(part: &str) -> Option<&str> {
    let name = part.split('<').next()?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// The parts of a path: `a`, `b<c::d>` and `{impl#0}` of `a::b<c::d>::{impl#0}`.
fn split(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = path;
    while let Some((part, tail)) = cut(rest, "::") {
        parts.push(part);
        rest = tail;
    }
    parts.push(rest);
    parts
}

/// Cuts a text at the first `separator` outside of brackets.
fn cut<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0_u32;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if depth == 0 && text[at..].starts_with(separator) {
            return Some((&text[..at], &text[at + separator.len()..]));
        }
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let show = |segment: &Segment| match segment {
            Segment::Name(name) => name.clone(),
            Segment::Impl { of, by } => {
                let of = of.as_deref().unwrap_or("?");
                by.as_ref()
                    .map_or(format!("[{of}]"), |by| format!("[{of}: {by}]"))
            }
        };
        let shown = ItemPath::parse(path).map_or("none".into(), |path| {
            let mut parts = vec![path.crates.join("|")];
            parts.extend(path.scope.iter().map(show));
            parts.push(path.name);
            parts.join(" ") + if path.is_inside { " inside" } else { "" }
        });
        assert_eq!(shown, expected, "{path}");
    }

    #[test]
    fn types() {
        check("game::Player", "game Player");
        check(
            "game::player::Holder<game::Player, fn(u8) -> u8>",
            "game player Holder",
        );
        check("game::{impl#3}::hurt::Local", "game [?] hurt Local");
        check(
            "game::step::__hotpatch_body_0123456789abcdef::Local",
            "game step Local",
        );
        check(
            "game::{impl#0}::__hotpatch_body_0123456789abcdef_hurt::Local",
            "game [?] hurt Local",
        );
        check("game::main::{closure_env#0}", "game main inside");
        check("game::step::{async_fn_env#0}", "game step inside");
        check("&mut game::Player", "none");
        check("[game::Player; 4]", "none");
        check("u32", "none");
    }

    #[test]
    fn functions_and_statics_under_both_manglings() {
        check("game::Player::hurt", "game Player hurt");
        check("<game::Player>::hurt", "game Player hurt");
        check("<game::Holder<u8>>::hurt::COUNT", "game Holder hurt COUNT");
        check(
            "game::combat::<impl game::Player>::hurt",
            "game combat [Player] hurt",
        );
        check(
            "game::combat::<impl game::Noise for game::Cat<u8>>::noise",
            "game combat [Cat: Noise] noise",
        );
        check(
            "<game::Cat as other::Noise<u8>>::noise",
            "game|other [Cat: Noise] noise",
        );
        check("<[u8] as game::Noise>::noise", "none");
        check("game::pick::<game::Player>", "game pick");
        check("game::COUNT::{{constant}}::{{closure}}::VAL", "game COUNT VAL");
        check("game::main::{closure#0}::Local", "game main Local");
        let around = ItemPath::before_unnamed("game::COUNT::{{constant}}::{{closure}}::VAL");
        assert_eq!(around.unwrap().name, "COUNT");
        assert_eq!(ItemPath::before_unnamed("game::COUNT"), None);
        check("game::step::{{closure}}", "game step inside");
    }
}
