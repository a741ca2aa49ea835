//! Modules in C, compiled when a test needs them, each once.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use tempfile::TempDir;

/// What modules of these tests get as the state of the host.
const STATE: &str = "
typedef struct { void *context; int32_t (*tell)(void *context, const char *what, uint64_t number); } State;
static inline int32_t tell(void *state, const char *what, uint64_t number) {
    State *host = (State *)state;
    return host ? host->tell(host->context, what, number) : 0;
}
";

/// A module to be compiled.
#[derive(Clone)]
pub(crate) struct Module {
    name: String,
    version: [u32; 3],
    host: [u32; 3],
    globals: String,
    functions: Vec<(String, u64, String)>,
    needs: Vec<(String, [u32; 3])>,
    contracts: Vec<(String, [u32; 3])>,
    hooks: [Option<String>; 3],
}

/// A module that offers nothing yet.
pub(crate) fn module(name: &str, version: [u32; 3]) -> Module {
    Module {
        name: name.into(),
        version,
        host: [1, 0, 0],
        globals: String::new(),
        functions: Vec::new(),
        needs: Vec::new(),
        contracts: Vec::new(),
        hooks: [const { None }; 3],
    }
}

impl Module {
    pub(crate) fn host(mut self, version: [u32; 3]) -> Self {
        self.host = version;
        self
    }

    pub(crate) fn globals(mut self, code: &str) -> Self {
        self.globals += code;
        self
    }

    /// A function that gives this number back.
    pub(crate) fn giving(self, name: &str, number: u64) -> Self {
        self.function(name, &format!("*(uint64_t *)output = {number}; return 0;"))
    }

    /// A function with this body, in which `state`, `input` and `output` can be used.
    pub(crate) fn function(self, name: &str, body: &str) -> Self {
        self.signed(name, 0, body)
    }

    pub(crate) fn signed(mut self, name: &str, signature: u64, body: &str) -> Self {
        self.functions.push((name.into(), signature, body.into()));
        self
    }

    pub(crate) fn needs(mut self, name: &str, at_least: [u32; 3]) -> Self {
        self.needs.push((name.into(), at_least));
        self
    }

    pub(crate) fn fulfils(mut self, contract: &str, version: [u32; 3]) -> Self {
        self.contracts.push((contract.into(), version));
        self
    }

    /// Each hook tells the host its name and the version of the module, and gives back what the host says.
    pub(crate) fn telling(self) -> Self {
        let [major, minor, _] = self.version;
        let name = self.name.clone();
        let told =
            |hook: &str, number: &str| format!("tell(state, \"{name} {major}.{minor} {hook}\", {number})");
        self.on_load(&format!("return {};", told("on_load", "0")))
            .on_unload(&format!("{};", told("on_unload", "0")))
            .on_reload(&format!(
                "return {};",
                told("on_reload", "old->major * 100 + old->minor")
            ))
    }

    pub(crate) fn on_load(mut self, body: &str) -> Self {
        self.hooks[0] = Some(body.into());
        self
    }

    pub(crate) fn on_unload(mut self, body: &str) -> Self {
        self.hooks[1] = Some(body.into());
        self
    }

    pub(crate) fn on_reload(mut self, body: &str) -> Self {
        self.hooks[2] = Some(body.into());
        self
    }

