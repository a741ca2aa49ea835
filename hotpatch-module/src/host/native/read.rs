//! Reads the manifest of a library that may lie: nothing is believed before it is checked, and nothing is read that does not
//! belong to the library.

use std::mem::offset_of;

use hotpatch_runtime::module_host::Library;

use crate::abi::{
    MODULE_ABI_VERSION, MODULE_MAGIC, Module, ModuleContract, ModuleDependency, ModuleFunction, ModuleText,
    ModuleVersion,
};
use crate::host::error::ErrorKind;
use crate::host::manifest::{
    Fulfilled, Hooks, LONGEST_NAME, LONGEST_TEXT, Manifest, Needed, Offered, check_count,
};

/// A manifest as it was read, and where the code lies that it names.
pub(super) struct Read {
    pub(super) manifest: Manifest,
    /// The addresses of the functions, in their order. There is code of the library at each.
    pub(super) functions: Vec<usize>,
    /// Where the hooks lie, if there are any. There is code of the library at each.
    pub(super) on_load: Option<usize>,
    pub(super) on_unload: Option<usize>,
    pub(super) on_reload: Option<usize>,
}

/// Why there is no manifest: the kind, and a fragment that says what is wrong with "it".
pub(super) type Wrong = (ErrorKind, String);

fn malformed<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(wrong(what))
}

fn wrong(what: impl Into<String>) -> Wrong {
    (ErrorKind::Malformed, what.into())
}

/// The bytes of a record.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn double(self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    fn word(self, at: usize) -> usize {
        self.double(at) as usize
    }

    fn half(self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))
    }

    fn version(self, at: usize) -> ModuleVersion {
        ModuleVersion {
            major: self.half(at + offset_of!(ModuleVersion, major)),
            minor: self.half(at + offset_of!(ModuleVersion, minor)),
            patch: self.half(at + offset_of!(ModuleVersion, patch)),
        }
    }
}

/// Reads what lies at `address`.
pub(super) fn read(library: &Library, address: usize) -> Result<Read, Wrong> {
    let reader = Reader { library };
    let head = reader.record(address, offset_of!(Module, name), "its manifest")?;
    let magic = head.double(offset_of!(Module, magic));
    if magic != MODULE_MAGIC {
        return malformed(format!(
            "its manifest begins with {magic:#018x}, and not with {MODULE_MAGIC:#018x}"
        ));
    }
    let abi_version = head.half(offset_of!(Module, abi_version));
    if abi_version != MODULE_ABI_VERSION {
        return Err((
            ErrorKind::AbiMismatch,
            format!(
                "its manifest has version {abi_version}, and this host reads version {MODULE_ABI_VERSION}"
            ),
        ));
    }
    let size = head.half(offset_of!(Module, struct_size)) as usize;
    if size != size_of::<Module>() {
        return Err((
            ErrorKind::AbiMismatch,
            format!(
                "its manifest has {size} bytes, and one of version {MODULE_ABI_VERSION} has {}",
                size_of::<Module>()
            ),
        ));
    }
    let module = reader.record(address, size, "its manifest")?;
    let functions = reader.records(
        module,
        [offset_of!(Module, functions), offset_of!(Module, function_count)],
        size_of::<ModuleFunction>(),
        "functions",
    )?;
    let dependencies = reader.records(
        module,
        [
            offset_of!(Module, dependencies),
            offset_of!(Module, dependency_count),
        ],
        size_of::<ModuleDependency>(),
        "dependencies",
    )?;
    let contracts = reader.records(
        module,
        [offset_of!(Module, contracts), offset_of!(Module, contract_count)],
        size_of::<ModuleContract>(),
        "contracts",
    )?;
    let hook = |at, name| reader.hook(module.word(at), name);
    let on_load = hook(offset_of!(Module, on_load), "on_load")?;
    let on_unload = hook(offset_of!(Module, on_unload), "on_unload")?;
    let on_reload = hook(offset_of!(Module, on_reload), "on_reload")?;
    let addresses = functions
        .clone()
        .map(|function| function.word(offset_of!(ModuleFunction, function)))
        .collect();
    let manifest = Manifest {
        name: reader.name(module, offset_of!(Module, name), "its name")?,
        version: module.version(offset_of!(Module, version)),
        required_host: module.version(offset_of!(Module, required_host)),
        functions: functions
            .map(|function| reader.function(function))
            .collect::<Result<_, _>>()?,
        dependencies: dependencies
            .map(|needed| {
                Ok(Needed {
                    name: reader.name(
                        needed,
                        offset_of!(ModuleDependency, name),
                        "the name of a module that it needs",
                    )?,
                    at_least: needed.version(offset_of!(ModuleDependency, at_least)),
                })
            })
            .collect::<Result<_, _>>()?,
        contracts: contracts
            .map(|contract| {
                Ok(Fulfilled {
                    name: reader.name(
                        contract,
                        offset_of!(ModuleContract, name),
                        "the name of a contract",
                    )?,
                    version: contract.version(offset_of!(ModuleContract, version)),
                })
            })
            .collect::<Result<_, _>>()?,
        hooks: Hooks {
            on_load: on_load.is_some(),
            on_unload: on_unload.is_some(),
            on_reload: on_reload.is_some(),
        },
    };
    manifest.check().map_err(wrong)?;
    Ok(Read {
        manifest,
        functions: addresses,
        on_load,
        on_unload,
        on_reload,
    })
}

