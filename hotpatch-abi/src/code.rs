//! The stable codes of refusals and of restarts, grouped by family.

use core::fmt;

/// A stable code. Its meaning never changes; a code that is no longer used is never given to something else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

impl Code {
    /// The code as written, for example `HP0102`.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)*

        /// Every code with its one-line meaning, in order.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),+))),*];
    };
}

codes! {
    /// The platform is not supported yet: only x86_64 Linux is.
    PLATFORM = "HP0101";
    /// The patch was built for another program: the build ids differ.
    BUILD_ID = "HP0102";
    /// The profile uses link-time optimisation, which leaves no objects to compare.
    LTO = "HP0103";
    /// The program was linked without the symbols that patches are bound to.
    STRIP = "HP0104";
    /// Tool and runtime speak different versions of the ABI.
    ABI = "HP0105";
    /// The compiler wrote a relocation or section that the patch linker does not know.
    RELOCATION = "HP0106";
    /// The program does not use hotpatch, or its runtime did not attach.
    NOT_ATTACHED = "HP0107";
    /// The linker of the program or of the patch failed.
    LINK = "HP0108";
    /// A flag makes the compiler write code that no patch can be bound to.
    CODE_GENERATION = "HP0109";
    /// The signature of a hot function changed in a way that has no safe binding.
    SIGNATURE = "HP0201";
    /// Which function of the process is meant cannot be told.
    GENERIC = "HP0202";
    /// A type that live state contains changed its layout.
    LAYOUT = "HP0203";
    /// The type or the size of a static that keeps its value changed.
    STATIC_LAYOUT = "HP0301";
    /// A new thread-local has no room in the running process.
    NEW_THREAD_LOCAL = "HP0302";
    /// The edit changes only what happens when the program starts: constructors, `inventory`, `linkme`.
    START = "HP0303";
    /// The changed code is not reached by any hot function.
    UNREACHABLE = "HP0401";
    /// The edit changes the runtime or the tool itself.
    OWN_CRATES = "HP0402";
    /// The edit changes what cargo builds: a manifest, the lock file, features or dependencies.
    BUILD_INPUT = "HP0403";
    /// The edit changes what runs during the build: a build script, what it reads, or a proc macro.
    BUILD_TOOL = "HP0404";
    /// The compiler, its flags or its environment are not those that the program was built with.
    COMPILER = "HP0405";
    /// The edit is in a path dependency outside the workspace, which is not compiled for patches.
    OUTSIDE = "HP0406";
    /// The patch file is damaged, cut short or not a patch file.
    PATCH_FILE = "HP0501";
    /// The peer or its token is not the one of this run.
    PEER = "HP0502";
    /// The patch does not follow on the generation that the process runs.
    PARENT = "HP0601";
    /// The dynamic loader did not take the patch image.
    LOAD = "HP0602";
    /// The patch names an entry or a place that the process does not have.
    PLACE = "HP0603";
    /// The process ended, or its control channel closed, before it answered.
    NO_ANSWER = "HP0604";
    /// The request cannot be carried out here and now, for example from inside an event callback.
    BUSY = "HP0605";
    /// The generation to go back to is not kept, or never was.
    GENERATION = "HP0606";
    /// The program vetoed the patch or the roll-back.
    VETO = "HP0607";
    /// Calls of what the patch changes did not end in time.
    DRAIN = "HP0608";
    /// A value in a `State` could not be migrated to the type that it would have.
    MIGRATION = "HP0609";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
