//! The manifest by which a module says what it offers: the one thing that a host knows of a module before it calls it.
//!
//! It is plain C, so that modules can be written in any language: [`MODULE_SYMBOL`] is a symbol of the library, a
//! constant [`Module`] that lives as long as the library. A module for a sandbox exports it in the same way, with
//! the widths of that machine.

use core::ffi::c_void;
use core::fmt;

/// The symbol of a library that is its [`Module`].
pub const MODULE_SYMBOL: &str = "HOTPATCH_MODULE_V1";

/// What the manifest of a module begins with: `HOTPMOD1` in the bytes of a little-endian machine.
pub const MODULE_MAGIC: u64 = 0x3144_4f4d_5054_4f48;

/// The version of everything in this file. Raise it when the layout or the meaning of any of it changes.
pub const MODULE_ABI_VERSION: u32 = 1;

/// The status of a call whose function panicked, or threw what its language throws.
pub const STATUS_PANICKED: i32 = -1;

/// The status of a call of a function that no loaded module offers and that has no fallback.
pub const STATUS_UNAVAILABLE: i32 = -2;

/// The status of a call that the sandbox stopped.
pub const STATUS_STOPPED: i32 = -3;

/// The status of a call that gave back what no value of the type can be.
pub const STATUS_BAD_VALUE: i32 = -4;

/// A function of a module. `input` and `output` are what both sides agreed on; `host_state` is what the host was made
/// with. 0 is success; everything else is an error of the module, and says what it means to.
///
/// Positive values are the module's own errors, negative ones those of this ABI.
///
/// # Safety
///
/// `input` and `output` point to values of the types that the signature of the function stands for.
pub type ModuleFn =
    unsafe extern "C" fn(host_state: *mut c_void, input: *const c_void, output: *mut c_void) -> i32;

/// Runs when a module is loaded, before any of its functions can be called. Anything but 0 refuses the module.
pub type OnLoad = unsafe extern "C" fn(host_state: *mut c_void) -> i32;

/// Runs when a module has left, after its last call has ended.
pub type OnUnload = unsafe extern "C" fn(host_state: *mut c_void);

/// Runs instead of [`OnLoad`] when a module replaces one of the same name, whose version is `old_version`. Anything but 0
/// refuses the module, and the old one stays.
pub type OnReload = unsafe extern "C" fn(host_state: *mut c_void, old_version: *const ModuleVersion) -> i32;

/// A text in UTF-8 that is not ended by a zero.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleText {
    /// Where it begins.
    pub data: *const u8,
    /// How many bytes it has.
    pub len: usize,
}

/// A semantic version.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleVersion {
    /// Raised by changes that users of the module must follow.
    pub major: u32,
    /// Raised by additions.
    pub minor: u32,
    /// Raised by everything else.
    pub patch: u32,
}

impl ModuleVersion {
    /// `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A contract that a module fulfils: a version of a list of functions that both sides know by name.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleContract {
    /// The name.
    pub name: ModuleText,
    /// The version of the contract that the module was written for.
    pub version: ModuleVersion,
}

/// A function that a module offers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleFunction {
    /// The name, unique within the module.
    pub name: ModuleText,
    /// The hash of the types of input and output; 0 where nobody has agreed on any.
    pub signature: u64,
    /// How many bytes `input` points to.
    pub input_size: u32,
    /// How many bytes `output` points to.
    pub output_size: u32,
    /// The function.
    pub function: ModuleFn,
    /// The signature as written, for messages. May be empty.
    pub shown: ModuleText,
    /// What `signature` is the hash of: a line for each fact of the types. It tells which fact differs where two hashes
    /// do. May be empty.
    pub layout: ModuleText,
}

/// Another module that a module needs.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleDependency {
    /// Its name.
    pub name: ModuleText,
    /// The lowest version that will do. One with another major number will not.
    pub at_least: ModuleVersion,
}

/// The manifest of a module.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// [`MODULE_MAGIC`].
    pub magic: u64,
    /// [`MODULE_ABI_VERSION`].
    pub abi_version: u32,
    /// The size of this record in bytes.
    pub struct_size: u32,
    /// The name of the module. A module replaces the one of the same name.
    pub name: ModuleText,
    /// The version of the module.
    pub version: ModuleVersion,
    /// The lowest version of the host that the module works with. One with another major number will not do. 0.0.0 stands
    /// for every host.
    pub required_host: ModuleVersion,
    /// The first of the functions.
    pub functions: *const ModuleFunction,
    /// How many functions there are.
    pub function_count: usize,
    /// The first of the modules that this one needs.
    pub dependencies: *const ModuleDependency,
    /// How many modules it needs.
    pub dependency_count: usize,
    /// The first of the contracts that this module fulfils.
    pub contracts: *const ModuleContract,
    /// How many contracts it fulfils.
    pub contract_count: usize,
    /// See [`OnLoad`].
    pub on_load: Option<OnLoad>,
    /// See [`OnUnload`].
    pub on_unload: Option<OnUnload>,
    /// See [`OnReload`]. Without it, [`OnLoad`] runs.
    pub on_reload: Option<OnReload>,
}

// SAFETY: a manifest and what it points to are constants; the functions may be called from every thread, which is part of
// what a module promises.
#[allow(unsafe_code)]
unsafe impl Sync for Module {}
