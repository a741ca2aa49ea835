//! The type that `#[derive(Migrate)]` stands on, and what speaks against it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Fields, Generics, Ident, Item, LitStr, Path, Result, Type};

use super::args::{self, Args};
use crate::krate;

/// A type that can be migrated.
pub(super) struct Migrated {
    pub(super) krate: Path,
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) args: Args,
    pub(super) content: Content,
}

pub(super) enum Content {
    Struct(Vec<Field>),
    Enum(Vec<Variant>),
}

pub(super) struct Variant {
    pub(super) ident: Ident,
    pub(super) discriminant: String,
    pub(super) from: Option<LitStr>,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    /// How code names it: `hp`, or `0`.
    pub(super) member: TokenStream,
    /// How migrations name it.
    pub(super) name: LitStr,
    /// What generated code calls it.
    pub(super) variable: Ident,
    pub(super) of: Type,
    pub(super) args: Args,
}

const ON_TYPE: [&str; 5] = ["version", "with", "down", "name", "crate"];
const ON_FIELD: [&str; 3] = ["with", "default", "from"];
const ON_VARIANT: [&str; 1] = ["from"];

/// Parses the type.
///
/// # Errors
///
/// All that speaks against it.
pub(super) fn parse(tokens: TokenStream) -> Result<Migrated> {
    struct Parsed(Item);
    impl Parse for Parsed {
        fn parse(input: ParseStream<'_>) -> Result<Self> {
            input.parse().map(Self)
        }
    }
    let Parsed(item) = syn::parse2(tokens)?;
    let mut mistakes = Mistakes(None);
    let (attrs, ident, generics, content) = match item {
        Item::Struct(item) => {
            let fields = fields(&item.fields, &mut mistakes);
            (item.attrs, item.ident, item.generics, Content::Struct(fields))
        }
        Item::Enum(item) => {
            if item.variants.is_empty() {
                mistakes.note(Error::new_spanned(
                    &item.ident,
                    "an enum without variants has no values to migrate",
                ));
            }
            let variants = item.variants.iter().map(|variant| {
                let args = mistakes.take(args::read(&variant.attrs, &ON_VARIANT));
                let discriminant = variant.discriminant.as_ref();
                Variant {
                    ident: variant.ident.clone(),
                    discriminant: discriminant
                        .map_or_else(String::new, |(_, value)| value.to_token_stream().to_string()),
                    from: args.from,
                    fields: fields(&variant.fields, &mut mistakes),
                }
            });
            let variants = variants.collect();
            (item.attrs, item.ident, item.generics, Content::Enum(variants))
        }
        other => {
            return Err(Error::new_spanned(
                other,
                "only structs and enums can be migrated: what a union holds is not known",
            ));
        }
    };
    check(&attrs, &generics, &mut mistakes);
    let args = mistakes.take(args::read(&attrs, &ON_TYPE));
    match mistakes.0 {
        Some(error) => Err(error),
        None => Ok(Migrated {
            krate: args.krate.clone().unwrap_or_else(krate::path),
            ident,
            generics,
            args,
            content,
        }),
    }
}

fn fields(fields: &Fields, mistakes: &mut Mistakes) -> Vec<Field> {
    let fields = fields.iter().enumerate().map(|(index, field)| {
        let index = syn::Index::from(index);
        let member = match &field.ident {
            Some(ident) => ident.to_token_stream(),
            None => index.to_token_stream(),
        };
        let name = match &field.ident {
            Some(ident) => ident.unraw().to_string(),
            None => index.index.to_string(),
        };
        let args = mistakes.take(args::read(&field.attrs, &ON_FIELD));
        if let (Some(with), Some(_)) = (&args.with, &args.default) {
            mistakes.note(Error::new_spanned(
                with,
                "either `with` makes the field, or it begins with `default`: both say the same of it",
            ));
        }
        Field {
            member,
            name: LitStr::new(&name, Span::call_site()),
            variable: format_ident!("__field_{}", index.index),
            of: field.ty.clone(),
            args,
        }
    });
    fields.collect()
}

fn check(attrs: &[Attribute], generics: &Generics, mistakes: &mut Mistakes) {
    if let Some(lifetime) = generics.lifetimes().next() {
        mistakes.note(Error::new_spanned(
            lifetime,
            "a type that borrows cannot be migrated: a `State` lives as long as it wants; let the type own what it needs",
        ));
    }
    let repr = attrs.iter().find(|attr| {
        let text = attr.meta.to_token_stream().to_string();
        attr.path().is_ident("repr") && text.contains("packed")
    });
    if let Some(repr) = repr {
        mistakes.note(Error::new_spanned(
            repr,
            "a packed type cannot be migrated: there are no references to its fields",
        ));
    }
}

/// All mistakes of one type.
struct Mistakes(Option<Error>);

impl Mistakes {
    fn note(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn take(&mut self, args: Result<Args>) -> Args {
        args.unwrap_or_else(|error| {
            self.note(error);
            Args::default()
        })
    }
}
