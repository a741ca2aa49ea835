//! Reads the types of an object from its debugging information entries.

use hotpatch_abi::names::{
    BODY_PREFIX, CLOSURE_BODY_SYMBOL, INSTANCE_PREFIX, MIGRATION_SYMBOL, SERVE_PATH, STATE_BODY_SYMBOL,
    STATE_DESCRIPTION_SYMBOL, STATE_TYPE,
};
use rustc_hash::FxHashMap as HashMap;

use super::dies::{Dies, Index};
use super::table::{Identity, Member, Type, TypeTable, Variant, Vtable};
use super::vtable;
use crate::debug_info::DebugSections;
use crate::hot;
use crate::names::{Name, Names};
use crate::object_file::ObjectFile;

/// The debug sections that tell about types and refer to others, or to vtables.
const RELOCATED: [&str; 3] = [".debug_info", ".debug_addr", ".debug_str_offsets"];
/// Those that are only looked into.
const PLAIN: [&str; 4] = [".debug_abbrev", ".debug_str", ".debug_line", ".debug_line_str"];

impl TypeTable {
    /// Reads the types of an object. An object without debug information has none.
    ///
    /// # Errors
    ///
    /// The debug information is malformed.
    pub(crate) fn read(object: &ObjectFile, names: &mut Names) -> Result<Self, gimli::Error> {
        let mut table = Self::default();
        let sections = DebugSections::of(object, &RELOCATED, &PLAIN);
        let dies = Dies::read(&sections)?;
        let mut reader = Reader {
            object,
            names,
            dies: &dies,
            full_names: HashMap::default(),
        };
        for index in 0..dies.len() {
            reader.note(index, &mut table);
        }
        Ok(table)
    }
}

/// The name of the functions that `hotpatch_abi::entry::types_of` returns.
const TELLS_TYPES: &str = "type_name<";

struct Reader<'n> {
    object: &'n ObjectFile,
    names: &'n mut Names,
    dies: &'n Dies<'n>,
    full_names: HashMap<Index, Name>,
}

