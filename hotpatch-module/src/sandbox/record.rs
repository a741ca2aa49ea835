//! Reads the manifest of a module from the memory that its file begins with.
//!
//! It is the record of `hotpatch_abi::module` in the widths of `wasm32`. All of it is hostile until it was checked here: each
//! address, each count, each text and each function pointer.

use crate::abi::{MODULE_ABI_VERSION, MODULE_MAGIC, MODULE_SYMBOL, ModuleVersion};
use crate::host::error::ErrorKind;
use crate::host::manifest::{
    Fulfilled, Hooks, LONGEST_NAME, LONGEST_TEXT, Manifest, Needed, Offered, check_count,
};

use super::flaw::Flaw;
use super::image::Image;

const MODULE_SIZE: u32 = 88;
const FUNCTION_SIZE: u32 = 48;
const DEPENDENCY_SIZE: u32 = 20;
const CONTRACT_SIZE: u32 = 20;

/// The most bytes of all texts together. Many texts may share their bytes in the file, and have copies of their own here.
const ALL_TEXTS: usize = 16 << 20;

/// A manifest, and where its function pointers lead to: indices of functions in the file.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) manifest: Manifest,
    pub(super) functions: Vec<u32>,
    pub(super) on_load: Option<u32>,
    pub(super) on_unload: Option<u32>,
    pub(super) on_reload: Option<u32>,
}

impl Record {
    /// Reads the manifest of a file.
    pub(super) fn read(image: &Image) -> Result<Self, Flaw> {
        if !image.has_memory() {
            return Err(none("it has no memory of its own"));
        }
        let Some(address) = image.exported_constant(MODULE_SYMBOL) else {
            return Err(none("it exports no constant of that name"));
        };
        let mut reader = Reader {
            image,
            texts_left: ALL_TEXTS,
        };
        let module = reader.fields(address, 1, MODULE_SIZE, "manifest")?;
        reader.module(&module[0])
    }
}

struct Reader<'a> {
    image: &'a Image,
    texts_left: usize,
}

/// The bytes of a record.
struct Fields(Vec<u8>);

impl Fields {
    fn word(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.0[offset..offset + 4].try_into().expect("four bytes"))
    }

    fn double(&self, offset: usize) -> u64 {
        u64::from(self.word(offset)) | u64::from(self.word(offset + 4)) << 32
    }

    fn version(&self, offset: usize) -> ModuleVersion {
        ModuleVersion {
            major: self.word(offset),
            minor: self.word(offset + 4),
            patch: self.word(offset + 8),
        }
    }
}

