//! The C header is what `cbindgen` makes of `hotpatch-abi/src/module.rs`. `UPDATE_HEADER=1` writes it anew.

use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, ExportConfig, Language, Style};

const BEFORE: &str = "\
/* What a module for hotpatch is made of, for C99, C++11 and later.
 *
 * Written by cbindgen from hotpatch-abi/src/module.rs: do not edit it. The chapter on modules in the guide has a module in C
 * and one in C++. */";

/// What makes a manifest convenient to write.
const MACROS: &str = r#"
// A text literal as a HotpatchModuleText.
#define HOTPATCH_TEXT(literal) { (const uint8_t *)("" literal), sizeof(literal) - 1 }

// A HotpatchModuleText without a character.
#define HOTPATCH_NO_TEXT { NULL, 0 }

// A HotpatchModuleVersion.
#define HOTPATCH_VERSION(major, minor, patch) { (major), (minor), (patch) }

// An array and its length: two fields of a HotpatchModule.
#define HOTPATCH_LIST(array) (array), sizeof(array) / sizeof((array)[0])

// The same for a list of nothing.
#define HOTPATCH_EMPTY_LIST NULL, 0

// The first three fields of a HotpatchModule.
#define HOTPATCH_MODULE_HEAD \
  HOTPATCH_MODULE_MAGIC, HOTPATCH_MODULE_ABI_VERSION, (uint32_t)sizeof(HotpatchModule)

#ifdef __cplusplus
#define HOTPATCH_EXTERN_C extern "C"
#else
#define HOTPATCH_EXTERN_C extern
#endif

// Begins the manifest of a library: `HOTPATCH_MANIFEST = { HOTPATCH_MODULE_HEAD, .. };`. There is one in each.
#define HOTPATCH_MANIFEST \
  HOTPATCH_EXTERN_C __attribute__((visibility("default"))) const HotpatchModule HOTPATCH_MODULE_V1; \
  const HotpatchModule HOTPATCH_MODULE_V1
"#;

/// The names of Rust and those of C, which has no modules to keep them apart. Longer ones first.
const NAMES: [(&str, &str); 16] = [
    ("STATUS_UNAVAILABLE", "HOTPATCH_STATUS_UNAVAILABLE"),
    ("STATUS_BAD_VALUE", "HOTPATCH_STATUS_BAD_VALUE"),
    ("STATUS_PANICKED", "HOTPATCH_STATUS_PANICKED"),
    ("STATUS_STOPPED", "HOTPATCH_STATUS_STOPPED"),
    ("MODULE_ABI_VERSION", "HOTPATCH_MODULE_ABI_VERSION"),
    ("MODULE_MAGIC", "HOTPATCH_MODULE_MAGIC"),
    ("ModuleDependency", "HotpatchModuleDependency"),
    ("ModuleContract", "HotpatchModuleContract"),
    ("ModuleFunction", "HotpatchModuleFunction"),
    ("ModuleVersion", "HotpatchModuleVersion"),
    ("ModuleText", "HotpatchModuleText"),
    ("ModuleFn", "HotpatchModuleFn"),
    ("OnUnload", "HotpatchOnUnload"),
    ("OnReload", "HotpatchOnReload"),
    ("OnLoad", "HotpatchOnLoad"),
    ("Module", "HotpatchModule"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generated() -> String {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("module.rs");
    let abi = fs::read_to_string(root().join("../hotpatch-abi/src/module.rs")).unwrap();
    // In C every pointer to a function may be null; cbindgen does not see the pointer behind its name.
    let abi = NAMES.iter().fold(abi, |abi, (name, _)| {
        abi.replace(&format!("Option<{name}>"), name)
    });
    fs::write(&source, abi).unwrap();
    let mut export = ExportConfig {
        include: ["Module", "OnLoad", "OnUnload", "OnReload"]
            .map(String::from)
            .into(),
        ..ExportConfig::default()
    };
    for (rust, c) in NAMES {
        export.rename.insert(rust.into(), c.into());
    }
    let config = Config {
        language: Language::C,
        include_guard: Some("HOTPATCH_MODULE_H".into()),
        header: Some(BEFORE.into()),
        no_includes: true,
        sys_includes: ["stddef.h", "stdint.h"].map(String::from).into(),
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C99,
        style: Style::Type,
        export,
        ..Config::default()
    };
    let mut out = Vec::new();
    let bindings = Builder::new().with_src(source).with_config(config).generate();
    bindings.expect("the source of the ABI").write(&mut out);
    let header = String::from_utf8(out).unwrap();
    let header = header.replace("//\n// # Safety\n//\n", "//\n");
    let (types, guard) = header.rsplit_once("#endif").expect("a guard");
    let types: String = types.lines().map(|line| in_c(line) + "\n").collect();
    format!("{types}{}\n\n#endif{guard}", MACROS.trim())
}

/// A line of the header as a reader of C expects it: no links, negative numbers in parentheses.
fn in_c(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((define, number)) if define.starts_with("#define") && number.starts_with('-') => {
            format!("{define} ({number})")
        }
        _ if line.starts_with("#define") => line.into(),
        _ => NAMES.iter().fold(line.to_owned(), |line, (rust, c)| {
            line.replace(&format!("[`{rust}`]"), &format!("`{c}`"))
        }),
    }
}

#[test]
fn the_header_is_what_the_abi_says() {
    let path = root().join("include/hotpatch_module.h");
    let header = generated();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &header).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == header,
        "include/hotpatch_module.h is not what the ABI says now: write it with `UPDATE_HEADER=1 cargo test -p hotpatch-module --test header`"
    );
}
