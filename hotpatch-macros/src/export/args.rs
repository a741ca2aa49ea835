//! What stands in `export_module! { .. }`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token, Type, bracketed};

use crate::contract::Version;
use crate::mistakes::Mistakes;

pub(super) struct Args {
    pub(super) name: LitStr,
    /// Without it, the version of the package.
    pub(super) version: Option<Version>,
    /// The lowest version of the host.
    pub(super) host: Option<Version>,
    pub(super) contracts: Vec<Fulfilled>,
    pub(super) depends: Vec<Needed>,
    pub(super) on_load: Option<Expr>,
    pub(super) on_unload: Option<Expr>,
    pub(super) on_reload: Option<Expr>,
    pub(super) krate: Option<Path>,
}

/// `Pricing => Discount`
pub(super) struct Fulfilled {
    pub(super) contract: Path,
    pub(super) by: Type,
}

/// `"tax" >= "1.0.0"`
pub(super) struct Needed {
    pub(super) name: LitStr,
    pub(super) at_least: Version,
}

const KEYS: &str =
    "`name`, `version`, `host`, `contract`, `depends`, `on_load`, `on_unload`, `on_reload` or `crate`";

pub(super) fn parse(input: TokenStream) -> Result<Args> {
    arguments.parse2(input)
}

fn arguments(input: ParseStream<'_>) -> Result<Args> {
    let mut mistakes = Mistakes::default();
    let mut name: Option<LitStr> = None;
    let (mut version, mut host, mut krate) = (None, None, None);
    let (mut contracts, mut depends) = (Vec::new(), Vec::new());
    let (mut on_load, mut on_unload, mut on_reload) = (None, None, None);
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        if key != "contract" && seen.contains(&key) {
            mistakes.add(&key, format!("`{key}` is there already"));
        }
        match key.to_string().as_str() {
            "name" => name = Some(input.parse()?),
            "version" => version = Some(input.parse()?),
            "host" => host = Some(input.parse()?),
            "contract" => contracts.push(input.parse()?),
            "depends" => {
                let list;
                bracketed!(list in input);
                depends = Punctuated::<Needed, Token![,]>::parse_terminated(&list)?
                    .into_iter()
                    .collect();
            }
            "on_load" => on_load = Some(input.parse()?),
            "on_unload" => on_unload = Some(input.parse()?),
            "on_reload" => on_reload = Some(input.parse()?),
            "crate" => krate = Some(input.call(Path::parse_mod_style)?),
            _ => {
                return Err(Error::new(
                    key.span(),
                    format!("unknown argument `{key}`; expected {KEYS}"),
                ));
            }
        }
        seen.push(key);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    if let Some(name) = &name {
        check_name(&mut mistakes, name);
    }
    depends
        .iter()
        .for_each(|needed: &Needed| check_name(&mut mistakes, &needed.name));
    if contracts.is_empty() {
        mistakes.push(Error::new(
            Span::call_site(),
            "a module offers at least one contract: `contract: Pricing => Discount`",
        ));
    }
    let name = match name {
        Some(name) => name,
        None => {
            let reason = "a module has a name, which it is loaded and replaced by: `name: \"pricing\"`";
            mistakes.push(Error::new(Span::call_site(), reason));
            LitStr::new("", Span::call_site())
        }
    };
    mistakes.into_result()?;
    Ok(Args {
        name,
        version,
        host,
        contracts,
        depends,
        on_load,
        on_unload,
        on_reload,
        krate,
    })
}

/// The rules for names that hosts have.
fn check_name(mistakes: &mut Mistakes, name: &LitStr) {
    let text = name.value();
    let odd = |odd: char| odd.is_control() || odd.is_whitespace() || matches!(odd, '.' | '`');
    if text.is_empty() || text.len() > 256 || text.contains(odd) {
        mistakes.add(
            name,
            "no module can have this name: it has 1 to 256 bytes, and no white space, `.` or back-tick in it",
        );
    }
}

impl Parse for Fulfilled {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let contract = input.call(Path::parse_mod_style)?;
        input.parse::<Token![=>]>()?;
        Ok(Self {
            contract,
            by: input.parse()?,
        })
    }
}

impl Parse for Needed {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![>=]>()?;
        Ok(Self {
            name,
            at_least: input.parse()?,
        })
    }
}