impl Reader<'_> {
    fn module(&mut self, module: &Fields) -> Result<Record, Flaw> {
        if module.double(0) != MODULE_MAGIC {
            return Err(none("what is there does not begin with `HOTPMOD1`"));
        }
        if module.word(8) != MODULE_ABI_VERSION {
            return Err(Flaw {
                kind: ErrorKind::AbiMismatch,
                text: format!(
                    "it was made for version {} of the manifest, and this host reads version {MODULE_ABI_VERSION}: build it \
                     with the `hotpatch-module` of the host",
                    module.word(8)
                ),
            });
        }
        if module.word(12) != MODULE_SIZE {
            return Err(Flaw::malformed(format!(
                "its manifest says that it has {} bytes, and for `wasm32` it has {MODULE_SIZE}: build it anew",
                module.word(12)
            )));
        }
        let mut functions = Vec::new();
        let mut offered = Vec::new();
        for function in self.list(module, 48, FUNCTION_SIZE, "functions")? {
            let name = self.text(&function, 0, LONGEST_NAME, "the name of a function")?;
            functions.push(self.function(function.word(24), "iii:i", &name)?);
            offered.push(Offered {
                signature: function.double(8),
                input_size: function.word(16),
                output_size: function.word(20),
                shown: self.text(&function, 28, LONGEST_TEXT, "a signature")?,
                layout: self.text(&function, 36, LONGEST_TEXT, "a layout")?,
                name,
            });
        }
        let mut dependencies = Vec::new();
        for needed in self.list(module, 56, DEPENDENCY_SIZE, "dependencies")? {
            let name = self.text(&needed, 0, LONGEST_NAME, "the name of a dependency")?;
            dependencies.push(Needed {
                name,
                at_least: needed.version(8),
            });
        }
        let mut contracts = Vec::new();
        for contract in self.list(module, 64, CONTRACT_SIZE, "contracts")? {
            let name = self.text(&contract, 0, LONGEST_NAME, "the name of a contract")?;
            contracts.push(Fulfilled {
                name,
                version: contract.version(8),
            });
        }
        let hook = |offset, shape, name| match module.word(offset) {
            0 => Ok(None),
            pointer => self.function(pointer, shape, name).map(Some),
        };
        let on_load = hook(72, "i:i", "on_load")?;
        let on_unload = hook(76, "i", "on_unload")?;
        let on_reload = hook(80, "ii:i", "on_reload")?;
        let manifest = Manifest {
            name: self.text(module, 16, LONGEST_NAME, "its name")?,
            version: module.version(24),
            required_host: module.version(36),
            functions: offered,
            dependencies,
            contracts,
            hooks: Hooks {
                on_load: on_load.is_some(),
                on_unload: on_unload.is_some(),
                on_reload: on_reload.is_some(),
            },
        };
        manifest.check().map_err(Flaw::malformed)?;
        Ok(Record {
            manifest,
            functions,
            on_load,
            on_unload,
            on_reload,
        })
    }

    /// The records of a list, whose address and count lie at an offset.
    fn list(&self, module: &Fields, offset: usize, size: u32, what: &str) -> Result<Vec<Fields>, Flaw> {
        let (address, count) = (module.word(offset), module.word(offset + 4));
        check_count(what, count as usize).map_err(Flaw::malformed)?;
        if address == 0 && count > 0 {
            return Err(Flaw::malformed(format!(
                "it has {count} {what} at address 0: build it anew"
            )));
        }
        self.fields(address, count, size, what)
    }

    fn fields(&self, address: u32, count: u32, size: u32, what: &str) -> Result<Vec<Fields>, Flaw> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let bytes = count
            .checked_mul(size)
            .and_then(|len| self.image.memory(address, len));
        let bytes = bytes.ok_or_else(|| outside(what, address))?;
        Ok(bytes
            .chunks_exact(size as usize)
            .map(|record| Fields(record.to_vec()))
            .collect())
    }

    fn text(&mut self, record: &Fields, offset: usize, longest: usize, what: &str) -> Result<String, Flaw> {
        let (address, len) = (record.word(offset), record.word(offset + 4));
        if len == 0 {
            return Ok(String::new());
        }
        if address == 0 {
            return Err(Flaw::malformed(format!(
                "{what} has {len} bytes at address 0: build it anew"
            )));
        }
        if len as usize > longest {
            return Err(Flaw::malformed(format!(
                "{what} has {len} bytes, and {longest} is the most"
            )));
        }
        let Some(left) = self.texts_left.checked_sub(len as usize) else {
            return Err(Flaw::malformed(format!(
                "the texts of its manifest have more than {ALL_TEXTS} bytes together: make it smaller"
            )));
        };
        self.texts_left = left;
        let bytes = self
            .image
            .memory(address, len)
            .ok_or_else(|| outside(what, address))?;
        String::from_utf8(bytes).map_err(|_| Flaw::malformed(format!("{what} is no UTF-8: build it anew")))
    }

    fn function(&self, pointer: u32, shape: &str, name: &str) -> Result<u32, Flaw> {
        let name = name.escape_debug();
        let Some(function) = self.image.pointee(pointer) else {
            return Err(Flaw::malformed(format!(
                "the pointer to `{name}`, {pointer}, leads to no function of its table: build it anew"
            )));
        };
        if !self.image.has_type(function, shape) {
            return Err(Flaw::malformed(format!(
                "the pointer to `{name}`, {pointer}, leads to a function of another type: write it as `hotpatch-abi` has it"
            )));
        }
        Ok(function)
    }
}

fn none(why: &str) -> Flaw {
    let text = format!(
        "it has no manifest `{MODULE_SYMBOL}`: {why}; write one with `export_module!`, or as the guide shows for other \
         languages"
    );
    Flaw {
        kind: ErrorKind::NotAModule,
        text,
    }
}

fn outside(what: &str, address: u32) -> Flaw {
    Flaw::malformed(format!(
        "{what} at address {address:#x} reaches beyond its memory: build it anew"
    ))
}
