//! Where a function stands: in a module, a function, an impl or a trait.
//!
//! Found by the position of its `fn` token in the source file. A function that was made by a macro has no such place;
//! that is [`Place::Unknown`], and every user of this module has an answer to it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use syn::{Item, ItemImpl, ItemTrait, Signature};

use crate::source::{Header, Source};
use crate::text;

/// The surroundings of a function.
pub(crate) struct Enclosing {
    /// What holds the function directly.
    pub(crate) place: Place,
    /// The path from the module to the function, for example `Player::` or `outer::`.
    pub(crate) path: String,
    /// Whether a module of the same file is around it.
    pub(crate) in_module: bool,
}

/// What holds a function directly.
pub(crate) enum Place {
    /// The source does not tell.
    Unknown,
    /// A module or another function.
    Free,
    /// An inherent impl or the impl of a trait.
    Impl(Box<ItemImpl>),
    /// The definition of a trait.
    Trait(Box<ItemTrait>),
    /// An `extern` block.
    Foreign,
}

impl Enclosing {
    fn with(place: Place) -> Self {
        Self {
            place,
            path: String::new(),
            in_module: false,
        }
    }

    fn enter(self, item: Item) -> Self {
        let step = |name: String| format!("{}{name}::", self.path);
        match item {
            Item::Mod(_) => Self {
                in_module: true,
                ..Self::with(Place::Free)
            },
            Item::Fn(item) => Self {
                place: Place::Free,
                path: step(item.sig.ident.to_string()),
                ..self
            },
            Item::Impl(item) => Self {
                path: step(text::impl_name(&item)),
                place: Place::Impl(Box::new(item)),
                ..self
            },
            Item::Trait(item) => Self {
                path: step(item.ident.to_string()),
                place: Place::Trait(Box::new(item)),
                ..self
            },
            Item::ForeignMod(_) => Self {
                place: Place::Foreign,
                ..self
            },
            _ => Self::with(Place::Unknown),
        }
    }
}

/// Finds the surroundings of the function with this signature.
pub(crate) fn find(sig: &Signature) -> Enclosing {
    locate(sig).unwrap_or(Enclosing::with(Place::Unknown))
}

fn locate(sig: &Signature) -> Option<Enclosing> {
    let span = sig.fn_token.span.unwrap();
    let source = read(span.local_file()?)?;
    let text = source.text_at(span.line(), span.column())?;
    let name = text.strip_prefix("fn")?.trim_start();
    let rest = name.strip_prefix(&sig.ident.to_string())?;
    rest.starts_with(|char: char| !char.is_alphanumeric() && char != '_')
        .then(|| resolve(source.headers_around(text)))
}

/// Reads the blocks around a function from the outside in.
fn resolve(headers: Vec<Header<'_>>) -> Enclosing {
    let mut enclosing = Enclosing::with(Place::Free);
    for header in headers {
        if is_macro_call(header.text) {
            return Enclosing::with(Place::Unknown);
        }
        // Whatever is no item is a block or an expression, and belongs to the item around it.
        if let Ok(item) = syn::parse_str(&format!("{} {{}}", header.text)) {
            enclosing = enclosing.enter(item);
        }
    }
    enclosing
}

/// Whether the bracket behind this text belongs to `name!` or to `macro_rules! name`.
fn is_macro_call(text: &str) -> bool {
    let text = text.trim_end();
    let text = text
        .trim_end_matches(|char: char| char == '_' || char.is_alphanumeric())
        .trim_end();
    text.ends_with('!') && !text.ends_with("#!")
}

/// Reads a source file, or gives it from memory as long as it has not changed: a compilation asks once for each of
/// its functions, and the processes of an editor live on from one version of the file to the next.
fn read(path: PathBuf) -> Option<Arc<Source>> {
    type Cache = HashMap<PathBuf, (SystemTime, Arc<Source>)>;
    static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

    let modified = std::fs::metadata(&path).ok()?.modified().ok()?;
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let cache = cache.get_or_insert_default();
    if let Some((_, source)) = cache.get(&path).filter(|(known, _)| *known == modified) {
        return Some(Arc::clone(source));
    }
    let source = Arc::new(Source::new(std::fs::read_to_string(&path).ok()?));
    cache.insert(path, (modified, Arc::clone(&source)));
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::{Place, resolve};
    use crate::source::Source;

    /// The path and the kind of the place of the function at the mark `@`.
    fn check(text: &str, expect: (&str, &str)) {
        let source = Source::new(text.into());
        let column = text.chars().position(|char| char == '@').unwrap();
        let enclosing = resolve(source.headers_around(source.text_at(1, column + 1).unwrap()));
        let place = match enclosing.place {
            Place::Unknown => "unknown",
            Place::Free => "free",
            Place::Impl(_) => "impl",
            Place::Trait(_) => "trait",
            Place::Foreign => "foreign",
        };
        assert_eq!((enclosing.path.as_str(), place), expect, "{text}");
    }

    #[test]
    fn the_innermost_item_is_the_place() {
        check("@", ("", "free"));
        check("mod a { pub(crate) mod b { @ } }", ("", "free"));
        check("impl Player { @ }", ("Player::", "impl"));
        check(
            "unsafe impl<T: Copy> a::Tr<T> for Vec<T> where T: Send { @ }",
            ("<Vec<T> as Tr<T>>::", "impl"),
        );
        check("pub trait Tr: Sized { @ }", ("Tr::", "trait"));
        check("unsafe extern \"C\" { @ }", ("", "foreign"));
    }

    #[test]
    fn functions_are_part_of_the_path() {
        check(
            "pub const fn a<T>(b: T) -> [T; 1] { if x { @ } }",
            ("a::", "free"),
        );
        check("fn a() { match b { c => d(|| { @ }) } }", ("a::", "free"));
        check(
            "fn a() { impl B<'_> { fn c(&self) { @ } } }",
            ("a::B::c::", "free"),
        );
        check("fn a() { mod b { @ } }", ("", "free"));
    }

    #[test]
    fn inside_a_macro_nothing_is_known() {
        check("macro_rules! a { () => { impl B { @ } } }", ("", "unknown"));
        check("impl A { b! { @ } }", ("", "unknown"));
        check("a!(mod b { @ });", ("", "unknown"));
    }
}
