//! What a program has as built: the bodies of its hot functions, its instances, the room for new thread-locals.

use std::ops::Range;

use hotpatch_abi::names::RESERVE_PREFIX;
use rustc_hash::FxHashMap as HashMap;

use crate::elf::program::{DefinitionKind, LinkedImage};
use crate::hot;
use crate::instances::{self, KnownInstances};
use crate::live::{BASE, LiveBody, Version};
use crate::names::{Name, Names};
use crate::program::Program;

/// The instances of a program as built.
pub(crate) fn instances(program: &Program, names: &Names) -> KnownInstances {
    KnownInstances::of(instances::instances(program, names), |instance| {
        let bodies = instance.bodies.iter();
        bodies
            .map(|body| Version {
                image: BASE,
                atom: body.atom,
            })
            .collect()
    })
}

/// The bodies of the hot functions of a program as built. Those that have several are refused when they change.
pub(crate) fn functions(program: &Program, names: &Names) -> HashMap<Name, LiveBody> {
    let functions = hot::functions(program, names).into_iter();
    let bodies = functions.filter_map(|function| {
        let hot::Body { atom, linkage } = function.body().ok()?;
        let body = LiveBody {
            version: Version { image: BASE, atom },
            linkage,
            types: function.types,
        };
        Some((function.entry.path, body))
    });
    bodies.collect()
}

/// The room for thread-locals that patches add, in the block of thread-locals of a program. Its closures have names
/// that begin alike.
pub(crate) fn reserve(program: &LinkedImage, names: &Names) -> Range<u64> {
    let definitions = program
        .symbols
        .iter()
        .filter(|(name, _)| names.path(**name).starts_with(RESERVE_PREFIX))
        .flat_map(|(_, definitions)| definitions);
    definitions
        .filter(|definition| definition.kind == DefinitionKind::ThreadLocal)
        .map(|definition| definition.st_value..definition.st_value + definition.size)
        .max_by_key(|room| room.end - room.start)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::elf::program::Definition;

    use super::*;

    /// The order in which the symbols of a program are met is not fixed: every order must give the room.
    #[test]
    fn the_reserve_is_the_thread_local_and_not_its_closures() {
        for numbers in 1..20 {
            let mut names = Names::default();
            let mut program = LinkedImage::default();
            let mut define = |name: String, kind, size| {
                let definition = Definition {
                    st_value: 64,
                    size,
                    kind,
                };
                program.symbols.insert(names.intern(&name), vec![definition]);
            };
            define(format!("{RESERVE_PREFIX}VAL"), DefinitionKind::ThreadLocal, 1024);
            for number in 0..numbers {
                define(
                    format!("{RESERVE_PREFIX}closure{number}"),
                    DefinitionKind::Code,
                    9,
                );
            }
            assert_eq!(reserve(&program, &names), 64..64 + 1024);
        }
        assert!(reserve(&LinkedImage::default(), &Names::default()).is_empty());
    }
}
