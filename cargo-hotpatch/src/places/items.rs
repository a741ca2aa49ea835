//! The items of one file that have a certain name, wherever they lie: in modules, `impl` blocks, functions, macro calls.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Fields, Ident, Signature, Type, Variant};

use super::cfg::Cfg;
use super::in_macros;
use super::modules::name_of;
use super::source_file::SourceFile;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Type,
    Variant,
    Static,
    Function,
}

/// What an item lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// A module, a function, a trait, or the enum of a variant.
    Name(String),
    /// An `impl` block.
    Impl { of: Option<String>, by: Option<String> },
}

/// An item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) scope: Vec<Scope>,
    pub(super) name: String,
    /// The bytes to show.
    pub(super) bytes: Range<usize>,
    /// Fields and variants, by the names that debug information gives them.
    pub(super) members: Vec<(String, Range<usize>)>,
}

/// The items of a file, which is the module `modules`, that have one of these names.
pub(super) fn named(file: &SourceFile, modules: &[String], names: &[&str], cfg: &Cfg) -> Vec<Item> {
    let mut search = Search {
        file,
        names,
        cfg,
        scope: modules.iter().cloned().map(Scope::Name).collect(),
        found: Vec::new(),
    };
    search.visit_file(&file.syntax);
    search.found
}

struct Search<'a> {
    file: &'a SourceFile,
    names: &'a [&'a str],
    cfg: &'a Cfg,
    scope: Vec<Scope>,
    found: Vec<Item>,
}

impl Search<'_> {
    fn within(&mut self, scope: Scope, visit: impl FnOnce(&mut Self)) {
        self.scope.push(scope);
        visit(self);
        self.scope.pop();
    }

    fn within_item(&mut self, ident: &Ident, visit: impl FnOnce(&mut Self)) {
        self.within(Scope::Name(name_of(ident)), visit);
    }

    fn add(&mut self, kind: Kind, ident: &Ident, last: Span, members: Vec<(String, Range<usize>)>) {
        let name = name_of(ident);
        if self.names.contains(&name.as_str()) {
            self.found.push(Item {
                kind,
                scope: self.scope.clone(),
                name,
                bytes: self.file.bytes(ident.span(), last),
                members,
            });
        }
    }

    fn add_type(&mut self, ident: &Ident, fields: &Fields) {
        let members = self.members(fields.iter());
        self.add(Kind::Type, ident, ident.span(), members);
    }

    fn add_function(&mut self, signature: &Signature) {
        self.add(
            Kind::Function,
            &signature.ident,
            signature.ident.span(),
            Vec::new(),
        );
    }

    fn members<'b>(&self, fields: impl Iterator<Item = &'b syn::Field>) -> Vec<(String, Range<usize>)> {
        let part = |(index, field): (usize, &syn::Field)| {
            let name = field.ident.as_ref().map_or(format!("__{index}"), name_of);
            let first = field.ident.as_ref().map_or(field.ty.span(), Ident::span);
            (name, self.file.bytes(first, field.ty.span()))
        };
        fields.enumerate().map(part).collect()
    }

    fn tokens(&mut self, mac: &syn::Macro) {
        for (kind, ident) in in_macros::items(mac.tokens.clone()) {
            self.add(kind, &ident, ident.span(), Vec::new());
        }
    }

    fn variant(&mut self, variant: &Variant) -> (String, Range<usize>) {
        let members = self.members(variant.fields.iter());
        self.add(Kind::Variant, &variant.ident, variant.ident.span(), members);
        let last = match &variant.fields {
            Fields::Unit => variant.ident.span(),
            fields => fields.span(),
        };
        (
            name_of(&variant.ident),
            self.file.bytes(variant.ident.span(), last),
        )
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !attributes(item).is_some_and(|attributes| self.cfg.excludes(attributes)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.within_item(&item.ident, |search| visit::visit_item_mod(search, item));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add_type(&item.ident, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        let members = self.members(item.fields.named.iter());
        self.add(Kind::Type, &item.ident, item.ident.span(), members);
        visit::visit_item_union(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let mut variants = Vec::new();
        self.within_item(&item.ident, |search| {
            for variant in &item.variants {
                if !search.cfg.excludes(&variant.attrs) {
                    variants.push(search.variant(variant));
                }
            }
        });
        self.add(Kind::Type, &item.ident, item.ident.span(), variants);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(Kind::Static, &item.ident, item.ty.span(), Vec::new());
        self.within_item(&item.ident, |search| visit::visit_item_static(search, item));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.within_item(&item.ident, |search| visit::visit_item_const(search, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add_function(&item.sig);
        self.within_item(&item.sig.ident, |search| visit::visit_item_fn(search, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within_item(&item.ident, |search| visit::visit_item_trait(search, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add_function(&item.sig);
        self.within_item(&item.sig.ident, |search| visit::visit_trait_item_fn(search, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let by = item.trait_.as_ref().and_then(|(path, _)| last_name(path));
        let of = self_type(&item.self_ty);
        self.within(Scope::Impl { of, by }, |search| {
            visit::visit_item_impl(search, item)
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !self.cfg.excludes(&item.attrs) {
            self.add_function(&item.sig);
            self.within_item(&item.sig.ident, |search| visit::visit_impl_item_fn(search, item));
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        // What the definition of a macro says may become anything.
        if item.ident.is_none() {
            self.tokens(&item.mac);
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.tokens(mac);
    }
}

fn self_type(of: &Type) -> Option<String> {
    match of {
        Type::Path(of) => last_name(&of.path),
        Type::Group(group) => self_type(&group.elem),
        Type::Paren(paren) => self_type(&paren.elem),
        _ => None,
    }
}

fn last_name(path: &syn::Path) -> Option<String> {
    Some(name_of(&path.segments.last()?.ident))
}

fn attributes(item: &syn::Item) -> Option<&[Attribute]> {
    Some(match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        _ => return None,
    })
}
