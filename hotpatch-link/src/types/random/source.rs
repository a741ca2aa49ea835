//! Random definitions as source, with what asks the compiler how it laid them out.

use std::fmt::Write;

use super::model::{self, Definition, Definitions, Field, Shape, Ty, Variant};

/// What comes before all programs of one compilation.
pub(super) const PRELUDE: &str = "
#![feature(offset_of_enum)]
#![allow(dead_code, stable_features, unused, private_interfaces, non_camel_case_types)]
use std::mem::{align_of, offset_of, size_of};

pub struct Hold<T>(pub T);
unsafe impl<T> Sync for Hold<T> {}

/// The name of the type of a field.
fn of<S, F>(_: fn(*const S) -> *const F) -> &'static str { std::any::type_name::<F>() }

fn bytes<T>(value: &'static Hold<T>) -> Vec<u8> {
    let start = std::ptr::from_ref(value).cast::<u8>();
    (0..size_of::<T>()).map(|at| unsafe { start.add(at).read_volatile() }).collect()
}
";

/// Instead of the bytes of a variant that has no constant value.
pub(super) const UNKNOWN: &str = "unknown";

/// The source of several programs: each is a module, and the program prints how each is laid out.
pub(super) fn source(programs: &[&Definitions]) -> String {
    let mut source = PRELUDE.to_owned();
    for (index, definitions) in programs.iter().enumerate() {
        let _ = write!(
            source,
            "pub mod p{index} {{ use super::*;\n{}}}\n",
            module(definitions)
        );
    }
    source += "fn main() {\n";
    for index in 0..programs.len() {
        let _ = writeln!(source, "    p{index}::print();");
    }
    source + "}\n"
}

/// One program.
pub(super) fn module(definitions: &Definitions) -> String {
    let mut source = String::new();
    for (index, definition) in definitions.iter().enumerate() {
        source += &definition.source(index);
    }
    let last = definitions.len() - 1;
    let state = definitions[last].used(last);
    let _ = writeln!(
        source,
        "pub static STATE: Hold<Vec<Option<&'static {state}>>> = Hold(Vec::new());"
    );
    let mut reached = Vec::new();
    model::reach(last, definitions, &mut reached);
    let mut print =
        "#[inline(never)]\npub fn print() {\n    println!(\"== {}\", STATE.0.len());\n".to_owned();
    for index in reached {
        definitions[index].print(index, definitions, &mut source, &mut print);
    }
    source + &print + "}\n"
}

impl Ty {
    fn source(&self, me: usize) -> String {
        let inner = |of: &Ty| of.source(me);
        match self {
            Self::Primitive(name) => (*name).to_owned(),
            Self::Array(of, count) => format!("[{}; {count}]", inner(of)),
            Self::Tuple(a, b) => format!("({}, {})", inner(a), inner(b)),
            Self::Std(name, of) => format!("{name}<{}>", inner(of)),
            Self::Reference(of) => format!("&'static {}", inner(of)),
            Self::Pointer(of) => format!("*const {}", inner(of)),
            Self::Function(of) => format!("fn({})", inner(of)),
            // The argument is a part of the name.
            Self::Defined(index) => format!("A{index}"),
            Self::Recursive => format!("Option<Box<A{me}>>"),
        }
    }

    /// A constant value, if there is one whose bytes tell something.
    fn sample(&self, definitions: &Definitions) -> Option<String> {
        Some(match self {
            Self::Primitive("bool") => "true".to_owned(),
            Self::Primitive("char") => "'a'".to_owned(),
            Self::Primitive("f32" | "f64") => "1.0".to_owned(),
            Self::Primitive("std::num::NonZeroU32") => "std::num::NonZeroU32::MIN".to_owned(),
            Self::Primitive(_) => "1".to_owned(),
            Self::Array(of, count) => format!("[{}]", vec![of.sample(definitions)?; *count].join(", ")),
            Self::Tuple(a, b) => format!("({}, {})", a.sample(definitions)?, b.sample(definitions)?),
            Self::Std("Option", _) | Self::Recursive => "None".to_owned(),
            Self::Std("Vec", _) => "Vec::new()".to_owned(),
            Self::Std("Box", _) | Self::Reference(_) | Self::Function(_) => return None,
            Self::Std(name, _) => (*name).to_owned(),
            Self::Pointer(_) => "std::ptr::null()".to_owned(),
            Self::Defined(index) => definitions[*index].sample(*index, definitions)?,
        })
    }
}

impl Definition {
    /// How it is used.
    fn used(&self, index: usize) -> String {
        format!("A{index}")
    }

    fn source(&self, index: usize) -> String {
        let Self { repr, decoration, .. } = self;
        let mut first = self.argument.is_some();
        let mut of = |field: &Field| match std::mem::take(&mut first) {
            true => "T".to_owned(),
            false => field.of.source(index),
        };
        let parameter = if self.argument.is_some() { "<T>" } else { "" };
        let mut named = |fields: &[Field]| list(fields, |field| format!("pub {}: {}", field.name, of(field)));
        let text = match &self.shape {
            Shape::Struct(fields) => format!("struct D{index}{parameter} {{ {} }}", named(fields)),
            Shape::Union(fields) => format!("union D{index}{parameter} {{ {} }}", named(fields)),
            Shape::Tuple(fields) => format!(
                "struct D{index}{parameter}({});",
                list(fields, |field| format!("pub {}", of(field)))
            ),
            Shape::Enum(variants) => {
                let variants: Vec<_> = variants
                    .iter()
                    .map(|variant| variant.source(list(&variant.fields, &mut of)))
                    .collect();
                // A parameter that no field has is kept by a marker.
                let marker = match first {
                    true => ", Marker(std::marker::PhantomData<T>)",
                    false => "",
                };
                format!("enum D{index}{parameter} {{ {}{marker} }}", variants.join(", "))
            }
        };
        let argument = self
            .argument
            .as_ref()
            .map(|argument| format!("<{}>", argument.source(index)));
        let argument = argument.unwrap_or_default();
        format!("{repr} {decoration} {text}\npub type A{index} = D{index}{argument};\n")
    }