    fn source(&self) -> String {
        let mut code = format!("#include \"hotpatch_module.h\"\n{STATE}\n{}\n", self.globals);
        let mut list = String::new();
        for (index, (name, signature, body)) in self.functions.iter().enumerate() {
            let _ = writeln!(
                code,
                "static int32_t function_{index}(void *state, const void *input, void *output) {{\n    (void)state; (void)input; (void)output;\n    {body}\n}}"
            );
            let _ = writeln!(
                list,
                "    {{HOTPATCH_TEXT(\"{name}\"), {signature}u, 8, 8, function_{index}, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT}},"
            );
        }
        let mut lists = [
            ("HotpatchModuleFunction functions", list),
            pairs("HotpatchModuleDependency needs", &self.needs),
            pairs("HotpatchModuleContract contracts", &self.contracts),
        ]
        .map(|(declaration, list)| {
            if list.is_empty() {
                return "HOTPATCH_EMPTY_LIST".to_owned();
            }
            let _ = writeln!(code, "static const {declaration}[] = {{\n{list}}};");
            format!("HOTPATCH_LIST({})", declaration.rsplit_once(' ').unwrap().1)
        })
        .to_vec();
        let signatures = [
            "int32_t on_load(void *state)",
            "void on_unload(void *state)",
            "int32_t on_reload(void *state, const HotpatchModuleVersion *old)",
        ];
        for (signature, body) in signatures.iter().zip(&self.hooks) {
            match body {
                None => lists.push("NULL".into()),
                Some(body) => {
                    let unused = if signature.contains("old") {
                        "(void)old;"
                    } else {
                        ""
                    };
                    let _ = writeln!(code, "static {signature} {{ (void)state; {unused} {body} }}");
                    let name = signature.split(' ').nth(1).unwrap().split('(').next().unwrap();
                    lists.push(name.into());
                }
            }
        }
        let version =
            |[major, minor, patch]: [u32; 3]| format!("HOTPATCH_VERSION({major}, {minor}, {patch})");
        let _ = writeln!(
            code,
            "HOTPATCH_MANIFEST = {{\n    HOTPATCH_MODULE_HEAD, HOTPATCH_TEXT(\"{}\"), {}, {},\n    {},\n}};",
            self.name,
            version(self.version),
            version(self.host),
            lists.join(", ")
        );
        code
    }

    /// Compiles it.
    pub(crate) fn build(&self) -> PathBuf {
        compile(&self.source(), "c")
    }
}

fn pairs<'a>(declaration: &'a str, list: &[(String, [u32; 3])]) -> (&'a str, String) {
    let mut lines = String::new();
    for (name, [major, minor, patch]) in list {
        let _ = writeln!(
            lines,
            "    {{HOTPATCH_TEXT(\"{name}\"), HOTPATCH_VERSION({major}, {minor}, {patch})}},"
        );
    }
    (declaration, lines)
}

/// A folder for the files of the tests.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// Compiles a module as its author should, unless the same source was compiled before. `language` is what its file ends
/// with.
pub(crate) fn compile(source: &str, language: &str) -> PathBuf {
    compile_with(source, language, &["-Wall", "-Wextra", "-Werror", "-pedantic"])
}

/// Compiles a module in C that its author should be ashamed of.
pub(crate) fn compile_hostile(source: &str) -> PathBuf {
    compile_with(source, "c", &["-w"])
}

fn compile_with(source: &str, language: &str, warnings: &[&str]) -> PathBuf {
    type Compiled = Arc<OnceLock<PathBuf>>;
    static COMPILED: LazyLock<Mutex<HashMap<String, Compiled>>> = LazyLock::new(Mutex::default);
    let (number, compiled) = {
        let mut all = COMPILED.lock().unwrap();
        let number = all.len();
        (number, all.entry(source.into()).or_default().clone())
    };
    compiled
        .get_or_init(|| {
            let input = folder().join(format!("module_{number}.{language}"));
            let output = input.with_extension("so");
            fs::write(&input, source).unwrap();
            let (compiler, standard) = match language {
                "c" => ("cc", "-std=c99"),
                _ => ("c++", "-std=c++11"),
            };
            let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
            let result = Command::new(compiler)
                .args(warnings)
                .args([standard, "-O1", "-fPIC", "-shared", "-I"])
                .args([&include, Path::new("-o"), &output, &input])
                .output()
                .unwrap();
            assert!(
                result.status.success(),
                "{}\n{source}",
                String::from_utf8_lossy(&result.stderr)
            );
            output
        })
        .clone()
}
