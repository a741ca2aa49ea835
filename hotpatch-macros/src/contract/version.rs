//! A semantic version in a text: `"1.2.0"`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Result};

/// Major, minor and patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    /// The version that a text says; of a version of cargo's, what stands before `-` or `+`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.split(['-', '+']).next()?;
        let mut numbers = text.split('.').map(|number| {
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| number.parse().ok()).flatten()
        });
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }

    /// The three numbers as arguments.
    pub(crate) fn numbers(self) -> TokenStream {
        let Self(major, minor, patch) = self;
        quote!(#major, #minor, #patch)
    }
}

impl Parse for Version {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let text: LitStr = input.parse()?;
        let exact = !text.value().contains(['-', '+']);
        Self::of(&text.value()).filter(|_| exact).ok_or_else(|| {
            Error::new(
                text.span(),
                format!(
                    "{:?} is no version; expected three numbers, as in \"1.2.0\"",
                    text.value()
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_have_three_numbers() {
        assert_eq!(Version::of("1.20.3"), Some(Version(1, 20, 3)));
        assert_eq!(Version::of("0.1.0-alpha.1+build"), Some(Version(0, 1, 0)));
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "1..2",
            "1.2.99999999999",
            "+1.2.3",
            "1.+2.3",
        ] {
            assert_eq!(Version::of(text), None, "{text}");
        }
    }
}
