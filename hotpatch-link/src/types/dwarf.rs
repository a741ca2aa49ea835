//! Reads the types of an object from its debugging information entries.

use hotpatch_abi::names::BODY_PREFIX;
use rustc_hash::FxHashMap as HashMap;

use super::dies::{Die, Dies, Index};
use super::table::{Member, Type, TypeTable, Variant};
use crate::hot;
use crate::names::{Name, Names};
use crate::object_file::ObjectFile;

impl TypeTable {
    /// Reads the types of an object. An object without debug information has none.
    ///
    /// # Errors
    ///
    /// The debug information is malformed.
    pub(crate) fn read(object: &ObjectFile, names: &mut Names) -> Result<Self, gimli::Error> {
        let mut table = Self::default();
        let dies = Dies::read(object)?.all;
        let count = dies.len();
        let mut reader = Reader {
            names,
            dies,
            full_names: HashMap::default(),
        };
        for index in 0..count {
            reader.note(index, &mut table);
        }
        Ok(table)
    }
}

struct Reader<'n> {
    names: &'n mut Names,
    dies: Vec<Die>,
    full_names: HashMap<Index, Name>,
}

impl Reader<'_> {
    fn note(&mut self, index: Index, table: &mut TypeTable) {
        let die = &self.dies[index];
        match die.tag {
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type if !die.is_declaration => {
                if let (Some(containing), Some(text)) = (die.containing, &die.name)
                    && let Some(trait_name) = implemented_trait(text)
                {
                    let trait_name = trait_name.to_owned();
                    let implementor = self.type_name(Some(containing));
                    table
                        .implementors
                        .push((self.names.intern(&trait_name), implementor));
                    return;
                }
                let described = self.structure(index);
                table.types.push(described);
            }
            gimli::DW_TAG_enumeration_type if !die.is_declaration => {
                let size = die.size;
                let name = self.full_name(index);
                let mut enumerators = Vec::new();
                for child in &self.dies[index].children.clone() {
                    let value = self.dies[*child].value.unwrap_or(0);
                    let name = self.dies[*child].name.clone().unwrap_or_default();
                    enumerators.push((self.names.intern(&name), value));
                }
                table.types.push(self.plain(name, size, Vec::new(), enumerators));
            }
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_array_type => {
                let of = die.of;
                let name = self.full_name(index);
                let leads_to = self.pointees(of);
                table.types.push(self.plain(name, 0, leads_to, Vec::new()));
            }
            gimli::DW_TAG_variable => {
                if let (Some(linkage_name), of @ Some(_)) = (die.linkage_name.clone(), die.of) {
                    let of = self.type_name(of);
                    table.statics.push((self.names.intern(&linkage_name), of));
                }
            }
            gimli::DW_TAG_subprogram => {
                // Cheap for the many that are not: demangled names hold the prefix as it is.
                let Some(text) = die
                    .linkage_name
                    .as_ref()
                    .filter(|name| name.contains(BODY_PREFIX))
                else {
                    return;
                };
                let (name, returned) = (self.names.intern(text), die.of);
                if !hot::is_body(self.names.path(name)) {
                    return;
                }
                let mut types = vec![self.type_name(returned)];
                for child in &self.dies[index].children.clone() {
                    if self.dies[*child].tag == gimli::DW_TAG_formal_parameter {
                        let of = self.dies[*child].of;
                        types.push(self.type_name(of));
                    }
                }
                table.signatures.push((name, types));
            }
            _ => {}
        }
    }

    /// What a pointer leads to: for a function pointer, what the function takes and returns.
    fn pointees(&mut self, of: Option<Index>) -> Vec<Name> {
        let Some(index) = of else {
            return Vec::new();
        };
        if self.dies[index].tag != gimli::DW_TAG_subroutine_type {
            return vec![self.full_name(index)];
        }
        let parameters = self.dies[index].children.iter().map(|child| self.dies[*child].of);
        let types: Vec<_> = std::iter::once(self.dies[index].of)
            .chain(parameters)
            .flatten()
            .collect();
        types.into_iter().map(|of| self.type_name(Some(of))).collect()
    }

    fn plain(&self, name: Name, size: u64, leads_to: Vec<Name>, enumerators: Vec<(Name, i128)>) -> Type {
        Type {
            name,
            size,
            members: Vec::new(),
            variants: Vec::new(),
            enumerators,
            leads_to,
        }
    }

    fn structure(&mut self, index: Index) -> Type {
        let name = self.full_name(index);
        let mut described = self.plain(name, self.dies[index].size, Vec::new(), Vec::new());
        for child in &self.dies[index].children.clone() {
            let of = self.dies[*child].of;
            match self.dies[*child].tag {
                gimli::DW_TAG_member => described.members.push(self.member(*child)),
                gimli::DW_TAG_template_type_parameter => described.leads_to.push(self.type_name(of)),
                gimli::DW_TAG_variant_part => {
                    for variant in &self.dies[*child].children.clone() {
                        if self.dies[*variant].tag == gimli::DW_TAG_member {
                            let discriminant = self.member(*variant);
                            described.members.push(discriminant);
                        }
                        for content in &self.dies[*variant].children.clone() {
                            if self.dies[*content].tag == gimli::DW_TAG_member {
                                let discriminant = self.dies[*variant].value;
                                let content = self.member(*content);
                                described.variants.push(Variant {
                                    discriminant,
                                    content,
                                });
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        described
    }

    fn member(&mut self, index: Index) -> Member {
        let (offset, of) = (self.dies[index].offset, self.dies[index].of);
        let name = self.dies[index].name.clone().unwrap_or_default();
        Member {
            name: self.names.intern(&name),
            offset,
            of: self.type_name(of),
        }
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
        let name = self.names.intern(&self.full_text(index));
        self.full_names.insert(index, name);
        name
    }

    fn full_text(&self, index: Index) -> String {
        let die = &self.dies[index];
        match (&die.name, die.tag) {
            (_, gimli::DW_TAG_compile_unit) => String::new(),
            (Some(name), gimli::DW_TAG_base_type | gimli::DW_TAG_pointer_type) => name.clone(),
            (Some(name), _) => match die.parent.map(|parent| self.full_text(parent)) {
                Some(parent) if !parent.is_empty() => format!("{parent}::{name}"),
                _ => name.clone(),
            },
            (None, gimli::DW_TAG_array_type) => {
                let element = die.of.map(|index| self.full_text(index));
                let count = self.dies[index + 1..]
                    .iter()
                    .take_while(|child| child.parent == Some(index))
                    .find_map(|child| child.value);
                format!("[{}; {}]", element.unwrap_or_default(), count.unwrap_or(0))
            }
            (None, gimli::DW_TAG_pointer_type) => {
                let pointee = die.of;
                format!(
                    "*{}",
                    pointee.map_or_else(|| "()".to_owned(), |index| self.full_text(index))
                )
            }
            (None, _) => "_".to_owned(),
        }
    }
}

/// The trait in `<game::Square as game::Shape>::{vtable_type}`.
fn implemented_trait(name: &str) -> Option<&str> {
    let inner = name.strip_suffix(">::{vtable_type}")?;
    inner.rsplit_once(" as ").map(|(_, name)| name)
}
