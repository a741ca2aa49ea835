//! A source file without the bodies of its plain functions: what other crates can see of it.
//!
//! Invariant: two files with equal skeletons look the same to other crates. What makes a function plain is part of the
//! skeleton, so equal skeletons lack the bodies of the same functions.

use std::collections::BTreeSet;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Block, Expr, ImplItem, Item, Lit, Meta, UseTree};

use super::body;
use super::function::{has_only_lifetimes, is_plain};
use super::known;
use super::regime::Regime;
use super::unseen::Unseen;

/// The skeleton.
#[derive(Clone, Debug)]
pub(super) struct Skeleton {
    tokens: String,
    /// The same without what others cannot name.
    unseen: Unseen,
    /// Calls of macros that may make anything, from bodies that were taken out.
    calls: Vec<String>,
    /// Lines and columns of what may tell where it stands.
    placed: Vec<(usize, usize)>,
    /// The string literals, which may name files.
    literals: BTreeSet<String>,
    /// Whether a file is included whose name is not written out.
    includes_anything: bool,
}

impl Skeleton {
    /// The skeleton of a file. `None` where it is not known what the words in it mean.
    pub(super) fn of(text: &str, regime: Regime) -> Option<Self> {
        let mut file = syn::parse_file(text).ok()?;
        let mut calls = Vec::new();
        file.attrs.retain(|attribute| !is_text(attribute));
        empty_items(&mut file.items, regime, &mut calls);
        let mut skeleton = Self {
            tokens: String::new(),
            unseen: Unseen::default(),
            calls,
            placed: Vec::new(),
            literals: BTreeSet::new(),
            includes_anything: false,
        };
        if !all_known(&file) {
            return None;
        }
        let tokens = file.to_token_stream();
        skeleton.note(tokens.clone())?;
        skeleton.tokens = tokens.to_string();
        skeleton.unseen = Unseen::take_out(file, regime);
        Some(skeleton)
    }

    /// The names of what differs between both, where others cannot name it: both look the same to others if nothing
    /// that these see mentions it. `None` if they look different.
    pub(super) fn unseen_difference<'a>(&'a self, other: &'a Self) -> Option<BTreeSet<&'a str>> {
        if (&self.calls, &self.placed) != (&other.calls, &other.placed) {
            return None;
        }
        if self.tokens == other.tokens {
            return Some(BTreeSet::new());
        }
        self.unseen.differing(&other.unseen)
    }

    /// Whether what others see of this file may lead to one of these names.
    pub(super) fn may_mention(&self, names: &BTreeSet<&str>) -> bool {
        self.unseen.may_mention(names)
    }

    /// Whether the file may include the text of a file in a path with these parts.
    pub(super) fn may_include(&self, parts: &[&str]) -> bool {
        let names = |literal: &String| {
            let last = literal.trim_end_matches('/').rsplit('/').next();
            last.is_some_and(|last| parts.contains(&last))
        };
        self.includes_anything || self.literals.iter().any(names)
    }

    /// Notes what of the tokens may tell where it stands and what may name files. `None` if a known name is made to
    /// mean something else.
    fn note(&mut self, tokens: TokenStream) -> Option<()> {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                // The file is a module and nothing else.
                TokenTree::Group(group) if is_path_of_module(&tokens[..index], group) => {}
                TokenTree::Ident(name) => {
                    if let Some(arguments) = body::call(&tokens, index) {
                        self.includes_anything |= includes_anything(name, arguments.stream());
                        if known::is_placed(name) {
                            self.place(name.span());
                        }
                    }
                    if name == "macro_rules"
                        && let Some(TokenTree::Ident(defined)) = tokens.get(index + 2)
                        && known::is_macro(defined)
                    {
                        return None;
                    }
                    if name == "Location" || name == "caller" {
                        self.place(name.span());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.place_attribute(&tokens[index..]),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.literals.insert(text.value());
                    }
                }
                TokenTree::Group(group) => self.note(group.stream())?,
                TokenTree::Punct(_) => {}
            }
        }
        Some(())
    }

    /// An attribute that is none of the compiler may make something that tells where it stands.
    fn place_attribute(&mut self, tokens: &[TokenTree]) {
        let Some(brackets) = tokens.get(1) else { return };
        let harmless = known::attributes(tokens).is_some_and(|attributes| {
            attributes
                .iter()
                .all(|attribute| known::is_builtin(attribute) || known::is_hot(attribute))
        });
        if !harmless {
            self.place(brackets.span());
        }
    }

    fn place(&mut self, span: Span) {
        let start = span.start();
        self.placed.push((start.line, start.column));
    }
}

