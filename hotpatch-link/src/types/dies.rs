//! The debugging information entries of an object that tell about types, all units in one list. What lies inside
//! functions is left out: that is most of it, and no type is described there.

use gimli::{AttributeValue, DwTag, Expression, Operation, Unit};

use crate::debug_info::{self, DebugSections, Place, Slice};

/// An index into [`Dies`].
pub(super) type Index = usize;

/// One entry, with what types need of it.
pub(super) struct Die<'a> {
    pub(super) tag: DwTag,
    pub(super) parent: Option<Index>,
    /// The entry after the last one inside this one.
    end: Index,
    pub(super) name: Option<&'a str>,
    pub(super) linkage_name: Option<&'a str>,
    pub(super) of: Option<Index>,
    pub(super) containing: Option<Index>,
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) offset: u64,
    pub(super) value: Option<i128>,
    pub(super) is_declaration: bool,
    /// Where a variable lies that has no linkage name.
    pub(super) place: Option<Place>,
}

/// The entries of an object.
pub(super) struct Dies<'a> {
    all: Vec<Die<'a>>,
}

impl<'a> Dies<'a> {
    /// Reads all units of an object. An object without debug information has none.
    pub(super) fn read(sections: &'a DebugSections<'_>) -> Result<Self, gimli::Error> {
        let dwarf = sections.dwarf()?;
        let mut reader = Reader {
            dwarf: &dwarf,
            dies: Vec::new(),
            offsets: Vec::new(),
            references: Vec::new(),
        };
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            reader.unit(&dwarf.unit(header)?)?;
        }
        Ok(reader.finish())
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, index: Index) -> &Die<'a> {
        &self.all[index]
    }

    /// The entries directly inside an entry.
    pub(super) fn children(&self, index: Index) -> impl Iterator<Item = Index> {
        let mut next = index + 1;
        let end = self.all[index].end;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(next)?;
            next = self.all[child].end;
            Some(child)
        })
    }

    /// The entries around an entry, innermost first.
    pub(super) fn around(&self, index: Index) -> impl Iterator<Item = Index> {
        std::iter::successors(self.all[index].parent, |index| self.all[*index].parent)
    }
}

/// Where an entry lies in `.debug_info`.
type Offset = usize;

struct Reader<'a, 's> {
    dwarf: &'s gimli::Dwarf<Slice<'a>>,
    dies: Vec<Die<'a>>,
    /// Where each entry lies, in the order of the entries.
    offsets: Vec<Offset>,
    /// What entries name: their type, and the type that contains them. It may lie further on, or in another unit.
    references: Vec<(Option<Offset>, Option<Offset>)>,
}

impl<'a> Reader<'a, '_> {
    fn unit(&mut self, unit: &Unit<Slice<'a>>) -> Result<(), gimli::Error> {
        // The entries that are open, with their depths.
        let mut open: Vec<(Index, isize)> = Vec::new();
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let (offset, depth) = (entries.next_offset(), entries.next_depth());
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while let Some((last, _)) = open.pop_if(|(_, outer)| *outer >= depth) {
                self.dies[last].end = self.dies.len();
            }
            let parent = open.last().copied();
            let outer = parent.map(|(parent, _)| self.dies[parent].tag);
            let is_left_out = parent.is_some_and(|(_, outer)| outer + 1 < depth)
                || outer == Some(gimli::DW_TAG_subprogram) && !is_of_signature(abbreviation.tag());
            if is_left_out {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let index = self.dies.len();
            self.dies
                .push(Die::new(abbreviation.tag(), parent.map(|(parent, _)| parent)));
            self.offsets
                .push(offset.to_debug_info_offset(unit).map_or(0, |offset| offset.0));
            self.references.push((None, None));
            for attribute in abbreviation.attributes() {
                let attribute = entries.read_attribute(*attribute)?;
                self.attribute(unit, index, attribute.name(), attribute.value())?;
            }
            open.push((index, depth));
        }
        for (last, _) in open {
            self.dies[last].end = self.dies.len();
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        unit: &Unit<Slice<'a>>,
        index: Index,
        name: gimli::DwAt,
        value: AttributeValue<Slice<'a>>,
    ) -> Result<(), gimli::Error> {
        let die = &mut self.dies[index];
        match name {
            gimli::DW_AT_name => {
                die.name =
                    Some(self.dwarf.attr_string(unit, value)?.to_string()?).filter(|name| !name.is_empty());
            }
            gimli::DW_AT_linkage_name => {
                die.linkage_name = Some(self.dwarf.attr_string(unit, value)?.to_string()?);
            }
            gimli::DW_AT_type => self.references[index].0 = reference(unit, &value),
            gimli::DW_AT_containing_type => self.references[index].1 = reference(unit, &value),
            gimli::DW_AT_byte_size => die.size = value.udata_value().unwrap_or(0),
            gimli::DW_AT_alignment => die.align = value.udata_value().unwrap_or(0),
            gimli::DW_AT_data_member_location => die.offset = value.udata_value().unwrap_or(0),
            gimli::DW_AT_discr_value | gimli::DW_AT_const_value | gimli::DW_AT_count => {
                die.value = number(&value);
            }
            gimli::DW_AT_declaration => die.is_declaration = true,
            gimli::DW_AT_location if die.tag == gimli::DW_TAG_variable => {
                if let AttributeValue::Exprloc(expression) = value {
                    self.dies[index].place = self.place(unit, expression)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn place(
        &self,
        unit: &Unit<Slice<'a>>,
        expression: Expression<Slice<'a>>,
    ) -> Result<Option<Place>, gimli::Error> {
        let address = match expression.operations(unit.encoding()).next()? {
            Some(Operation::Address { address }) => address,
            Some(Operation::AddressIndex { index }) => self.dwarf.address(unit, index)?,
            _ => return Ok(None),
        };
        Ok(debug_info::place(address))
    }

    fn finish(mut self) -> Dies<'a> {
        let offsets = self.offsets;
        let index = |offset: Option<Offset>| offsets.binary_search(&offset?).ok();
        for (die, (of, containing)) in self.dies.iter_mut().zip(self.references) {
            die.of = index(of);
            die.containing = index(containing);
        }
        Dies { all: self.dies }
    }
}

impl Die<'_> {
    fn new(tag: DwTag, parent: Option<Index>) -> Self {
        Self {
            tag,
            parent,
            end: 0,
            name: None,
            linkage_name: None,
            of: None,
            containing: None,
            size: 0,
            align: 0,
            offset: 0,
            value: None,
            is_declaration: false,
            place: None,
        }
    }
}

fn is_of_signature(tag: DwTag) -> bool {
    tag == gimli::DW_TAG_formal_parameter || tag == gimli::DW_TAG_template_type_parameter
}

fn reference<'a>(unit: &Unit<Slice<'a>>, value: &AttributeValue<Slice<'a>>) -> Option<Offset> {
    match value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(unit).map(|offset| offset.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}

fn number(value: &AttributeValue<Slice<'_>>) -> Option<i128> {
    value
        .sdata_value()
        .map(i128::from)
        .or_else(|| value.udata_value().map(i128::from))
}