struct Reader<'a> {
    library: &'a Library,
}

impl<'a> Reader<'a> {
    fn record(&self, address: usize, len: usize, what: &str) -> Result<Record<'a>, Wrong> {
        self.library
            .bytes(address, len)
            .map(Record)
            .ok_or_else(|| wrong(format!("{what} lies outside of the library, at {address:#x}")))
    }

    /// The records of a list, of which `module` has the address and the count at these offsets.
    fn records(
        &self,
        module: Record<'_>,
        [address, count]: [usize; 2],
        size: usize,
        what: &str,
    ) -> Result<impl Iterator<Item = Record<'a>> + Clone, Wrong> {
        let (address, count) = (module.word(address), module.word(count));
        check_count(what, count).map_err(wrong)?;
        let list = if count == 0 {
            Record(&[])
        } else if address == 0 {
            return malformed(format!(
                "it claims to have {count} {what}, and says nowhere where they are"
            ));
        } else {
            self.record(address, count * size, &format!("its list of {what}"))?
        };
        Ok(list.0.chunks_exact(size).map(Record))
    }

    fn function(&self, function: Record<'_>) -> Result<Offered, Wrong> {
        let name = self.name(
            function,
            offset_of!(ModuleFunction, name),
            "the name of a function",
        )?;
        let address = function.word(offset_of!(ModuleFunction, function));
        self.code(address, &format!("its function `{name}`"))?;
        let text = |at, what: &str| {
            self.text(
                function,
                at,
                LONGEST_TEXT,
                &format!("{what} of its function `{name}`"),
            )
        };
        Ok(Offered {
            signature: function.double(offset_of!(ModuleFunction, signature)),
            input_size: function.half(offset_of!(ModuleFunction, input_size)),
            output_size: function.half(offset_of!(ModuleFunction, output_size)),
            shown: text(offset_of!(ModuleFunction, shown), "the signature")?,
            layout: text(offset_of!(ModuleFunction, layout), "the layout")?,
            name,
        })
    }

    fn hook(&self, address: usize, name: &str) -> Result<Option<usize>, Wrong> {
        if address == 0 {
            return Ok(None);
        }
        self.code(address, &format!("its hook `{name}`"))?;
        Ok(Some(address))
    }

    fn code(&self, address: usize, what: &str) -> Result<(), Wrong> {
        if self.library.is_code(address) {
            return Ok(());
        }
        malformed(match address {
            0 => format!("{what} is null"),
            _ => format!(
                "{what} is no code of the library, at {address:#x}: if another library has a symbol of that name, make it `static`"
            ),
        })
    }

    fn name(&self, record: Record<'_>, at: usize, what: &str) -> Result<String, Wrong> {
        self.text(record, at, LONGEST_NAME, what)
    }

    fn text(&self, record: Record<'_>, at: usize, longest: usize, what: &str) -> Result<String, Wrong> {
        let data = record.word(at + offset_of!(ModuleText, data));
        let len = record.word(at + offset_of!(ModuleText, len));
        if len == 0 {
            return Ok(String::new());
        }
        if data == 0 {
            return malformed(format!("{what} claims to have {len} bytes, and is null"));
        }
        if len > longest {
            return malformed(format!(
                "{what} claims to have {len} bytes, and {longest} is the most"
            ));
        }
        let bytes = self.record(data, len, what)?.0;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => malformed(format!("{what} is no UTF-8: {error}")),
        }
    }
}
