//! Random definitions of types, as data.

use proptest::prelude::*;

/// A type as a field has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Primitive(&'static str),
    Array(Box<Ty>, usize),
    Tuple(Box<Ty>, Box<Ty>),
    /// One argument in a type of the standard library: `Option`, `Box`, `Vec`.
    Std(&'static str, Box<Ty>),
    Reference(Box<Ty>),
    Pointer(Box<Ty>),
    Function(Box<Ty>),
    /// One of the definitions above.
    Defined(usize),
    /// `Option<Box<Self>>`.
    Recursive,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) of: Ty,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    pub(super) value: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Struct(Vec<Field>),
    Tuple(Vec<Field>),
    Enum(Vec<Variant>),
    /// Only of primitives.
    Union(Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) repr: &'static str,
    /// The argument with which it is used, if it is generic: its first field has the type of the parameter.
    pub(super) argument: Option<Ty>,
    pub(super) shape: Shape,
    /// Attributes and visibility, which change nothing.
    pub(super) decoration: &'static str,
}

/// The definitions of one program, each made of those before it. The last one is what a static holds.
pub(super) type Definitions = Vec<Definition>;

pub(super) const PRIMITIVES: [&str; 12] = [
    "u8",
    "i8",
    "bool",
    "u16",
    "u32",
    "i32",
    "f32",
    "char",
    "u64",
    "f64",
    "u128",
    "std::num::NonZeroU32",
];
pub(super) const STD: [&str; 4] = ["Option", "Box", "Vec", "std::marker::PhantomData"];
pub(super) const STRUCT_REPRS: [&str; 5] = ["", "", "#[repr(C)]", "#[repr(packed)]", "#[repr(align(16))]"];
pub(super) const ENUM_REPRS: [&str; 4] = ["", "", "#[repr(u8)]", "#[repr(C)]"];
pub(super) const DECORATIONS: [&str; 3] = [
    "pub",
    "#[allow(dead_code)]\npub",
    "/// Text.\n#[must_use]\npub(crate)",
];

pub(super) fn primitive() -> impl Strategy<Value = Ty> {
    prop::sample::select(&PRIMITIVES[..]).prop_map(Ty::Primitive)
}

/// A type that may use the first `defined` definitions.
pub(super) fn ty(defined: usize) -> BoxedStrategy<Ty> {
    compound(defined, vec![Just(Ty::Recursive).boxed()])
}

fn compound(defined: usize, mut leaves: Vec<BoxedStrategy<Ty>>) -> BoxedStrategy<Ty> {
    leaves.extend(vec![primitive().boxed(); 2]);
    if defined > 0 {
        leaves.extend(vec![(0..defined).prop_map(Ty::Defined).boxed(); 3]);
    }
    let leaf = prop::strategy::Union::new(leaves);
    leaf.prop_recursive(2, 6, 2, |inner| {
        let boxed = move || inner.clone().prop_map(Box::new);
        prop_oneof![
            3 => (prop::sample::select(&STD[..]), boxed()).prop_map(|(of, inner)| Ty::Std(of, inner)),
            1 => (boxed(), 1..4_usize).prop_map(|(inner, count)| Ty::Array(inner, count)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Ty::Tuple(a, b)),
            1 => boxed().prop_map(Ty::Reference),
            1 => boxed().prop_map(Ty::Pointer),
            1 => boxed().prop_map(Ty::Function),
        ]
    })
    .boxed()
}

fn fields(of: BoxedStrategy<Ty>, count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Field>> {
    let named = |(index, of)| Field {
        name: format!("f{index}"),
        of,
    };
    prop::collection::vec(of, count).prop_map(move |types| types.into_iter().enumerate().map(named).collect())
}

fn definition(defined: usize) -> impl Strategy<Value = Definition> {
    let variants =
        prop::collection::vec((fields(ty(defined), 0..3), any::<bool>()), 1..5).prop_map(|variants| {
            let variant = |(index, (fields, _)): (usize, (Vec<Field>, bool))| Variant {
                name: format!("V{index}"),
                fields,
                value: None,
            };
            Shape::Enum(variants.into_iter().enumerate().map(variant).collect())
        });
    let shape = prop_oneof![
        4 => fields(ty(defined), 1..5).prop_map(Shape::Struct),
        2 => fields(ty(defined), 1..4).prop_map(Shape::Tuple),
        4 => variants,
        1 => fields(primitive().boxed(), 1..4).prop_map(Shape::Union),
    ];
    let argument = prop::option::weighted(0.2, compound(defined, Vec::new()));
    let reprs = (0..STRUCT_REPRS.len(), 0..ENUM_REPRS.len());
    (shape, argument, reprs).prop_map(|(shape, argument, (of_struct, of_enum))| {
        let repr = match &shape {
            Shape::Enum(_) => ENUM_REPRS[of_enum],
            _ => STRUCT_REPRS[of_struct],
        };
        Definition {
            repr,
            argument: argument.filter(|_| !matches!(shape, Shape::Union(_))),
            shape,
            decoration: DECORATIONS[0],
        }
    })
}

/// What is packed cannot contain what is aligned.
pub(super) fn settle(mut definitions: Definitions) -> Definitions {
    if definitions
        .iter()
        .any(|definition| definition.repr.contains("align"))
    {
        for packed in definitions
            .iter_mut()
            .filter(|definition| definition.repr.contains("packed"))
        {
            packed.repr = "#[repr(C)]";
        }
    }
    definitions
}

pub(super) fn definitions() -> impl Strategy<Value = Definitions> {
    (definition(0), definition(1), definition(2)).prop_map(|(a, b, c)| settle(vec![a, b, c]))
}

impl Definition {
    pub(super) fn field_lists(&mut self) -> Vec<&mut Vec<Field>> {
        match &mut self.shape {
            Shape::Struct(fields) | Shape::Tuple(fields) | Shape::Union(fields) => vec![fields],
            Shape::Enum(variants) => variants.iter_mut().map(|variant| &mut variant.fields).collect(),
        }
    }

    fn fields(&self) -> Vec<&Field> {
        match &self.shape {
            Shape::Struct(fields) | Shape::Tuple(fields) | Shape::Union(fields) => fields.iter().collect(),
            Shape::Enum(variants) => variants.iter().flat_map(|variant| &variant.fields).collect(),
        }
    }
}

impl Ty {
    fn inner(&self) -> Vec<&Ty> {
        match self {
            Self::Primitive(_) | Self::Recursive | Self::Defined(_) => Vec::new(),
            // A marker holds no value of its type.
            Self::Std("std::marker::PhantomData", _) => Vec::new(),
            Self::Std(_, of) | Self::Array(of, _) => vec![of],
            Self::Reference(of) | Self::Pointer(of) | Self::Function(of) => vec![of],
            Self::Tuple(a, b) => vec![a, b],
        }
    }

    fn reach(&self, definitions: &Definitions, reached: &mut Vec<usize>) {
        if let Self::Defined(index) = self {
            reach(*index, definitions, reached);
        }
        for inner in self.inner() {
            inner.reach(definitions, reached);
        }
    }
}

/// The definitions that values of one may lead to, and itself.
pub(super) fn reach(index: usize, definitions: &Definitions, reached: &mut Vec<usize>) {
    if reached.contains(&index) {
        return;
    }
    reached.push(index);
    if let Some(argument) = &definitions[index].argument {
        argument.reach(definitions, reached);
    }
    // The first field of a generic type has the type of the argument.
    let replaced = usize::from(definitions[index].argument.is_some());
    for field in definitions[index].fields().into_iter().skip(replaced) {
        field.of.reach(definitions, reached);
    }
}
