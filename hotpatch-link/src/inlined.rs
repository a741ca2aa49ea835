//! Which functions the compiler inlined where, as the debug information of an object tells it.

use std::ops::Range;

use gimli::{AttributeValue, EntriesRaw, Unit};
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::debug_info::{self, DebugSections, Slice};
use crate::object_file::{ObjectFile, SectionId};

/// The debug sections that tell it and refer to others or to code.
const RELOCATED: [&str; 5] = [
    ".debug_info",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_ranges",
    ".debug_rnglists",
];
/// Those that are only looked into.
const PLAIN: [&str; 4] = [".debug_abbrev", ".debug_str", ".debug_line", ".debug_line_str"];

/// The inlined copies of functions in one object.
#[derive(Debug, Default)]
pub(crate) struct Inlined {
    /// Linkage names.
    names: Vec<Box<str>>,
    known: HashSet<Box<str>>,
    /// By the function that they became part of, outer ones before those inside them.
    by_section: HashMap<SectionId, Vec<Copy>>,
}

/// One inlined copy.
#[derive(Debug)]
pub(crate) struct Copy {
    name: usize,
    /// Where its code is, what was inlined into it included.
    pub(crate) ranges: Vec<Range<u64>>,
    /// The copy that it is part of, among those of the same function.
    outer: Option<usize>,
}

impl Copy {
    pub(crate) fn contains(&self, offset: u64) -> bool {
        self.ranges.iter().any(|range| range.contains(&offset))
    }
}

impl Inlined {
    /// Reads an object. One without debug information, or with damaged one, tells nothing.
    pub(crate) fn of(object: &ObjectFile) -> Self {
        let sections = DebugSections::of(object, &RELOCATED, &PLAIN);
        sections
            .dwarf()
            .and_then(|dwarf| Reader::read(&dwarf))
            .unwrap_or_default()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether a function has copies in others.
    pub(crate) fn has(&self, linkage: &str) -> bool {
        self.known.contains(linkage)
    }

    /// The copies of a function in others: these, and the indices of the copies in them.
    pub(crate) fn copies<'a>(&'a self, linkage: &'a str) -> impl Iterator<Item = (SectionId, usize)> + 'a {
        let sections = self.by_section.iter().filter(|_| self.has(linkage));
        sections.flat_map(move |(section, copies)| {
            let indices = (0..copies.len()).filter(move |index| &*self.names[copies[*index].name] == linkage);
            indices.map(move |index| (*section, index))
        })
    }

    pub(crate) fn copy(&self, section: SectionId, index: usize) -> &Copy {
        &self.by_section[&section][index]
    }

    pub(crate) fn name(&self, section: SectionId, index: usize) -> &str {
        &self.names[self.copy(section, index).name]
    }

    /// The copies that a place of a function lies in, outer ones first.
    pub(crate) fn around(&self, section: SectionId, offset: u64) -> Vec<usize> {
        let copies = self.by_section.get(&section).map_or(&[][..], Vec::as_slice);
        (0..copies.len())
            .filter(|index| copies[*index].contains(offset))
            .collect()
    }

    /// What was inlined into a function, by linkage name, outer ones before what is inside of them.
    pub(crate) fn all(&self, section: SectionId) -> impl Iterator<Item = &str> {
        let copies = self.by_section.get(&section).map_or(&[][..], Vec::as_slice);
        copies.iter().map(|copy| &*self.names[copy.name])
    }

    /// The copies that a copy is part of, outer ones first.
    pub(crate) fn outer(&self, section: SectionId, index: usize) -> Vec<usize> {
        let mut outer = Vec::new();
        let mut next = self.copy(section, index).outer;
        while let Some(index) = next {
            outer.push(index);
            next = self.copy(section, index).outer;
        }
        outer.reverse();
        outer
    }
}

/// An entry of `.debug_info` by its place.
type Place = usize;

/// A copy that the reader is inside of.
struct Raw {
    depth: isize,
    section: SectionId,
    index: usize,
}

#[derive(Default)]
struct Reader {
    linkage_names: HashMap<Place, Box<str>>,
    /// Of functions that are described in two places: the other one.
    described_at: HashMap<Place, Place>,
    origins: HashMap<Place, usize>,
    /// Where the function of each index is described.
    places: Vec<Place>,
    by_section: HashMap<SectionId, Vec<Copy>>,
}

impl Reader {
    fn read(dwarf: &gimli::Dwarf<Slice<'_>>) -> Result<Inlined, gimli::Error> {
        let mut reader = Self::default();
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            reader.unit(dwarf, &dwarf.unit(header)?)?;
        }
        Ok(reader.finish())
    }

