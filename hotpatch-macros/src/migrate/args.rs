//! The arguments of `#[migrate(..)]`, on a type, a field or a variant.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, Ident, LitInt, LitStr, Path, Result, Token};

/// What stands on a type, a field or a variant. Which of it may stand there is for the caller to say.
#[derive(Default)]
pub(super) struct Args {
    pub(super) krate: Option<Path>,
    pub(super) version: Option<LitInt>,
    pub(super) name: Option<LitStr>,
    pub(super) from: Option<LitStr>,
    pub(super) with: Option<Path>,
    /// With the function, if there is one.
    pub(super) down: Option<Option<Path>>,
    /// With the value, if there is one.
    pub(super) default: Option<Option<Expr>>,
}

/// Reads the arguments of all `#[migrate(..)]` among `attrs`; `allowed` are those that may stand there.
pub(super) fn read(attrs: &[Attribute], allowed: &[&str]) -> Result<Args> {
    let mut args = Args::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("migrate")) {
        attr.parse_args_with(|input: ParseStream<'_>| read_into(&mut args, input, allowed))?;
    }
    Ok(args)
}

fn read_into(args: &mut Args, input: ParseStream<'_>, allowed: &[&str]) -> Result<()> {
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        let text = name.to_string();
        if !allowed.contains(&text.as_str()) {
            let allowed: Vec<_> = allowed.iter().map(|name| format!("`{name}`")).collect();
            return Err(Error::new(
                name.span(),
                format!("unknown argument `{name}` here; expected {}", allowed.join(", ")),
            ));
        }
        let has_value = input.peek(Token![=]);
        if has_value {
            input.parse::<Token![=]>()?;
        } else if !["down", "default"].contains(&text.as_str()) {
            return Err(Error::new(name.span(), format!("expected `{name} = ..`")));
        }
        match text.as_str() {
            "crate" => args.krate = Some(input.call(Path::parse_mod_style)?),
            "version" => args.version = Some(number(input)?),
            "name" => args.name = Some(input.parse()?),
            "from" => args.from = Some(input.parse()?),
            "with" => args.with = Some(input.parse()?),
            "down" => args.down = Some(has_value.then(|| input.parse()).transpose()?),
            _ => args.default = Some(has_value.then(|| input.parse()).transpose()?),
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

fn number(input: ParseStream<'_>) -> Result<LitInt> {
    let number: LitInt = input.parse()?;
    number.base10_parse::<u32>()?;
    Ok(number)
}
