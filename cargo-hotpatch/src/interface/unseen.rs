//! What of a source file others cannot name: private functions that are plain, and private imports.
//!
//! They may come and go unless something that others see mentions their names. An import also brings methods into scope,
//! so it only counts as unseen in a file without code that others see.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, Path, Token, TraitItem, UseTree, Visibility};

use super::body;
use super::function::is_plain;
use super::known;
use super::regime::Regime;

/// The unseen items of a file, and what is left without them.
#[derive(Clone, Debug, Default)]
pub(super) struct Unseen {
    /// Their names, each with what is declared by that name.
    names: BTreeMap<String, BTreeSet<String>>,
    /// The tokens that are left.
    pub(super) rest: String,
    /// The words in these.
    words: BTreeSet<String>,
    /// Whether macros may make names that are not written out.
    makes_names: bool,
}

impl Unseen {
    /// Takes what is unseen out of the items of a file, in which the bodies of plain functions are empty.
    pub(super) fn take_out(mut file: syn::File, regime: Regime) -> Self {
        let mut unseen = Self::default();
        let without_code = !has_code(&file.items) && !has_calls(file.to_token_stream());
        unseen.filter(&mut file.items, regime, without_code);
        let tokens = file.to_token_stream();
        unseen.rest = tokens.to_string();
        unseen.read(tokens);
        unseen
    }

    /// The names that mean something else in another version of the file; `None` if more differs than what is unseen.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> Option<BTreeSet<&'a str>> {
        let differs = |name: &&String| self.names.get(*name) != other.names.get(*name);
        let names = self.names.keys().chain(other.names.keys()).filter(differs);
        (self.rest == other.rest).then(|| names.map(String::as_str).collect())
    }

    /// Whether what others see may lead to one of these names.
    pub(super) fn may_mention(&self, names: &BTreeSet<&str>) -> bool {
        self.makes_names || names.iter().any(|name| self.words.contains(*name))
    }

    fn filter(&mut self, items: &mut Vec<Item>, regime: Regime, without_code: bool) {
        items.retain_mut(|item| match item {
            Item::Fn(item) => {
                let unseen = !matches!(item.vis, Visibility::Public(_))
                    && item.block.stmts.is_empty()
                    && is_plain(&item.attrs, &item.sig, regime)
                    && item.attrs.iter().all(is_for_the_compiler);
                if unseen {
                    let declared = item.sig.to_token_stream().to_string();
                    let name = item.sig.ident.to_string();
                    self.names.entry(name).or_default().insert(declared);
                }
                !unseen
            }
            Item::Use(item)
                if without_code && matches!(item.vis, Visibility::Inherited) && item.attrs.is_empty() =>
            {
                let mut names = BTreeSet::new();
                let unseen = imported(&item.tree, &mut names);
                if unseen {
                    let declared = item.tree.to_token_stream().to_string();
                    for name in names {
                        self.names.entry(name).or_default().insert(declared.clone());
                    }
                }
                !unseen
            }
            Item::Mod(item) => {
                if let Some((_, items)) = &mut item.content {
                    self.filter(items, regime, without_code);
                }
                true
            }
            _ => true,
        });
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) => {
                    self.makes_names |= body::call(&tokens, index).is_some() && !known::is_macro(word);
                    self.words.insert(word.to_string());
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
                    self.words.extend(words.map(str::to_owned));
                }
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    self.makes_names |= makes_names(&tokens[index..]);
                }
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Attributes that neither name the function to others nor make anything of it.
fn is_for_the_compiler(attribute: &Attribute) -> bool {
    let named = ["no_mangle", "export_name", "unsafe", "test"];
    known::is_attribute(attribute) && !named.iter().any(|name| attribute.path().is_ident(name))
}

/// The names that an import brings. `false` if they are not all written out.
fn imported(tree: &UseTree, names: &mut BTreeSet<String>) -> bool {
    match tree {
        UseTree::Path(path) => imported(&path.tree, names),
        UseTree::Name(name) => {
            names.insert(name.ident.to_string());
            name.ident != "self"
        }
        UseTree::Rename(rename) => {
            names.insert(rename.rename.to_string());
            true
        }
        UseTree::Group(group) => group.items.iter().all(|tree| imported(tree, names)),
        UseTree::Glob(_) => false,
    }
}

/// Whether there are bodies left.
fn has_code(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Fn(item) => !item.block.stmts.is_empty(),
        Item::Impl(item) => item
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(item) if !item.block.stmts.is_empty())),
        Item::Trait(item) => item
            .items
            .iter()
            .any(|item| matches!(item, TraitItem::Fn(item) if item.default.is_some())),
        Item::Mod(item) => item.content.as_ref().is_some_and(|(_, items)| has_code(items)),
        _ => false,
    })
}

/// Whether methods or macros are called, outside of bodies.
fn has_calls(tokens: TokenStream) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Punct(punct) if punct.as_char() == '.' => true,
        TokenTree::Punct(punct) if punct.as_char() == '#' => makes_names(&tokens[index..]),
        TokenTree::Group(group) => has_calls(group.stream()),
        _ => body::call(&tokens, index).is_some(),
    })
}

/// Whether an attribute may make code.
fn makes_names(tokens: &[TokenTree]) -> bool {
    let Some(attributes) = known::attributes(tokens) else {
        return false;
    };
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("derive") {
            let derives = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
            return derives.is_ok_and(|derives| !derives.iter().all(known::is_derive));
        }
        !known::is_builtin(attribute) && !known::is_hot(attribute)
    })
}
