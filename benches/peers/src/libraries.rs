//! Libraries in C, for us and for polyplug: one function, the same code, in as many versions as are needed. Each version gives a
//! number of its own to whoever asks with 0, so that it shows which one is called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use polyplug_abi::POLYPLUG_ABI_VERSION;
use polyplug_utils::{bundle_id, guest_contract_id};
use tempfile::TempDir;

use crate::support;

/// What stands for the number in a library that is compiled once.
const NUMBER: u64 = 0x5eed_ab1e_0dd_ba11;

const BODY: &str = "
#include <stddef.h>
#include <stdint.h>
static const volatile uint64_t number = 0x5eedab1e0ddba11u;
static __attribute__((noinline)) uint64_t body(uint64_t x) { return x ? (x * 3) ^ 1 : number; }
";

const MODULE: &str = r#"
#include "hotpatch_module.h"
static int32_t hot(void *state, const void *input, void *output) {
    (void)state;
    *(uint64_t *)output = body(*(const uint64_t *)input);
    return 0;
}
static const HotpatchModuleFunction functions[] = {
    {HOTPATCH_TEXT("hot"), 0, 8, 8, hot, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
};
HOTPATCH_MANIFEST = {
    HOTPATCH_MODULE_HEAD, HOTPATCH_TEXT("bench"), HOTPATCH_VERSION(1, 0, 0), HOTPATCH_VERSION(1, 0, 0),
    HOTPATCH_LIST(functions), HOTPATCH_EMPTY_LIST, HOTPATCH_EMPTY_LIST, NULL, NULL, NULL,
};
"#;

const PLUGIN: &str = r#"
typedef struct { const uint8_t *ptr; size_t len; } StringView;
typedef struct { uint32_t major, minor, patch; } Version;
typedef struct { uint32_t code; StringView message; } AbiError;
typedef struct { StringView name; StringView contract_name; Version version; } PluginDescriptor;
typedef struct { void *data; uint64_t contract_id; } Instance;
typedef struct {
    uint64_t contract_id;
    Version contract_version;
    uint32_t dispatch_type;
    void (*create_instance)(void *, const void *, const void *, Instance *);
    void (*destroy_instance)(void *, const void *, Instance);
    uint32_t function_count;
    const void *const *functions;
} Interface;
typedef struct HostApi {
    void *runtime;
    void (*register_guest_contract)(const struct HostApi *, const PluginDescriptor *, const Interface *, AbiError *);
} HostApi;
static void hot(Instance instance, const void *input, void *output, AbiError *error) {
    (void)instance; (void)error;
    *(uint64_t *)output = body(*(const uint64_t *)input);
}
static void create(void *data, const void *host, const void *arguments, Instance *out) {
    (void)data; (void)host; (void)arguments;
    out->data = NULL;
    out->contract_id = 0;
}
static void destroy(void *data, const void *host, Instance instance) { (void)data; (void)host; (void)instance; }
static const void *const functions[] = { (const void *)hot };
static const Interface interface = { CONTRACT, {1, 0, 0}, 0, create, destroy, 1, functions };
static const PluginDescriptor descriptor = {
    { (const uint8_t *)"bench", 5 }, { (const uint8_t *)"bench.contract", 14 }, {1, 0, 0}
};
uint32_t polyplug_abi_version(void) { return ABI_VERSION; }
AbiError polyplug_init(const HostApi *host, const void *context) {
    (void)context;
    AbiError error = { 0, { NULL, 0 } };
    host->register_guest_contract(host, &descriptor, &interface, &error);
    return error;
}
"#;

static FOLDER: LazyLock<TempDir> = LazyLock::new(support::folder);

/// The bytes of a library, compiled once.
struct Template {
    bytes: Vec<u8>,
    at: usize,
}

impl Template {
    fn compile(name: &str, source: &str, defines: &[String]) -> Self {
        let (input, output) = (
            FOLDER.path().join(name).with_extension("c"),
            FOLDER.path().join(name),
        );
        fs::write(&input, format!("{BODY}{source}")).unwrap();
        let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hotpatch-module/include");
        let status = Command::new("cc")
            .args(["-O2", "-fPIC", "-shared", "-I"])
            .arg(include)
            .args(defines)
            .args([Path::new("-o"), &output, &input])
            .status();
        assert!(status.expect("cc").success());
        let bytes = fs::read(output).unwrap();
        let at = bytes.windows(8).position(|bytes| bytes == NUMBER.to_le_bytes());
        Self {
            at: at.expect("the number"),
            bytes,
        }
    }

    /// The version with this number.
    fn write(&self, path: &Path, number: u64) {
        let mut bytes = self.bytes.clone();
        bytes[self.at..self.at + 8].copy_from_slice(&number.to_le_bytes());
        fs::write(path, bytes).unwrap();
    }
}

/// A module with this number.
pub(crate) fn module(number: u64) -> PathBuf {
    static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template::compile("module.so", MODULE, &[]));
    let path = FOLDER.path().join(format!("module-{number}.so"));
    TEMPLATE.write(&path, number);
    path
}

/// The folder of a bundle of polyplug with this number.
pub(crate) fn bundle(number: u64) -> PathBuf {
    static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
        let contract = guest_contract_id("bench.contract", 1);
        let defines = [
            format!("-DCONTRACT={contract}u"),
            format!("-DABI_VERSION={POLYPLUG_ABI_VERSION}u"),
        ];
        Template::compile("plugin.so", PLUGIN, &defines)
    });
    let folder = FOLDER.path().join(format!("bundle-{number}"));
    fs::create_dir_all(&folder).unwrap();
    let manifest = format!(
        "name = \"bench\"\nid = {}\nversion = \"1.0.0\"\nloader = \"native\"\nprovides = [\"bench.contract\"]\n\
         [file]\nlinux.x86_64 = \"plugin.so\"\n[function_count]\n\"bench.contract@1\" = 1\n",
        bundle_id("bench")
    );
    fs::write(folder.join("manifest.toml"), manifest).unwrap();
    TEMPLATE.write(&folder.join("plugin.so"), number);
    folder
}