    fn sample(&self, index: usize, definitions: &Definitions) -> Option<String> {
        match &self.shape {
            Shape::Struct(fields) => {
                let samples = self.samples(fields, definitions, self.argument.is_some())?;
                let named: Vec<_> = fields
                    .iter()
                    .zip(samples)
                    .map(|(field, sample)| format!("{}: {sample}", field.name))
                    .collect();
                Some(format!("D{index} {{ {} }}", named.join(", ")))
            }
            Shape::Union(fields) => {
                let sample = fields[0].of.sample(definitions)?;
                Some(format!("D{index} {{ {}: {sample} }}", fields[0].name))
            }
            Shape::Tuple(fields) => {
                let samples = self.samples(fields, definitions, self.argument.is_some())?;
                Some(format!("D{index}({})", samples.join(", ")))
            }
            Shape::Enum(variants) => variants
                .iter()
                .find_map(|variant| self.variant(index, variant, definitions)),
        }
    }

    fn samples(&self, fields: &[Field], definitions: &Definitions, mut first: bool) -> Option<Vec<String>> {
        let sample = |field: &Field| match (std::mem::take(&mut first), &self.argument) {
            (true, Some(argument)) => argument.sample(definitions),
            _ => field.of.sample(definitions),
        };
        fields.iter().map(sample).collect()
    }

    fn variant(&self, index: usize, variant: &Variant, definitions: &Definitions) -> Option<String> {
        // The parameter stands for the first field of the first variant that has one.
        let Shape::Enum(variants) = &self.shape else {
            return None;
        };
        let generic = variants.iter().find(|variant| !variant.fields.is_empty());
        let first = self.argument.is_some() && generic == Some(variant);
        let samples = self.samples(&variant.fields, definitions, first)?;
        Some(match samples.is_empty() {
            true => format!("D{index}::{}", variant.name),
            false => format!("D{index}::{}({})", variant.name, samples.join(", ")),
        })
    }

    /// Code that prints size, alignment, and each field with its offset and the name of its type, sorted; of an enum also
    /// the bytes of its variants.
    fn print(&self, index: usize, definitions: &Definitions, source: &mut String, print: &mut String) {
        let me = self.used(index);
        let _ = writeln!(
            print,
            "    println!(\"{me} {{}} {{}}\", size_of::<{me}>(), align_of::<{me}>());"
        );
        let mut lines = Vec::new();
        let mut field = |name: String, pattern: String| {
            lines.push(format!(
                "format!(\"{name} {{}} {{}}\", offset_of!({me}, {name}), of(|s: *const {me}| {pattern}))"
            ));
        };
        match &self.shape {
            Shape::Struct(fields) | Shape::Union(fields) => fields.iter().for_each(|of| {
                field(
                    of.name.clone(),
                    format!("unsafe {{ &raw const (*s).{} }}", of.name),
                );
            }),
            Shape::Tuple(fields) => (0..fields.len()).for_each(|at| {
                field(at.to_string(), format!("unsafe {{ &raw const (*s).{at} }}"));
            }),
            Shape::Enum(variants) => {
                for variant in variants {
                    for at in 0..variant.fields.len() {
                        let skipped = "_, ".repeat(at);
                        let pattern = format!("{me}::{}({skipped}x, ..)", variant.name);
                        let found = format!(
                            "match unsafe {{ &*s }} {{ {pattern} => std::ptr::from_ref(x), _ => panic!() }}"
                        );
                        field(format!("{}.{at}", variant.name), found);
                    }
                }
                for variant in variants {
                    let name = &variant.name;
                    // Without a value, the name is all that can be told.
                    lines.push(match self.variant(index, variant, definitions) {
                        Some(sample) => {
                            let _ = writeln!(source, "static S{index}{name}: Hold<{me}> = Hold({sample});");
                            format!("format!(\"{name} {{:?}}\", bytes(&S{index}{name}))")
                        }
                        None => format!("\"{name} {UNKNOWN}\".to_owned()"),
                    });
                }
            }
        }
        let _ = writeln!(
            print,
            "    let mut lines = [{}]; lines.sort(); for line in lines {{ println!(\"{{line}}\"); }}",
            lines.join(", ")
        );
    }
}

impl Variant {
    fn source(&self, fields: String) -> String {
        let fields = match fields.is_empty() {
            true => String::new(),
            false => format!("({fields})"),
        };
        let value = self.value.map(|value| format!(" = {value}")).unwrap_or_default();
        format!("{}{fields}{value}", self.name)
    }
}

fn list(fields: &[Field], of: impl FnMut(&Field) -> String) -> String {
    fields.iter().map(of).collect::<Vec<_>>().join(", ")
}
