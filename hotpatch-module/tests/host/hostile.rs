//! Manifests that lie: each is refused by name, before anything of the module is called.

use hotpatch_module::ErrorKind;

use crate::build::{compile, compile_hostile, module};
use crate::support::telling_host;

/// A module that is good but for one thing, which `replace` puts in the place of `what`.
const GOOD: &str = r#"
#include "hotpatch_module.h"
typedef struct { void *context; int32_t (*tell)(void *context, const char *what, uint64_t number); } State;
static int32_t called(void *state) { return ((State *)state)->tell(((State *)state)->context, "called", 0); }
static int32_t function(void *state, const void *input, void *output) { (void)input; (void)output; return called(state); }
static void on_unload(void *state) { (void)called(state); }
static int32_t on_reload(void *state, const HotpatchModuleVersion *old) { (void)old; return called(state); }
extern const char elsewhere[];
static const HotpatchModuleFunction functions[] = {
    {HOTPATCH_TEXT("one"), 0, 8, 8, function, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
    {HOTPATCH_TEXT("two"), 0, 8, 8, function, HOTPATCH_TEXT("fn two()"), HOTPATCH_TEXT("nothing")},
};
static const HotpatchModuleDependency needs[] = {{HOTPATCH_TEXT("library"), HOTPATCH_VERSION(1, 0, 0)}};
static const HotpatchModuleContract contracts[] = {{HOTPATCH_TEXT("Contract"), HOTPATCH_VERSION(1, 0, 0)}};
HOTPATCH_MANIFEST = {
    HOTPATCH_MODULE_MAGIC,
    HOTPATCH_MODULE_ABI_VERSION,
    sizeof(HotpatchModule),
    HOTPATCH_TEXT("hostile"),
    HOTPATCH_VERSION(1, 0, 0),
    HOTPATCH_VERSION(1, 0, 0),
    functions, 2,
    needs, 1,
    contracts, 1,
    called,
    on_unload,
    on_reload,
};
"#;

/// What is replaced by what, the kind, and a part of the message.
const LIES: [(&str, &str, ErrorKind, &str); 39] = {
    use ErrorKind::{AbiMismatch, Malformed};
    [
        (
            "HOTPATCH_MODULE_MAGIC,",
            "HOTPATCH_MODULE_MAGIC + 1,",
            Malformed,
            "its manifest begins with 0x31444f4d50544f49, and not with 0x31444f4d50544f48",
        ),
        (
            "HOTPATCH_MODULE_MAGIC,",
            "0,",
            Malformed,
            "its manifest begins with 0x0000000000000000",
        ),
        (
            "HOTPATCH_MODULE_ABI_VERSION,",
            "0,",
            AbiMismatch,
            "its manifest has version 0, and this host reads version 1",
        ),
        (
            "HOTPATCH_MODULE_ABI_VERSION,",
            "2,",
            AbiMismatch,
            "its manifest has version 2",
        ),
        (
            "sizeof(HotpatchModule),",
            "sizeof(HotpatchModule) - 8,",
            AbiMismatch,
            "bytes, and one of version 1 has",
        ),
        (
            "sizeof(HotpatchModule),",
            "0,",
            AbiMismatch,
            "its manifest has 0 bytes",
        ),
        (
            "sizeof(HotpatchModule),",
            "0xffffffffu,",
            AbiMismatch,
            "its manifest has 4294967295 bytes",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "HOTPATCH_NO_TEXT",
            Malformed,
            "its name is empty",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "{NULL, 7}",
            Malformed,
            "its name claims to have 7 bytes, and is null",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "{(const uint8_t *)16, 7}",
            Malformed,
            "its name lies outside of the library, at 0x10",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "{(const uint8_t *)\"a\", SIZE_MAX}",
            Malformed,
            "claims to have 18446744073709551615 bytes",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "{(const uint8_t *)SIZE_MAX, 7}",
            Malformed,
            "its name lies outside of the library",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "HOTPATCH_TEXT(\"a\\xff\")",
            Malformed,
            "its name is no UTF-8",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "HOTPATCH_TEXT(\"a b\")",
            Malformed,
            "its name, \"a b\", contains ' '",
        ),
        (
            "HOTPATCH_TEXT(\"hostile\")",
            "HOTPATCH_TEXT(\"a\\0b\")",
            Malformed,
            "contains '\\0'",
        ),
        (
            "functions, 2,",
            "NULL, 2,",
            Malformed,
            "it claims to have 2 functions, and says nowhere where they are",
        ),
        (
            "functions, 2,",
            "functions, 65537,",
            Malformed,
            "it claims to have 65537 functions, and 65536 is the most",
        ),
        (
            "functions, 2,",
            "functions, SIZE_MAX,",
            Malformed,
            "it claims to have 18446744073709551615 functions",
        ),
        (
            "functions, 2,",
            "functions, 60000,",
            Malformed,
            "its list of functions lies outside of the library",
        ),
        (
            "functions, 2,",
            "(const HotpatchModuleFunction *)8, 2,",
            Malformed,
            "its list of functions lies outside of the library, at 0x8",
        ),
        (
            "HOTPATCH_TEXT(\"two\")",
            "HOTPATCH_TEXT(\"one\")",
            Malformed,
            "it offers the function `one` twice",
        ),
        (
            "HOTPATCH_TEXT(\"two\")",
            "HOTPATCH_NO_TEXT",
            Malformed,
            "the name of a function is empty",
        ),
        (
            "HOTPATCH_TEXT(\"two\")",
            "HOTPATCH_TEXT(\"t.wo\")",
            Malformed,
            "contains '.'",
        ),
        (
            "8, 8, function, HOTPATCH_TEXT",
            "8, 8, NULL, HOTPATCH_TEXT",
            Malformed,
            "its function `two` is null",
        ),
        (
            "8, 8, function, HOTPATCH_TEXT",
            "8, 8, (HotpatchModuleFn)1, HOTPATCH_TEXT",
            Malformed,
            "its function `two` is no code of the library, at 0x1",
        ),
        (
            "8, 8, function, HOTPATCH_TEXT",
            "8, 8, (HotpatchModuleFn)functions, HOTPATCH_TEXT",
            Malformed,
            "its function `two` is no code of the library",
        ),
        (
            "HOTPATCH_TEXT(\"fn two()\")",
            "{NULL, 1}",
            Malformed,
            "the signature of its function `two` claims to have 1 bytes, and is null",
        ),
        (
            "HOTPATCH_TEXT(\"nothing\")",
            "{(const uint8_t *)functions, 2000000}",
            Malformed,
            "the layout of its function `two` claims to have 2000000 bytes",
        ),
        (
            "needs, 1,",
            "NULL, 1,",
            Malformed,
            "it claims to have 1 dependencies, and says nowhere where they are",
        ),
        (
            "needs, 1,",
            "needs, 0xffffffffffu,",
            Malformed,
            "it claims to have 1099511627775 dependencies",
        ),
        (
            "HOTPATCH_TEXT(\"library\")",
            "HOTPATCH_TEXT(\"hostile\")",
            Malformed,
            "it needs itself",
        ),
        (
            "HOTPATCH_TEXT(\"library\")",
            "HOTPATCH_TEXT(\"\")",
            Malformed,
            "the name of a module that it needs is empty",
        ),
        (
            "contracts, 1,",
            "NULL, 1,",
            Malformed,
            "it claims to have 1 contracts, and says nowhere where they are",
        ),
        (
            "HOTPATCH_TEXT(\"Contract\")",
            "{(const uint8_t *)elsewhere, 4}",
            Malformed,
            "the name of a contract lies outside of the library",
        ),
        (
            "HOTPATCH_TEXT(\"Contract\")",
            "HOTPATCH_NO_TEXT",
            Malformed,
            "the name of a contract is empty",
        ),
        (
            "    called,",
            "    (HotpatchOnLoad)4096,",
            Malformed,
            "its hook `on_load` is no code of the library, at 0x1000",
        ),
        (
            "    on_unload,",
            "    (HotpatchOnUnload)needs,",
            Malformed,
            "its hook `on_unload` is no code of the library",
        ),
        (
            "    on_reload,",
            "    (HotpatchOnReload)SIZE_MAX,",
            Malformed,
            "its hook `on_reload` is no code of the library",
        ),
        (
            "contracts[] = {",
            "contracts[] = {{HOTPATCH_TEXT(\"Contract\"), HOTPATCH_VERSION(1, 0, 0)}, ",
            Malformed,
            "it fulfils the contract `Contract` twice",
        ),
    ]
};

#[test]
fn manifests_that_lie_are_refused_before_anything_is_called() {
    let (host, told) = telling_host();
    for (what, lie, kind, says) in LIES {
        assert!(GOOD.contains(what), "{what}");
        let mut source = GOOD.replace(what, lie);
        if says.contains("`Contract` twice") {
            source = source.replace("contracts, 1,", "contracts, 2,");
        }
        // Something that lies in another library.
        source = source.replace(
            "extern const char elsewhere[];",
            "extern char **environ;\n#define elsewhere (&environ)",
        );
        let path = compile_hostile(&source);
        let error = host.load(&path).expect_err(lie);
        assert_eq!(error.kind(), kind, "{lie}: {error}");
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("`{}` is refused, because ", path.display())),
            "{text}"
        );
        assert!(text.contains(says), "{lie}: {text}");
        assert!(told.take().is_empty(), "{lie}");
    }
    // Without a lie, only what it needs is missing.
    let good = compile(&GOOD.replace("extern const char elsewhere[];", ""), "c");
    assert_eq!(host.load(&good).unwrap_err().kind(), ErrorKind::Dependency);
    assert!(told.take().is_empty());
    let library = module("library", [1, 0, 0]).build();
    host.change().load(good).load(library).commit().unwrap();
    assert_eq!(told.take(), ["called"]);
}

#[test]
fn a_manifest_that_is_no_data_of_the_library() {
    let (host, _) = telling_host();
    for source in [
        // Its address is that of a thread, or there is nothing behind it.
        "#include \"hotpatch_module.h\"\nextern __thread HotpatchModule HOTPATCH_MODULE_V1;\n__thread HotpatchModule HOTPATCH_MODULE_V1;",
        "#include <stdint.h>\n__attribute__((aligned(4096))) char page[4096];\nextern char HOTPATCH_MODULE_V1[];\n__asm__(\".globl HOTPATCH_MODULE_V1\\n.set HOTPATCH_MODULE_V1, page + 4090\");",
        "__asm__(\".globl HOTPATCH_MODULE_V1\\n.set HOTPATCH_MODULE_V1, 0x1234\");\nint nothing(void);\nint nothing(void) { return 0; }",
    ] {
        let error = host.load(compile_hostile(source)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::NotAModule | ErrorKind::Malformed),
            "{error}"
        );
    }
}