    fn unit<'a>(
        &mut self,
        dwarf: &gimli::Dwarf<Slice<'a>>,
        unit: &Unit<Slice<'a>>,
    ) -> Result<(), gimli::Error> {
        let mut outer: Vec<Raw> = Vec::new();
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let place = entries
                .next_offset()
                .to_debug_info_offset(unit)
                .map_or(0, |place| place.0);
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            outer.retain(|raw| raw.depth < depth);
            match abbreviation.tag() {
                gimli::DW_TAG_subprogram => {
                    let entry = self.attributes(dwarf, unit, &mut entries, abbreviation)?;
                    self.linkage_names
                        .extend(entry.linkage_name.map(|name| (place, name)));
                    self.described_at
                        .extend(entry.described_at.map(|other| (place, other)));
                }
                gimli::DW_TAG_inlined_subroutine => {
                    let entry = self.attributes(dwarf, unit, &mut entries, abbreviation)?;
                    outer.extend(self.copy(depth, &entry, outer.last()));
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
        }
        Ok(())
    }

    fn copy(&mut self, depth: isize, entry: &Entry, outer: Option<&Raw>) -> Option<Raw> {
        let origin = entry.described_at?;
        let (section, _) = debug_info::place(entry.ranges.first()?.start)?;
        let within = |range: &Range<u64>| {
            let (of, start) = debug_info::place(range.start)?;
            (of == section).then(|| start..start + (range.end - range.start))
        };
        let next = self.places.len();
        let name = *self.origins.entry(origin).or_insert(next);
        if name == next {
            self.places.push(origin);
        }
        let copies = self.by_section.entry(section).or_default();
        copies.push(Copy {
            name,
            ranges: entry.ranges.iter().filter_map(within).collect(),
            outer: outer.filter(|raw| raw.section == section).map(|raw| raw.index),
        });
        Some(Raw {
            depth,
            section,
            index: copies.len() - 1,
        })
    }

    fn attributes<'a>(
        &self,
        dwarf: &gimli::Dwarf<Slice<'a>>,
        unit: &Unit<Slice<'a>>,
        entries: &mut EntriesRaw<'_, Slice<'a>>,
        abbreviation: &gimli::Abbreviation,
    ) -> Result<Entry, gimli::Error> {
        let mut entry = Entry::default();
        let (mut start, mut end) = (None, None);
        for specification in abbreviation.attributes() {
            let attribute = entries.read_attribute(*specification)?;
            let value = attribute.value();
            match attribute.name() {
                gimli::DW_AT_linkage_name => {
                    let text = dwarf.attr_string(unit, value)?.to_string_lossy();
                    entry.linkage_name = Some(text.into());
                }
                gimli::DW_AT_specification | gimli::DW_AT_abstract_origin => {
                    entry.described_at = match value {
                        AttributeValue::UnitRef(at) => at.to_debug_info_offset(unit).map(|at| at.0),
                        AttributeValue::DebugInfoRef(at) => Some(at.0),
                        _ => None,
                    };
                }
                gimli::DW_AT_low_pc => start = dwarf.attr_address(unit, value)?,
                gimli::DW_AT_high_pc => {
                    end = match value {
                        AttributeValue::Udata(len) => start.map(|start| start + len),
                        value => dwarf.attr_address(unit, value)?,
                    };
                }
                gimli::DW_AT_ranges if abbreviation.tag() == gimli::DW_TAG_inlined_subroutine => {
                    if let Some(mut ranges) = dwarf.attr_ranges(unit, value)? {
                        while let Some(range) = ranges.next()? {
                            entry.ranges.push(range.begin..range.end);
                        }
                    }
                }
                _ => {}
            }
        }
        entry.ranges.extend(start.zip(end).map(|(start, end)| start..end));
        Ok(entry)
    }

    fn finish(self) -> Inlined {
        let name = |place: &Place| {
            let other = self.described_at.get(place);
            let described = [Some(place), other].into_iter().flatten();
            let mut names = described.filter_map(|place| self.linkage_names.get(place));
            names.next().cloned().unwrap_or_default()
        };
        let names: Vec<_> = self.places.iter().map(name).collect();
        Inlined {
            known: names.iter().cloned().collect(),
            names,
            by_section: self.by_section,
        }
    }
}

/// What is read of one entry.
#[derive(Default)]
struct Entry {
    linkage_name: Option<Box<str>>,
    described_at: Option<Place>,
    ranges: Vec<Range<u64>>,
}
