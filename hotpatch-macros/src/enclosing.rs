//! Where a function stands: in a module, a function, an impl or a trait.
//!
//! Found by the position of its `fn` token in the source file. A function that was made by a macro has no such place;
//! that is [`Place::Unknown`], and every user of this module has an answer to it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use proc_macro2::{Ident, Span};
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
    /// The impl of a trait in a macro, with parts that only the compiler knows.
    UnknownTraitImpl,
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

    /// Directly in a module.
    pub(crate) fn module() -> Self {
        Self {
            in_module: true,
            ..Self::with(Place::Free)
        }
    }

    /// What is around the members of this item.
    pub(crate) fn enter(&self, item: Item) -> Self {
        let (place, step) = match item {
            Item::Mod(_) => return Self::module(),
            Item::Fn(item) => (Place::Free, Some(item.sig.ident.to_string())),
            Item::Impl(item) => {
                let name = text::impl_name(&item);
                (Place::Impl(Box::new(item)), Some(name))
            }
            Item::Trait(item) => {
                let name = item.ident.to_string();
                (Place::Trait(Box::new(item)), Some(name))
            }
            Item::ForeignMod(_) => (Place::Foreign, None),
            _ => return Self::with(Place::Unknown),
        };
        Self {
            place,
            path: step.map_or_else(|| self.path.clone(), |name| format!("{}{name}::", self.path)),
            in_module: self.in_module,
        }
    }
}

/// Finds the surroundings of the function with this signature.
pub(crate) fn find(sig: &Signature) -> Enclosing {
    let name = sig.ident.to_string();
    locate(sig.fn_token.span, |text| {
        // An attribute that takes the `async` away may have left its place behind.
        let text = text.strip_prefix("async").map_or(text, str::trim_start);
        let text = text.strip_prefix("unsafe").map_or(text, str::trim_start);
        let rest = text.strip_prefix("fn")?.trim_start().strip_prefix(&name)?;
        Some(!rest.starts_with(is_part_of_word))
    })
}

/// Finds the surroundings of the item with this keyword.
pub(crate) fn find_block(keyword: &Ident) -> Enclosing {
    let word = keyword.to_string();
    locate(keyword.span(), |text| {
        Some(!text.strip_prefix(&word)?.starts_with(is_part_of_word))
    })
}

fn locate(span: Span, is_there: impl Fn(&str) -> Option<bool>) -> Enclosing {
    let locate = || {
        let span = span.unwrap();
        let source = read(span.local_file()?)?;
        let text = source.text_at(span.line(), span.column())?;
        is_there(text)?.then(|| resolve(source.headers_around(text)))
    };
    locate().unwrap_or_else(|| Enclosing::with(Place::Unknown))
}

fn is_part_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Reads the blocks around a function from the outside in.
fn resolve(headers: Vec<Header<'_>>) -> Enclosing {
    if headers.iter().any(|header| is_macro_call(header.text)) {
        return made_by_macro(headers.last());
    }
    let mut enclosing = Enclosing::with(Place::Free);
    for header in headers {
        // Whatever is no item is a block or an expression, and belongs to the item around it.
        if let Ok(item) = syn::parse_str(&format!("{} {{}}", header.text)) {
            enclosing = enclosing.enter(item);
        }
    }
    enclosing
}

/// What is known inside a macro call: a macro may put its tokens anywhere. But where it has the whole impl of a trait, it
/// hardly takes the methods out, and without the header they have no place for their bodies.
fn made_by_macro(innermost: Option<&Header<'_>>) -> Enclosing {
    let unknown = Enclosing::with(Place::Unknown);
    let text = innermost.map_or("", |header| header.text.trim());
    match syn::parse_str(&format!("{text} {{}}")) {
        Ok(Item::Impl(item)) if item.trait_.is_some() => unknown.enter(Item::Impl(item)),
        Err(_) if is_trait_impl(text) => Enclosing::with(Place::UnknownTraitImpl),
        _ => unknown,
    }
}

/// Whether this is the header of the impl of a trait, with the variables of a macro in it.
fn is_trait_impl(header: &str) -> bool {
    let words: Vec<&str> = header.split_whitespace().collect();
    header.contains('$') && words.iter().any(|word| word.starts_with("impl")) && words.contains(&"for")
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
            Place::UnknownTraitImpl => "unknown trait impl",
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
        check("a! { impl b::C for D { @ } }", ("<D as C>::", "impl"));
        check(
            "macro_rules! a { ($d:ident) => { impl C for $d { @ } } }",
            ("", "unknown trait impl"),
        );
    }
}
