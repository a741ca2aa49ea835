//! Random edits of random definitions.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::model::{self, Definition, Definitions, Field, Shape, Ty, Variant};

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Nothing,
    Decorate,
    Reorder,
    Retype(&'static str),
    Wrap(&'static str),
    Add(&'static str),
    Remove,
    Rename,
    SwapNames,
    SwapTypes,
    AddVariant,
    RemoveVariant,
    ReorderVariants,
    RenameVariant,
    Number,
    Repr(usize),
    Argument(&'static str),
    Lengthen,
}

#[derive(Clone, Debug)]
pub(super) struct Edit {
    kind: Kind,
    definition: Index,
    list: Index,
    a: Index,
    b: Index,
}

pub(super) fn edit() -> impl Strategy<Value = Edit> {
    let primitive = || select(&model::PRIMITIVES[..]);
    let kind = prop_oneof![
        1 => Just(Kind::Nothing),
        1 => Just(Kind::Decorate),
        3 => Just(Kind::Reorder),
        4 => primitive().prop_map(Kind::Retype),
        1 => select(&["Option", "Box"][..]).prop_map(Kind::Wrap),
        1 => primitive().prop_map(Kind::Add),
        1 => Just(Kind::Remove),
        1 => Just(Kind::Rename),
        2 => Just(Kind::SwapNames),
        1 => Just(Kind::SwapTypes),
        1 => Just(Kind::AddVariant),
        1 => Just(Kind::RemoveVariant),
        2 => Just(Kind::ReorderVariants),
        1 => Just(Kind::RenameVariant),
        1 => Just(Kind::Number),
        2 => (0..model::STRUCT_REPRS.len()).prop_map(Kind::Repr),
        1 => primitive().prop_map(Kind::Argument),
        1 => Just(Kind::Lengthen),
    ];
    let indices = any::<[Index; 4]>();
    (kind, indices).prop_map(|(kind, [definition, list, a, b])| Edit {
        kind,
        definition,
        list,
        a,
        b,
    })
}

impl Edit {
    /// Whether the edit may change what the compiler cannot be asked for: the value that stands for a variant, where a
    /// variant has no constant value, and the width of that value.
    pub(super) fn is_open(&self, definitions: &Definitions, has_unknown: bool) -> bool {
        let definition = &definitions[self.definition.index(definitions.len())];
        match self.kind {
            Kind::ReorderVariants => has_unknown,
            Kind::Repr(_) => matches!(definition.shape, Shape::Enum(_)),
            _ => false,
        }
    }

    /// The definitions after the edit: the same if it does not fit.
    pub(super) fn apply(&self, definitions: &Definitions) -> Definitions {
        let mut edited = definitions.clone();
        let index = self.definition.index(edited.len());
        let definition = &mut edited[index];
        let is_generic = definition.argument.is_some();
        match (&self.kind, &mut definition.shape) {
            // It has a variant for its parameter.
            (Kind::Number, _) if is_generic => {}
            (Kind::Decorate, _) => definition.decoration = model::DECORATIONS[1 + self.a.index(2)],
            (Kind::Repr(repr), Shape::Enum(_)) => {
                definition.repr = model::ENUM_REPRS[repr % model::ENUM_REPRS.len()]
            }
            (Kind::Repr(repr), _) => definition.repr = model::STRUCT_REPRS[*repr],
            (Kind::Argument(of), _) => {
                if let Some(argument) = &mut definition.argument {
                    *argument = Ty::Primitive(of);
                }
            }
            (_, Shape::Enum(variants)) if self.is_about_variants(variants) => self.variants(variants),
            _ => self.fields(definition),
        }
        model::settle(edited)
    }

    fn is_about_variants(&self, variants: &[Variant]) -> bool {
        match self.kind {
            Kind::AddVariant | Kind::ReorderVariants | Kind::RenameVariant => true,
            Kind::RemoveVariant => variants.len() > 1,
            Kind::Number => variants.iter().all(|variant| variant.fields.is_empty()),
            _ => false,
        }
    }

    fn variants(&self, variants: &mut Vec<Variant>) {
        let (a, b) = (self.a.index(variants.len()), self.b.index(variants.len()));
        match self.kind {
            Kind::AddVariant => variants.insert(
                a,
                Variant {
                    name: "New".to_owned(),
                    fields: Vec::new(),
                    value: None,
                },
            ),
            Kind::RemoveVariant => {
                variants.remove(a);
            }
            Kind::ReorderVariants => variants.swap(a, b),
            Kind::RenameVariant => variants[a].name = "Renamed".to_owned(),
            _ => {
                for (index, variant) in variants.iter_mut().enumerate() {
                    variant.value = Some(index as u8 * 3);
                }
            }
        }
    }

    fn fields(&self, definition: &mut Definition) {
        let is_union = matches!(definition.shape, Shape::Union(_));
        let mut lists = definition.field_lists();
        let count = lists.len();
        let list = &mut *lists[self.list.index(count)];
        if let Kind::Add(of) = self.kind {
            let field = Field {
                name: "new".to_owned(),
                of: Ty::Primitive(of),
            };
            list.insert(self.a.index(list.len() + 1), field);
        }
        if list.is_empty() {
            return;
        }
        let (a, b) = (self.a.index(list.len()), self.b.index(list.len()));
        match self.kind {
            Kind::Reorder => list.swap(a, b),
            Kind::Retype(of) => list[a].of = Ty::Primitive(of),
            Kind::Wrap(with) if !is_union => list[a].of = Ty::Std(with, Box::new(list[a].of.clone())),
            Kind::Remove if list.len() > 1 => {
                list.remove(a);
            }
            Kind::Rename => list[a].name = "renamed".to_owned(),
            Kind::SwapNames => {
                let name = list[a].name.clone();
                list[a].name = std::mem::replace(&mut list[b].name, name);
            }
            Kind::SwapTypes => {
                let of = list[a].of.clone();
                list[a].of = std::mem::replace(&mut list[b].of, of);
            }
            Kind::Lengthen => {
                if let Ty::Array(_, count) = &mut list[a].of {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
}
