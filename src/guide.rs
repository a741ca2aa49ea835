//! How to use hotpatch, chapter by chapter.
//!
//! The same pages lie in `docs/guide` of the repository, as plain Markdown.

/// A chapter as a module. The chapters link to each other by names that they define at their end as files. In here the same
/// names are modules: the first definition of a name counts.
macro_rules! chapters {
    ($($name:ident $file:literal)*) => {
        $(
            #[doc = "
[quick-start]: crate::guide::quick_start
[patched]: crate::guide::what_can_be_patched
[attribute]: crate::guide::attribute
[safe-points]: crate::guide::safe_points
[state]: crate::guide::state
[migrations]: crate::guide::migrations
[statics]: crate::guide::state#statics
[thread-locals]: crate::guide::state#thread-locals
[layouts]: crate::guide::state#layouts
[async]: crate::guide::async_programs
[terminal]: crate::guide::terminal
[workspaces]: crate::guide::workspaces
[crates]: crate::guide::workspaces#which-crates-an-edit-compiles
[release]: crate::guide::release
[policies]: crate::guide::policies
[modules]: crate::guide::modules
[sandbox]: crate::guide::sandbox
[profiles]: crate::guide::release#profiles
[servers]: crate::guide::servers
[unloading]: crate::guide::servers#unloading
[contracts]: crate::guide::contracts
[scripts]: crate::guide::scripts
[how-it-works]: crate::guide::how_it_works
[troubleshooting]: crate::guide::troubleshooting
[limits]: crate::guide::limits
[codes]: crate::Code
[events]: crate::guide::events
[editors]: crate::guide::editors
[details]: crate::guide::debugging_in_detail
[architecture]: crate::guide::architecture
[corpus]: crate::guide::corpus

"]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

chapters! {
    quick_start "../docs/guide/src/quick-start.md"
    what_can_be_patched "../docs/guide/src/what-can-be-patched.md"
    attribute "../docs/guide/src/attribute.md"
    safe_points "../docs/guide/src/safe-points.md"
    state "../docs/guide/src/state.md"
    migrations "../docs/guide/src/migrations.md"
    async_programs "../docs/guide/src/async.md"
    terminal "../docs/guide/src/terminal.md"
    tests "../docs/guide/src/tests.md"
    workspaces "../docs/guide/src/workspaces.md"
    release "../docs/guide/src/release.md"
    servers "../docs/guide/src/servers.md"
    policies "../docs/guide/src/policies.md"
    modules "../docs/guide/src/modules.md"
    contracts "../docs/guide/src/contracts.md"
    scripts "../docs/guide/src/scripts.md"
    debugging "../docs/guide/src/debugging.md"
    how_it_works "../docs/guide/src/how-it-works.md"
    troubleshooting "../docs/guide/src/troubleshooting.md"
    limits "../docs/guide/src/limits.md"
    events "../docs/events.md"
    editors "../docs/editors.md"
    debugging_in_detail "../docs/debugging.md"
    architecture "../ARCHITECTURE.md"
    corpus "../tests/corpus/README.md"
}

// Its code is tested with `hotpatch-module`, since nobody should build a sandbox to try an example of `hotpatch`.
#[cfg(not(doctest))]
chapters! {
    sandbox "../docs/guide/src/sandbox.md"
}

/// The program in README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}
