//! `#[cfg(..)]` on items, as far as the command line of a compilation decides it.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

use crate::rustc_args::RustcArgs;

/// The `--cfg` options of a compilation.
#[derive(Debug, Default)]
pub(super) struct Cfg(Vec<String>);

impl Cfg {
    pub(super) fn of(args: &RustcArgs) -> Self {
        Self(args.values("--cfg").map(without_spaces).collect())
    }

    /// Whether an item with these attributes is surely not compiled.
    pub(super) fn excludes(&self, attributes: &[Attribute]) -> bool {
        let conditions = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"));
        conditions
            .filter_map(|attribute| attribute.parse_args::<Meta>().ok())
            .any(|condition| self.holds(&condition) == Some(false))
    }

    /// `None` where only the target or the compiler knows.
    fn holds(&self, condition: &Meta) -> Option<bool> {
        match condition {
            Meta::Path(path) if path.is_ident("test") => Some(false),
            Meta::Path(_) => None,
            Meta::NameValue(pair) if pair.path.is_ident("feature") => {
                let Expr::Lit(ExprLit {
                    lit: Lit::Str(name), ..
                }) = &pair.value
                else {
                    return None;
                };
                let wanted = format!("feature=\"{}\"", name.value());
                Some(self.0.contains(&wanted))
            }
            Meta::NameValue(_) => None,
            Meta::List(list) => {
                let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
                let parts: Vec<_> = parts.ok()?.iter().map(|part| self.holds(part)).collect();
                let any = |value| parts.contains(&Some(value));
                let all = |value| parts.iter().all(|part| *part == Some(value));
                match list.path.get_ident()?.to_string().as_str() {
                    "not" => parts.first()?.map(|holds| !holds),
                    "all" if any(false) => Some(false),
                    "all" if all(true) => Some(true),
                    "any" if any(true) => Some(true),
                    "any" if all(false) => Some(false),
                    _ => None,
                }
            }
        }
    }
}

fn without_spaces(option: &str) -> String {
    option.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attribute: &str, excluded: bool) {
        let item: syn::ItemStruct = syn::parse_str(&format!("{attribute} struct A;")).unwrap();
        let cfg = Cfg(vec!["feature=\"loud\"".into()]);
        assert_eq!(cfg.excludes(&item.attrs), excluded, "{attribute}");
    }

    #[test]
    fn what_is_surely_not_compiled() {
        check("#[cfg(test)]", true);
        check("#[cfg(not(test))]", false);
        check("#[cfg(feature = \"loud\")]", false);
        check("#[cfg(feature = \"quiet\")]", true);
        check("#[cfg(not(feature = \"loud\"))]", true);
        check("#[cfg(all(unix, feature = \"quiet\"))]", true);
        check("#[cfg(any(unix, feature = \"quiet\"))]", false);
        check("#[cfg(unix)]", false);
        check("#[derive(Clone)]", false);
    }
}