/// Whether these are the brackets of `#[path = ".."]`.
fn is_path_of_module(before: &[TokenTree], brackets: &Group) -> bool {
    let mark = matches!(before.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#');
    let word = brackets.stream().into_iter().next();
    mark && matches!(word, Some(TokenTree::Ident(word)) if word == "path")
}

/// Whether an including macro does not say the name of the file. A file that a build script made lies among its own.
fn includes_anything(name: &Ident, arguments: TokenStream) -> bool {
    let including = ["include", "include_bytes", "include_str"];
    let is_name = |tokens: TokenStream| {
        let mut tokens = tokens.into_iter();
        let literal = matches!(tokens.next(), Some(TokenTree::Literal(_)));
        let rest: Vec<_> = tokens.collect();
        literal
            && rest
                .iter()
                .all(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
    };
    if !including.iter().any(|including| name == including) {
        return false;
    }
    let made = arguments.to_string().replace(' ', "");
    let in_out_dir = made
        .strip_prefix("concat!(env!(\"OUT_DIR\"),\"")
        .and_then(|rest| rest.strip_suffix("\")"))
        .is_some_and(|name| !name.contains('"'));
    !is_name(arguments) && !in_out_dir
}

fn empty_items(items: &mut [Item], regime: Regime, calls: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Fn(item) if is_plain(&item.attrs, &item.sig, regime) => {
                item.attrs.retain(|attribute| !is_text(attribute));
                empty(&item.sig.ident, &mut item.block, calls);
            }
            Item::Impl(item)
                if item.attrs.iter().all(is_transparent) && has_only_lifetimes(&item.generics) =>
            {
                for item in &mut item.items {
                    if let ImplItem::Fn(item) = item
                        && is_plain(&item.attrs, &item.sig, regime)
                    {
                        item.attrs.retain(|attribute| !is_text(attribute));
                        empty(&item.sig.ident, &mut item.block, calls);
                    }
                }
            }
            Item::Mod(item) if item.attrs.iter().all(is_transparent) => {
                if let Some((_, items)) = &mut item.content {
                    empty_items(items, regime, calls);
                }
            }
            _ => {}
        }
    }
}

/// Takes out a body, unless others may see something of it.
fn empty(name: &Ident, block: &mut Block, calls: &mut Vec<String>) {
    let inside = block.stmts.iter().map(ToTokens::to_token_stream).collect();
    let Some(unknown) = body::calls(inside) else {
        return;
    };
    block.stmts.clear();
    if !unknown.is_empty() {
        // With the name: so that those of one function do not pass for those of another.
        calls.push(format!("{name}: {}", unknown.join(";")));
    }
}

/// Whether an attribute of a module or an impl leaves the functions inside as they are written.
fn is_transparent(attribute: &Attribute) -> bool {
    let path = attribute.path();
    known::is_attribute(attribute)
        || known::is_hot(attribute)
        || path.is_ident("path")
        || path.is_ident("macro_use")
}

/// A comment for readers of the documentation.
fn is_text(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => {
            matches!(&pair.value, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)))
        }
        _ => false,
    }
}

/// Whether nothing in a file changes the meaning of the names that are known here.
fn all_known(file: &syn::File) -> bool {
    let unstable = file
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("feature"));
    !unstable && items_known(&file.items)
}

fn items_known(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::ExternCrate(item) => {
            let imports = item
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("macro_use"));
            !imports || known::is_crate(&item.ident)
        }
        Item::Use(item) => use_known(&item.tree, true, false),
        Item::Mod(item) => item.content.as_ref().is_none_or(|(_, items)| items_known(items)),
        _ => true,
    })
}

