//! Items that are written inside of macro calls, such as the statics of `thread_local!`.

use proc_macro2::{Ident, TokenStream, TokenTree};

use super::items::Kind;

/// What looks like the definition of an item: a keyword and a name.
pub(super) fn items(tokens: TokenStream) -> Vec<(Kind, Ident)> {
    let mut found = Vec::new();
    let mut open = None;
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                let is_between = open.is_some() && (word == "mut" || word == "ref");
                match open.filter(|_| !is_between) {
                    Some(kind) => {
                        found.push((kind, word));
                        open = None;
                    }
                    None if is_between => {}
                    None => open = keyword(&word),
                }
            }
            TokenTree::Group(group) => {
                open = None;
                found.extend(items(group.stream()));
            }
            _ => open = None,
        }
    }
    found
}

fn keyword(word: &Ident) -> Option<Kind> {
    Some(match word.to_string().as_str() {
        "struct" | "enum" | "union" => Kind::Type,
        "static" => Kind::Static,
        "fn" => Kind::Function,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &str, expected: &[(Kind, &str)]) {
        let found = items(tokens.parse().unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|(kind, name)| (*kind, name.to_string()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(kind, name)| (*kind, (*name).to_owned()))
            .collect();
        assert_eq!(found, expected, "{tokens}");
    }

    #[test]
    fn keywords_and_names() {
        check(
            "static A: u8 = const { 1 }; pub static B: T = T::new()",
            &[(Kind::Static, "A"), (Kind::Static, "B")],
        );
        check(
            "static ref A: u8 = 1; static mut B: u8 = 1;",
            &[(Kind::Static, "A"), (Kind::Static, "B")],
        );
        check(
            "if #[cfg(x)] { struct P { hp: fn(u8) } fn f() {} }",
            &[(Kind::Type, "P"), (Kind::Function, "f")],
        );
        check("\"{}\", 'static, fn_name, x.union", &[]);
    }
}
