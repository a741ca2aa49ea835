//! What `#[repr(..)]` says of a type.

use syn::{Attribute, Ident, Path, Result, Token, parenthesized};

/// The words of all `#[repr(..)]` of a type.
#[derive(Default)]
pub(super) struct Repr(Vec<Path>);

impl Repr {
    pub(super) fn of(attrs: &[Attribute]) -> Result<Self> {
        let mut words = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
            attr.parse_nested_meta(|meta| {
                if meta.input.peek(syn::token::Paren) {
                    let number;
                    parenthesized!(number in meta.input);
                    number.parse::<syn::LitInt>()?;
                } else if meta.input.peek(Token![=]) {
                    return Err(meta.error("unknown `repr`"));
                }
                words.push(meta.path);
                Ok(())
            })?;
        }
        Ok(Self(words))
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.iter().any(|path| path.is_ident(word))
    }

    /// The integer that an enum is stored as.
    pub(super) fn integer(&self) -> Option<&Ident> {
        const INTEGERS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];
        let mut words = self.0.iter().filter_map(Path::get_ident);
        words.find(|word| INTEGERS.iter().any(|integer| word == integer))
    }

    /// The word for an integer whose size depends on the machine.
    pub(super) fn of_machine(&self) -> Option<&Path> {
        self.0
            .iter()
            .find(|path| path.is_ident("usize") || path.is_ident("isize"))
    }
}