/// Whether an import brings no known name from a crate that is not.
fn use_known(tree: &UseTree, root: bool, trusted: bool) -> bool {
    match tree {
        UseTree::Path(path) => {
            let trusted = if root {
                known::is_crate(&path.ident)
            } else {
                trusted
            };
            use_known(&path.tree, false, trusted)
        }
        UseTree::Name(name) => trusted || !known::is_macro(&name.ident),
        UseTree::Rename(rename) => !known::is_macro(&rename.rename),
        UseTree::Group(group) => group.items.iter().all(|tree| use_known(tree, root, trusted)),
        UseTree::Glob(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_alike(before: &str, after: &str, expected: bool) {
        let of = |text| Skeleton::of(text, Regime::Declared);
        let (before_of, after_of) = (of(before).unwrap(), of(after).unwrap());
        let look_alike = |one: &Skeleton, other: &Skeleton| {
            let names = one.unseen_difference(other);
            names.is_some_and(|names| {
                names.is_empty() || !one.may_mention(&names) && !other.may_mention(&names)
            })
        };
        assert_eq!(look_alike(&before_of, &after_of), expected, "{before}\n{after}");
        assert_eq!(look_alike(&after_of, &before_of), expected, "{before}\n{after}");
        assert!(look_alike(&before_of, &before_of));
    }

    #[test]
    fn bodies_of_plain_functions_are_not_seen() {
        look_alike("pub fn f() -> u8 { 1 }", "pub fn f() -> u8 {\n 2 }", true);
        look_alike(
            "impl<'a> A<'a> { fn f(&self) { g() } }",
            "impl<'a> A<'a> { /// Text.\nfn f(&self) { h(); static N: u8 = 1; } }",
            true,
        );
        look_alike(
            "impl Drop for A { fn drop(&mut self) { a() } }",
            "impl Drop for A { fn drop(&mut self) {} }",
            true,
        );
        look_alike("mod m { fn f() { 1 } } // a", "mod m { fn f() { 2 } }", true);
        look_alike("//! One.\nfn f() {}", "//! Two.\n//! Three.\nfn f() {}", true);
        look_alike("#[hotpatch] fn f() { 1 }", "#[hotpatch] fn f() { 2 }", true);
    }

    #[test]
    fn everything_else_is() {
        for (before, after) in [
            ("fn f() { 1 }", "pub fn f() { 1 }"),
            ("pub fn f(a: u8) {}", "pub fn f(b: u8) {}"),
            ("#[inline] fn f() { 1 }", "#[inline] fn f() { 2 }"),
            ("fn f() { 1 }", "#[inline] fn f() { 1 }"),
            ("fn f<T>() { 1 }", "fn f<T>() { 2 }"),
            ("impl<T> A<T> { fn f() { 1 } }", "impl<T> A<T> { fn f() { 2 } }"),
            ("trait A { fn f() { 1 } }", "trait A { fn f() { 2 } }"),
            ("const fn f() -> u8 { 1 }", "const fn f() -> u8 { 2 }"),
            ("async fn f() { 1 }", "async fn f() { 2 }"),
            ("fn f() -> impl Fn() { 1 }", "fn f() -> impl Fn() { 2 }"),
            ("const A: u8 = 1;", "const A: u8 = 2;"),
            ("static A: u8 = 1;", "static A: u8 = 2;"),
            ("struct A { a: u8 }", "struct A { a: u16 }"),
            ("make! { fn f() { 1 } }", "make! { fn f() { 2 } }"),
            ("#[made] mod m { fn f() { 1 } }", "#[made] mod m { fn f() { 2 } }"),
            ("fn f() { 1 }", "fn f() { impl A for B {} 1 }"),
            ("fn f() { make!(1) }", "fn f() { make!(2) }"),
            ("fn f() { make!(1) } fn g() {}", "fn f() {} fn g() { make!(1) }"),
            ("pub fn f() {}", ""),
        ] {
            look_alike(before, after, false);
        }
    }

    #[test]
    fn what_nobody_can_name_comes_and_goes() {
        look_alike("pub fn f() { 1 }", "pub fn f() { g() } fn g() {}", true);
        look_alike("fn g(a: u8) {}", "pub(crate) fn g(a: u16) {}", true);
        look_alike(
            "use a::b; pub struct S;",
            "use a::{c, d as e}; pub struct S;",
            true,
        );
        look_alike("mod m { fn g() {} }", "mod m {}", true);
        for (before, after) in [
            (
                "#[inline] pub fn f() { g() }",
                "#[inline] pub fn f() { g() } fn g() {}",
            ),
            ("pub const F: fn() = g;", "pub const F: fn() = g; fn g() {}"),
            (
                "#[serde(default = \"g\")] pub struct S;",
                "#[serde(default = \"g\")] pub struct S; fn g() {}",
            ),
            ("make!(S);", "make!(S); fn g() {}"),
            ("#[derive(Make)] struct S;", "#[derive(Make)] struct S; fn g() {}"),
            ("", "#[inline] fn g() {}"),
            ("", "fn g<T>() {}"),
            ("", "fn g() { make!() }"),
            ("", "fn g() { impl A for B {} }"),
            ("", "#[unsafe(no_mangle)] fn g() {}"),
            ("", "#[hotpatch] fn g() {}"),
            ("use a::S; pub struct T(S);", "use b::S; pub struct T(S);"),
            ("pub fn f() -> S {}", "use b::S; pub fn f() -> S {}"),
            ("", "pub use a::b;"),
            ("", "use a::*;"),
            (
                "pub fn f<T>(a: T) { a.g() }",
                "use a::Trait; pub fn f<T>(a: T) { a.g() }",
            ),
            (
                "pub const A: u8 = B.c();",
                "use a::Trait; pub const A: u8 = B.c();",
            ),
            (
                "pub trait A { fn f() { B::g() } }",
                "use a::Trait; pub trait A { fn f() { B::g() } }",
            ),
        ] {
            look_alike(before, after, false);
        }
    }

    #[test]
    fn lines_count_where_something_tells_them() {
        look_alike("fn f() {}\nfn g() {}", "fn f() {\n}\nfn g() {}", true);
        look_alike(
            "fn f() {}\nconst A: u32 = line!();",
            "fn f() {\n}\nconst A: u32 = line!();",
            false,
        );
        look_alike(
            "fn f() {} const A: u32 = column!();",
            "fn f() { } const A: u32 = column!();",
            false,
        );
        look_alike(
            "fn f() {}\nconst A: u32 = here!();",
            "fn f() {\n}\nconst A: u32 = here!();",
            false,
        );
        look_alike(
            "fn f() {}\n#[made] fn g() {}",
            "fn f() {\n}\n#[made] fn g() {}",
            false,
        );
        look_alike(
            "fn f() {}\n#[derive(A)] struct B;",
            "fn f() {\n}\n#[derive(A)] struct B;",
            true,
        );
        look_alike("fn f() { line!() }", "fn f() {\n line!() }", true);
    }

    #[test]
    fn files_that_are_included() {
        let names = |text: &str| {
            Skeleton::of(text, Regime::Declared)
                .unwrap()
                .may_include(&["src", "lib.rs"])
        };
        assert!(names("const A: &str = include_str!(\"lib.rs\");"));
        assert!(names("const A: &str = include_str!(concat!(\"li\", \"b.rs\"));"));
        assert!(names("include!(\"../src/lib.rs\");"));
        assert!(names("folder!(\"src/\");"));
        assert!(!names("include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));"));
        assert!(!names("const A: &str = include_str!(\"text.txt\");"));
        assert!(!names("#[path = \"../src/lib.rs\"] mod a;"));
    }

    #[test]
    fn names_that_come_to_mean_something_else() {
        for text in [
            "macro_rules! println { () => {} }",
            "use defmt::println;",
            "use other::{a, make as vec};",
            "#[macro_use] extern crate defmt;",
            "#![feature(x)]",
            "fn f( {",
        ] {
            assert!(Skeleton::of(text, Regime::Declared).is_none(), "{text}");
        }
        assert!(Skeleton::of("use std::{println, vec}; use log::info;", Regime::Declared).is_some());
    }
}
