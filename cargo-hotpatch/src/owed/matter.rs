//! What a file has to do with the build, where it is not simply a source of the program.

use std::path::PathBuf;

use hotpatch_abi::code::{self, Code};
use serde::{Deserialize, Serialize};

use crate::rustc_args::UnitKey;

/// What the file is. In the order in which changes are told when several are saved together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Matter {
    /// The compiler itself, or a script that stands before it.
    Compiler,
    /// `rust-toolchain.toml`, or the settings of rustup: it chooses the compiler.
    Toolchain,
    /// Flags or variables with which cargo is called. No file.
    Circumstances,
    /// `Cargo.toml`.
    Manifest,
    /// `Cargo.lock`.
    Lock,
    /// `.cargo/config.toml`.
    Config,
    /// The file that would give a package without a library one.
    NewLibrary,
    /// The file that would give a package without a build script one.
    NewBuildScript,
    /// A source of the build script of the package in this folder.
    BuildScript(PathBuf),
    /// A file that the build script of the package in this folder reads.
    BuildScriptInput(PathBuf),
    /// A source of this proc macro.
    ProcMacro(UnitKey),
    /// A source of a path dependency that lies outside the workspace: its name, and the crate.
    Outside(String, UnitKey),
    /// A source of hotpatch itself.
    Own,
}

impl Matter {
    /// The code of the restart that a change needs.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Manifest | Self::Lock | Self::NewLibrary => code::BUILD_INPUT,
            Self::NewBuildScript | Self::BuildScript(_) | Self::BuildScriptInput(_) | Self::ProcMacro(_) => {
                code::BUILD_TOOL
            }
            Self::Compiler | Self::Toolchain | Self::Circumstances | Self::Config => code::COMPILER,
            Self::Outside(..) => code::OUTSIDE,
            Self::Own => code::OWN_CRATES,
        }
    }

    /// Whether cargo reads the file to decide what to build, and may have something to say about it.
    pub(crate) fn is_read_by_cargo(&self) -> bool {
        matches!(
            self,
            Self::Manifest | Self::Lock | Self::Config | Self::NewLibrary | Self::NewBuildScript
        )
    }

    /// Whether what the file said when the program was built must be known, to tell what changed.
    pub(crate) fn is_settings(&self) -> bool {
        matches!(self, Self::Manifest | Self::Lock | Self::Config | Self::Toolchain)
    }
}
