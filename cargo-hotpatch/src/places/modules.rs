//! The module tree of a crate: which file is which module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta};

use super::cfg::Cfg;
use super::source_file::{SourceFile, mentions};
use crate::inputs::resolved;

/// A file of a crate.
struct Node {
    path: PathBuf,
    modules: Vec<String>,
    /// Where the files of its modules lie.
    folder: PathBuf,
}

/// The modules that the files of a crate are, from its root on. Files without one are not part of it.
pub(super) fn of_crate(root: &Path, files: &BTreeSet<PathBuf>, cfg: &Cfg) -> BTreeMap<PathBuf, Vec<String>> {
    let folder = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
    let mut found = BTreeMap::new();
    let mut open = vec![Node {
        path: root.to_owned(),
        modules: Vec::new(),
        folder: folder(root),
    }];
    while let Some(node) = open.pop() {
        if found.contains_key(&node.path) {
            continue;
        }
        let text = std::fs::read_to_string(&node.path).unwrap_or_default();
        if mentions(&text, "mod")
            && let Some(file) = SourceFile::parse(text.into())
        {
            let mut declared = Declared {
                files,
                cfg,
                file_folder: folder(&node.path),
                found: Vec::new(),
            };
            declared.items(&file.syntax.items, &node.modules, &node.folder, None);
            open.append(&mut declared.found);
        }
        found.insert(node.path, node.modules);
    }
    found
}

/// The `mod name;` of one file.
struct Declared<'a> {
    files: &'a BTreeSet<PathBuf>,
    cfg: &'a Cfg,
    /// The folder of the file itself.
    file_folder: PathBuf,
    found: Vec<Node>,
}

impl Declared<'_> {
    /// `inline` is the folder of the inline module around the items, if there is one.
    fn items(&mut self, items: &[Item], modules: &[String], folder: &Path, inline: Option<&Path>) {
        for item in items {
            match item {
                Item::Mod(module) if !self.cfg.excludes(&module.attrs) => {
                    let name = name_of(&module.ident);
                    let modules: Vec<_> = modules.iter().cloned().chain([name.clone()]).collect();
                    let named = path_attribute(&module.attrs);
                    match (&module.content, named) {
                        (Some((_, items)), named) => {
                            let folder = folder.join(named.unwrap_or(name));
                            self.items(items, &modules, &folder, Some(&folder));
                        }
                        (None, Some(named)) => {
                            let path = inline.unwrap_or(&self.file_folder).join(named);
                            self.add(path, modules, None);
                        }
                        (None, None) => self.add_usual(&name, modules, folder),
                    }
                }
                Item::Macro(item) if item.ident.is_none() => {
                    self.tokens(item.mac.tokens.clone(), modules, folder);
                }
                _ => {}
            }
        }
    }

    /// `mod name;` inside of a macro call, such as `cfg_if!`.
    fn tokens(&mut self, tokens: TokenStream, modules: &[String], folder: &Path) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match (token, tokens.get(index + 1), tokens.get(index + 2)) {
                (TokenTree::Group(group), ..) => self.tokens(group.stream(), modules, folder),
                (TokenTree::Ident(word), Some(TokenTree::Ident(name)), Some(TokenTree::Punct(end)))
                    if word == "mod" && end.as_char() == ';' =>
                {
                    let name = name_of(name);
                    let modules = modules.iter().cloned().chain([name.clone()]).collect();
                    self.add_usual(&name, modules, folder);
                }
                _ => {}
            }
        }
    }

    fn add_usual(&mut self, name: &str, modules: Vec<String>, folder: &Path) {
        let inside = folder.join(name);
        self.add(
            folder.join(format!("{name}.rs")),
            modules.clone(),
            Some(inside.clone()),
        );
        self.add(inside.join("mod.rs"), modules, Some(inside));
    }

    fn add(&mut self, path: PathBuf, modules: Vec<String>, folder: Option<PathBuf>) {
        let path = resolved(&path);
        if self.files.contains(&path) {
            let folder = folder.or_else(|| Some(path.parent()?.to_owned()));
            self.found.push(Node {
                folder: folder.unwrap_or_default(),
                path,
                modules,
            });
        }
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(path), ..
            }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The name without the `r#` that lets it be a keyword.
pub(super) fn name_of(ident: &proc_macro2::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_place_a_module() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let files = [
            (
                "main.rs",
                "mod a; mod b { mod c; } #[path = \"odd/x.rs\"] mod d; cfg_if! { if x { mod e; } } #[cfg(test)] mod f;",
            ),
            ("a.rs", "mod inner;"),
            ("a/inner.rs", ""),
            ("b/c/mod.rs", "mod deep;"),
            ("b/c/deep.rs", ""),
            ("odd/x.rs", "mod beside;"),
            ("odd/beside.rs", ""),
            ("e.rs", ""),
            ("f.rs", ""),
            ("unrelated.rs", ""),
        ];
        let mut all = BTreeSet::new();
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            all.insert(path);
        }
        let found = of_crate(&root.join("main.rs"), &all, &Cfg::default());
        let found: Vec<_> = found
            .iter()
            .map(|(path, modules)| {
                (
                    path.strip_prefix(&root).unwrap().to_str().unwrap(),
                    modules.join("::"),
                )
            })
            .collect();
        let expected = [
            ("a/inner.rs", "a::inner"),
            ("a.rs", "a"),
            ("b/c/deep.rs", "b::c::deep"),
            ("b/c/mod.rs", "b::c"),
            ("e.rs", "e"),
            ("main.rs", ""),
            ("odd/beside.rs", "d::beside"),
            ("odd/x.rs", "d"),
        ];
        assert_eq!(found, expected.map(|(path, modules)| (path, modules.to_owned())));
    }
}