impl Reader<'_> {
    fn note(&mut self, index: Index, table: &mut TypeTable) {
        let die = self.dies.get(index);
        match die.tag {
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type if self.is_own_type(index) => {
                let described = self.structure(index);
                table.types.push(described);
            }
            gimli::DW_TAG_enumeration_type if !die.is_declaration => {
                let described = self.enumeration(index);
                table.types.push(described);
            }
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_array_type => {
                let of = die.of;
                let mut described = self.plain(index);
                described.size = 0;
                described.leads_to = self.pointees(of);
                table.types.push(described);
            }
            gimli::DW_TAG_variable => self.variable(index, table),
            gimli::DW_TAG_subprogram => self.function(index, table),
            _ => {}
        }
    }

    /// A static, a thread-local or a vtable.
    fn variable(&mut self, index: Index, table: &mut TypeTable) {
        let die = self.dies.get(index);
        let Some(of) = die.of else { return };
        if let Some(linkage_name) = die.linkage_name {
            let name = self.names.intern(linkage_name);
            let of = self.full_name(of);
            table.statics.insert(name, of);
        } else if let Some(place) = die.place
            && let Some(trait_name) = die.name.and_then(vtable::implemented_trait)
            && let Some(implementor) = self.dies.get(of).containing
        {
            let size = self.dies.get(of).size;
            let slots = vtable::slots(self.object, place, size, self.names);
            let implementor = self.full_name(implementor);
            let of = self.names.intern(trait_name);
            table.vtables.push(Vtable {
                of,
                implementor,
                slots,
            });
        }
    }

    fn function(&mut self, index: Index, table: &mut TypeTable) {
        let die = self.dies.get(index);
        let Some(linkage_name) = die.linkage_name else {
            return;
        };
        if let Some(name) = die.name.filter(|name| name.starts_with(TELLS_TYPES)) {
            let linkage_name = self.names.intern(linkage_name);
            table.told.insert(linkage_name, self.names.intern(name));
            return;
        }
        if die.name.is_some_and(takes_identity) && self.is_of_std(index) {
            let children = self.dies.children(index).map(|child| self.dies.get(child));
            let parameters = children.filter(|child| child.tag == gimli::DW_TAG_template_type_parameter);
            let parameters: Vec<_> = parameters.filter_map(|parameter| parameter.of).collect();
            let kind = die
                .name
                .and_then(holds_identity)
                .map(|kind| self.names.intern(kind));
            let linkage = self.names.intern(linkage_name);
            for of in parameters {
                let of = self.full_name(of);
                table.identified.push(of);
                table
                    .identities
                    .extend(kind.map(|kind| Identity { of, kind, linkage }));
            }
            return;
        }
        // Cheap for the many that are not: symbol names hold the prefixes as they are.
        if BODIES.iter().any(|prefix| linkage_name.contains(prefix)) {
            let name = self.names.intern(linkage_name);
            let describes = hot::is_description(self.names.path(name));
            if describes {
                let contents = self.type_parameters(index);
                table.contents.extend(contents);
            }
            // What describes a type gives the same kind of thing in every generation.
            if hot::is_body(self.names.path(name)) && !describes {
                let types = self.body_signature(name, index);
                table.signatures.push((name, types));
                let arguments = self.arguments(index);
                table.arguments.insert(name, arguments);
            }
            if hot::is_instance(self.names.path(name)) {
                let told = self.own_name(index);
                table.instances.insert(name, told);
            }
        } else if linkage_name.contains(MIGRATION_SYMBOL) {
            let migrates = self.type_parameters(index);
            table.migrates.extend(migrates);
        } else if self.is_method(index) {
            let name = self.names.intern(linkage_name);
            let mut types = self.signature(index);
            types.remove(1);
            table.methods.push((name, types));
        }
    }

    /// What an instance of a function has for its type parameters.
    fn type_parameters(&mut self, index: Index) -> Vec<Name> {
        let children = self.dies.children(index).map(|child| self.dies.get(child));
        let parameters = children.filter(|child| child.tag == gimli::DW_TAG_template_type_parameter);
        let types: Vec<_> = parameters.filter_map(|parameter| parameter.of).collect();
        types.into_iter().map(|of| self.full_name(of)).collect()
    }

    /// Whether a function of a crate other than the standard library takes `self`.
    fn is_method(&self, index: Index) -> bool {
        let mut parameters = self.dies.children(index).map(|child| self.dies.get(child));
        let first = parameters.find(|child| child.tag == gimli::DW_TAG_formal_parameter);
        first.is_some_and(|first| first.name == Some("self")) && !self.is_of_std(index)
    }

    fn is_of_std(&self, index: Index) -> bool {
        let around = self.dies.around(index).map(|index| self.dies.get(index));
        let outermost = around.filter(|die| die.tag == gimli::DW_TAG_namespace).last();
        outermost.is_some_and(|die| matches!(die.name, Some("core" | "alloc" | "std")))
    }

    /// What a function returns and takes.
    fn signature(&mut self, index: Index) -> Vec<Name> {
        let mut types = vec![self.type_name(self.dies.get(index).of)];
        for child in self.dies.children(index) {
            if self.dies.get(child).tag == gimli::DW_TAG_formal_parameter {
                types.push(self.type_name(self.dies.get(child).of));
            }
        }
        types
    }

    /// What counts of the signature of a body.
    fn body_signature(&mut self, body: Name, index: Index) -> Vec<Name> {
        if hot::is_closure(self.names.path(body)) {
            return self.closure_signature(index);
        }
        let is_server = self.names.path(body).starts_with(SERVE_PATH);
        let mut types = self.signature(index);
        if is_server
            && types
                .get(1)
                .is_some_and(|of| self.names.text(*of).starts_with(FUNCTION))
        {
            // A function has no state; the future that it returns is run by the code that made it.
            types.remove(1);
        }
        types
    }

    /// What a closure given to `call` returns and captures. Its own type says nothing: the numbers of closures change.
    fn closure_signature(&mut self, index: Index) -> Vec<Name> {
        let closure = self.dies.children(index).find_map(|child| {
            let child = self.dies.get(child);
            child.of.filter(|_| child.tag == gimli::DW_TAG_formal_parameter)
        });
        let mut types = vec![self.type_name(self.dies.get(index).of)];
        if let Some(closure) = closure {
            types.extend(self.captures(closure));
        }
        types
    }

    fn captures(&mut self, closure: Index) -> Vec<Name> {
        let members = self.dies.children(closure).map(|child| self.dies.get(child));
        let members = members.filter(|member| member.tag == gimli::DW_TAG_member);
        let types: Vec<_> = members.map(|member| member.of).collect();
        types.into_iter().map(|of| self.type_name(of)).collect()
    }

    /// What the arguments of a function are called; patterns have no names.
    fn arguments(&mut self, index: Index) -> Vec<Name> {
        let children = self.dies.children(index).map(|child| self.dies.get(child));
        let arguments = children.filter(|child| child.tag == gimli::DW_TAG_formal_parameter);
        let texts: Vec<_> = arguments
            .map(|argument| argument.name.unwrap_or_default())
            .collect();
        texts.into_iter().map(|text| self.names.intern(text)).collect()
    }

    /// What a pointer leads to: for a function pointer, what the function takes and returns.
    fn pointees(&mut self, of: Option<Index>) -> Vec<Name> {
        let Some(index) = of else {
            return Vec::new();
        };
        if self.dies.get(index).tag != gimli::DW_TAG_subroutine_type {
            return vec![self.full_name(index)];
        }
        let parameters = self.dies.children(index).map(|child| self.dies.get(child).of);
        let types: Vec<_> = std::iter::once(self.dies.get(index).of)
            .chain(parameters)
            .flatten()
            .collect();
        types.into_iter().map(|of| self.full_name(of)).collect()
    }

    fn plain(&mut self, index: Index) -> Type {
        Type {
            name: self.full_name(index),
            size: self.dies.get(index).size,
            align: self.dies.get(index).align,
            members: Vec::new(),
            variants: Vec::new(),
            enumerators: Vec::new(),
            leads_to: Vec::new(),
        }
    }

    fn enumeration(&mut self, index: Index) -> Type {
        let mut described = self.plain(index);
        for child in self.dies.children(index) {
            let value = self.dies.get(child).value.unwrap_or(0);
            let name = self.own_name(child);
            described.enumerators.push((name, value));
        }
        described.sort();
        described
    }

    fn structure(&mut self, index: Index) -> Type {
        let mut described = self.plain(index);
        // A marker holds nothing of the type that it names.
        let name = self.names.text(described.name);
        let is_marker = MARKERS.iter().any(|marker| name.starts_with(marker));
        for child in self.dies.children(index) {
            let of = self.dies.get(child).of;
            match self.dies.get(child).tag {
                gimli::DW_TAG_member => described.members.push(self.member(child)),
                gimli::DW_TAG_template_type_parameter if !is_marker => {
                    described.leads_to.push(self.type_name(of));
                }
                gimli::DW_TAG_variant_part => self.variants(child, &mut described),
                _ => {}
            }
        }
        described.sort();
        described
    }

    fn variants(&mut self, part: Index, described: &mut Type) {
        for index in self.dies.children(part) {
            // The discriminant.
            if self.dies.get(index).tag == gimli::DW_TAG_member {
                let discriminant = self.member(index);
                described.members.push(discriminant);
            }
            for content in self.dies.children(index) {
                if let (gimli::DW_TAG_member, Some(of)) =
                    (self.dies.get(content).tag, self.dies.get(content).of)
                {
                    let variant = self.variant(self.dies.get(index).value, self.dies.get(content).offset, of);
                    described.variants.push(variant);
                    described.leads_to.extend(self.parameters(of));
                }
            }
        }
    }

    /// The type parameters of a type: those of an enum are with its variants.
    fn parameters(&mut self, index: Index) -> Vec<Name> {
        let children = self.dies.children(index);
        let parameters =
            children.filter(|child| self.dies.get(*child).tag == gimli::DW_TAG_template_type_parameter);
        let types: Vec<_> = parameters
            .filter_map(|parameter| self.dies.get(parameter).of)
            .collect();
        types.into_iter().map(|of| self.full_name(of)).collect()
    }

    fn variant(&mut self, discriminant: Option<i128>, offset: u64, content: Index) -> Variant {
        let name = self.own_name(content);
        let mut members = Vec::new();
        for field in self.dies.children(content) {
            if self.dies.get(field).tag == gimli::DW_TAG_member {
                let member = self.member(field);
                members.push(Member {
                    offset: member.offset + offset,
                    ..member
                });
            }
        }
        Variant {
            name,
            discriminant,
            members,
        }
    }

    /// Whether an entry describes a type of the program, and not a vtable or the content of a variant.
    fn is_own_type(&self, index: Index) -> bool {
        let die = self.dies.get(index);
        !die.is_declaration && die.containing.is_none() && !self.is_variant(index)
    }

    /// Whether an entry is the content of a variant: it is described with its enum.
    fn is_variant(&self, index: Index) -> bool {
        self.dies.get(index).parent.is_some_and(|parent| {
            self.dies.get(parent).tag == gimli::DW_TAG_structure_type
                && self
                    .dies
                    .children(parent)
                    .any(|child| self.dies.get(child).tag == gimli::DW_TAG_variant_part)
        })
    }

    fn member(&mut self, index: Index) -> Member {
        Member {
            name: self.own_name(index),
            offset: self.dies.get(index).offset,
            of: self.type_name(self.dies.get(index).of),
        }
    }

    fn own_name(&mut self, index: Index) -> Name {
        let name = self.dies.get(index).name.unwrap_or_default();
        self.names.intern(name)
    }

    fn type_name(&mut self, of: Option<Index>) -> Name {
        match of {
            Some(index) => self.full_name(index),
            None => self.names.intern("()"),
        }
    }

    fn full_name(&mut self, index: Index) -> Name {
        if let Some(name) = self.full_names.get(&index) {
            return *name;
        }
        let text = self.full_text(index);
        let name = self.names.intern(&text);
        self.full_names.insert(index, name);
        name
    }

    fn full_text(&mut self, index: Index) -> String {
        let die = self.dies.get(index);
        match (die.name, die.tag) {
            (_, gimli::DW_TAG_compile_unit) => String::new(),
            (Some(name), gimli::DW_TAG_base_type | gimli::DW_TAG_pointer_type) => name.to_owned(),
            (Some(name), _) => match die.parent.map(|parent| self.full_name(parent)) {
                Some(parent) if !self.names.text(parent).is_empty() => {
                    format!("{}::{name}", self.names.text(parent))
                }
                _ => name.to_owned(),
            },
            (None, gimli::DW_TAG_array_type) => {
                let count = self
                    .dies
                    .children(index)
                    .find_map(|child| self.dies.get(child).value);
                let element = self.type_name(die.of);
                format!("[{}; {}]", self.names.text(element), count.unwrap_or(0))
            }
            (None, gimli::DW_TAG_pointer_type) => {
                let pointee = self.type_name(die.of);
                format!("*{}", self.names.text(pointee))
            }
            (None, _) => "_".to_owned(),
        }
    }
}

/// A reference to a function.
const FUNCTION: &str = "&fn(";

/// What the symbols of bodies contain, whatever the mangling.
const BODIES: [&str; 5] = [
    BODY_PREFIX,
    INSTANCE_PREFIX,
    CLOSURE_BODY_SYMBOL,
    STATE_BODY_SYMBOL,
    STATE_DESCRIPTION_SYMBOL,
];

/// Types that hold nothing of the types that they name. The future of a hot `async fn` is run by the code that made it,
/// and the value of a `State` is migrated.
const MARKERS: [&str; 3] = [
    STATE_TYPE,
    "core::marker::PhantomData<",
    "hotpatch_runtime::started::Started<",
];

/// The name of a function that has a `TypeId` in its code, without type arguments.
fn holds_identity(name: &str) -> Option<&str> {
    let name = name.split('<').next()?;
    matches!(name, "of" | "type_id").then_some(name)
}

/// Whether a function of this name is one of those that tell the identity of a type: `TypeId::of`, `Any::type_id` and
/// what compares them.
fn takes_identity(name: &str) -> bool {
    let name = name.split('<').next().unwrap_or_default();
    matches!(
        name,
        "of" | "type_id" | "is" | "downcast" | "downcast_ref" | "downcast_mut"
    )
}
