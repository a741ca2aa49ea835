//! A stripped program and its twin with symbols: patches are bound to the places of the twin, so these must be the
//! places of the program.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use object::read::{Object, ObjectSection, ObjectSegment, ReadCache};

use crate::build_id::BuildId;

/// What is loaded where.
#[derive(PartialEq, Eq)]
struct Places {
    segments: Vec<(u64, u64)>,
    sections: Vec<(String, u64, u64)>,
    code: Vec<u8>,
}

/// Whether two programs have the same build id, and everything that is loaded lies at the same address in both.
///
/// # Errors
///
/// One of them cannot be read.
pub(crate) fn agree(program: &Path, twin: &Path) -> Result<bool> {
    Ok(BuildId::of(program)? == BuildId::of(twin)? && places(program)? == places(twin)?)
}

fn places(program: &Path) -> Result<Places> {
    let read = || -> Result<_> {
        let cache = ReadCache::new(File::open(program)?);
        let file = object::File::parse(&cache)?;
        let mut sections = Vec::new();
        let mut code = Vec::new();
        // What is not loaded has no address.
        for section in file.sections().filter(|section| section.address() != 0) {
            let name = section.name()?.to_owned();
            if name == ".text" {
                code = section.data()?.to_vec();
            }
            sections.push((name, section.address(), section.size()));
        }
        let segments = file.segments();
        Ok(Places {
            segments: segments
                .map(|segment| (segment.address(), segment.size()))
                .collect(),
            sections,
            code,
        })
    };
    read().with_context(|| format!("cannot read `{}`", program.display()))
}
