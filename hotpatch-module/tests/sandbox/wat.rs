//! Modules written by hand: the manifest as data, the functions as text.

use std::fmt::Write;
use std::path::PathBuf;

use tempfile::TempDir;

/// Where the manifest lies in the memory.
pub(crate) const MANIFEST: u32 = 1024;

/// A module in the making.
#[derive(Clone)]
pub(crate) struct Wat {
    pub(crate) name: &'static str,
    pub(crate) version: (u32, u32, u32),
    pub(crate) required_host: (u32, u32, u32),
    pub(crate) functions: Vec<Function>,
    pub(crate) needs: Vec<(&'static str, (u32, u32, u32))>,
    pub(crate) contracts: Vec<(&'static str, (u32, u32, u32))>,
    pub(crate) hooks: [Option<String>; 3],
    /// The memory, as text.
    pub(crate) memory: String,
    /// What stands in the text beside the rest.
    pub(crate) more: String,
    /// What stands before everything else: imports.
    pub(crate) first: String,
    pub(crate) damage: Vec<(usize, Vec<u8>)>,
}

#[derive(Clone)]
pub(crate) struct Function {
    name: Vec<u8>,
    signature: u64,
    input: u32,
    output: u32,
    code: String,
}

impl Wat {
    pub(crate) fn new(name: &'static str, version: (u32, u32, u32)) -> Self {
        Self {
            name,
            version,
            required_host: (1, 0, 0),
            functions: Vec::new(),
            needs: Vec::new(),
            contracts: Vec::new(),
            hooks: [None, None, None],
            memory: "(memory (export \"memory\") 1)".into(),
            more: String::new(),
            first: String::new(),
            damage: Vec::new(),
        }
    }

    /// Adds a function. Its code finds `$state`, `$in` and `$out`, and gives back the status.
    pub(crate) fn function(self, name: &str, input: u32, output: u32, code: &str) -> Self {
        self.signed(name, 0, input, output, code)
    }

    /// Adds a function that somebody has agreed on.
    pub(crate) fn signed(mut self, name: &str, signature: u64, input: u32, output: u32, code: &str) -> Self {
        let (name, code) = (name.into(), code.into());
        self.functions.push(Function {
            name,
            signature,
            input,
            output,
            code,
        });
        self
    }

    pub(crate) fn needs(mut self, name: &'static str, at_least: (u32, u32, u32)) -> Self {
        self.needs.push((name, at_least));
        self
    }

    /// The hook finds `$state`, and gives back the status.
    pub(crate) fn on_load(mut self, code: &str) -> Self {
        self.hooks[0] = Some(format!("(func $on_load (param $state i32) (result i32) {code})"));
        self
    }

    /// The hook finds `$state`.
    pub(crate) fn on_unload(mut self, code: &str) -> Self {
        self.hooks[1] = Some(format!("(func $on_unload (param $state i32) {code})"));
        self
    }

    /// The hook finds `$state` and `$old`, the address of the version, and gives back the status.
    pub(crate) fn on_reload(mut self, code: &str) -> Self {
        self.hooks[2] = Some(format!(
            "(func $on_reload (param $state i32) (param $old i32) (result i32) {code})"
        ));
        self
    }

    /// Writes other bytes into the manifest, at an offset.
    pub(crate) fn damage(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.damage.push((offset, bytes.into()));
        self
    }

    /// Adds text.
    pub(crate) fn more(mut self, text: &str) -> Self {
        self.more += text;
        self
    }

    /// Where the list of the functions lies in the manifest.
    pub(crate) const FUNCTIONS: usize = 88;

    fn manifest(&self) -> Vec<u8> {
        let lists =
            Self::FUNCTIONS + 48 * self.functions.len() + 20 * (self.needs.len() + self.contracts.len());
        let mut texts = Vec::new();
        let mut text = |bytes: &[u8]| {
            let at = MANIFEST + (lists + texts.len()) as u32;
            texts.extend_from_slice(bytes);
            [at, bytes.len() as u32]
        };
        let name = text(self.name.as_bytes());
        let mut words: Vec<u32> = Vec::new();
        let version = |(major, minor, patch): (u32, u32, u32)| [major, minor, patch];
        let magic = u64::from_le_bytes(*b"HOTPMOD1");
        words.extend([magic as u32, (magic >> 32) as u32, 1, 88]);
        words.extend(name);
        words.extend(version(self.version));
        words.extend(version(self.required_host));
        let functions = MANIFEST + Self::FUNCTIONS as u32;
        let needs = functions + 48 * self.functions.len() as u32;
        let contracts = needs + 20 * self.needs.len() as u32;
        words.extend([functions, self.functions.len() as u32]);
        words.extend([needs, self.needs.len() as u32]);
        words.extend([contracts, self.contracts.len() as u32]);
        let mut pointer = self.functions.len() as u32;
        for hook in &self.hooks {
            words.push(match hook {
                Some(_) => {
                    pointer += 1;
                    pointer
                }
                None => 0,
            });
        }
        words.push(0);
        for (index, function) in self.functions.iter().enumerate() {
            words.extend(text(&function.name));
            words.extend([function.signature as u32, (function.signature >> 32) as u32]);
            words.extend([function.input, function.output, index as u32 + 1, 0, 0, 0, 0, 0]);
        }
        for (name, number) in self.needs.iter().chain(&self.contracts) {
            words.extend(text(name.as_bytes()));
            words.extend(version(*number));
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(texts);
        for (offset, damage) in &self.damage {
            bytes[*offset..offset + damage.len()].copy_from_slice(damage);
        }
        bytes
    }

    /// The module as text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("(module ${}\n{}\n{}\n", self.name, self.first, self.memory);
        let mut names = String::new();
        for (index, function) in self.functions.iter().enumerate() {
            let shown = String::from_utf8_lossy(&function.name);
            let _ = writeln!(
                text,
                "(func $f{index} (@name {shown:?}) (param $state i32) (param $in i32) (param $out i32) (result i32) {})",
                function.code
            );
            let _ = write!(names, " $f{index}");
        }
        for (hook, name) in self.hooks.iter().zip([" $on_load", " $on_unload", " $on_reload"]) {
            if let Some(hook) = hook {
                text += hook;
                names += name;
            }
        }
        let data: String = self
            .manifest()
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        let _ = write!(
            text,
            "\n(table {} funcref)\n(elem (i32.const 1) func{names})\n\
             (global (export \"HOTPATCH_MODULE_V1\") i32 (i32.const {MANIFEST}))\n\
             (data (i32.const {MANIFEST}) \"{data}\")\n{})",
            names.split_whitespace().count() + 1,
            self.more
        );
        text
    }
}

/// A folder with modules.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// Writes a module as text.
    pub(crate) fn text(&self, module: &Wat) -> PathBuf {
        let (major, minor, patch) = module.version;
        self.file(
            &format!("{}-{major}.{minor}.{patch}.wat", module.name),
            module.text().as_bytes(),
        )
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}
