/* What a module for hotpatch is made of, for C99, C++11 and later.
 *
 * Written by cbindgen from hotpatch-abi/src/module.rs: do not edit it. The chapter on modules in the guide has a module in C
 * and one in C++. */

#ifndef HOTPATCH_MODULE_H
#define HOTPATCH_MODULE_H

#include <stddef.h>
#include <stdint.h>

// What the manifest of a module begins with: `HOTPMOD1` in the bytes of a little-endian machine.
#define HOTPATCH_MODULE_MAGIC 3550049599753572168

// The version of everything in this file. Raise it when the layout or the meaning of any of it changes.
#define HOTPATCH_MODULE_ABI_VERSION 1

// The status of a call whose function panicked, or threw what its language throws.
#define HOTPATCH_STATUS_PANICKED (-1)

// The status of a call of a function that no loaded module offers and that has no fallback.
#define HOTPATCH_STATUS_UNAVAILABLE (-2)

// The status of a call that the sandbox stopped.
#define HOTPATCH_STATUS_STOPPED (-3)

// The status of a call that gave back what no value of the type can be.
#define HOTPATCH_STATUS_BAD_VALUE (-4)

// A text in UTF-8 that is not ended by a zero.
typedef struct {
  // Where it begins.
  const uint8_t *data;
  // How many bytes it has.
  size_t len;
} HotpatchModuleText;

// A semantic version.
typedef struct {
  // Raised by changes that users of the module must follow.
  uint32_t major;
  // Raised by additions.
  uint32_t minor;
  // Raised by everything else.
  uint32_t patch;
} HotpatchModuleVersion;

// A function of a module. `input` and `output` are what both sides agreed on; `host_state` is what the host was made
// with. 0 is success; everything else is an error of the module, and says what it means to.
//
// Positive values are the module's own errors, negative ones those of this ABI.
//
// `input` and `output` point to values of the types that the signature of the function stands for.
typedef int32_t (*HotpatchModuleFn)(void *host_state, const void *input, void *output);

// A function that a module offers.
typedef struct {
  // The name, unique within the module.
  HotpatchModuleText name;
  // The hash of the types of input and output; 0 where nobody has agreed on any.
  uint64_t signature;
  // How many bytes `input` points to.
  uint32_t input_size;
  // How many bytes `output` points to.
  uint32_t output_size;
  // The function.
  HotpatchModuleFn function;
  // The signature as written, for messages. May be empty.
  HotpatchModuleText shown;
  // What `signature` is the hash of: a line for each fact of the types. It tells which fact differs where two hashes
  // do. May be empty.
  HotpatchModuleText layout;
} HotpatchModuleFunction;

// Another module that a module needs.
typedef struct {
  // Its name.
  HotpatchModuleText name;
  // The lowest version that will do. One with another major number will not.
  HotpatchModuleVersion at_least;
} HotpatchModuleDependency;

// A contract that a module fulfils: a version of a list of functions that both sides know by name.
typedef struct {
  // The name.
  HotpatchModuleText name;
  // The version of the contract that the module was written for.
  HotpatchModuleVersion version;
} HotpatchModuleContract;

// Runs when a module is loaded, before any of its functions can be called. Anything but 0 refuses the module.
typedef int32_t (*HotpatchOnLoad)(void *host_state);

// Runs when a module has left, after its last call has ended.
typedef void (*HotpatchOnUnload)(void *host_state);

// Runs instead of `HotpatchOnLoad` when a module replaces one of the same name, whose version is `old_version`. Anything but 0
// refuses the module, and the old one stays.
typedef int32_t (*HotpatchOnReload)(void *host_state, const HotpatchModuleVersion *old_version);

// The manifest of a module.
typedef struct {
  // `HOTPATCH_MODULE_MAGIC`.
  uint64_t magic;
  // `HOTPATCH_MODULE_ABI_VERSION`.
  uint32_t abi_version;
  // The size of this record in bytes.
  uint32_t struct_size;
  // The name of the module. A module replaces the one of the same name.
  HotpatchModuleText name;
  // The version of the module.
  HotpatchModuleVersion version;
  // The lowest version of the host that the module works with. One with another major number will not do. 0.0.0 stands
  // for every host.
  HotpatchModuleVersion required_host;
  // The first of the functions.
  const HotpatchModuleFunction *functions;
  // How many functions there are.
  size_t function_count;
  // The first of the modules that this one needs.
  const HotpatchModuleDependency *dependencies;
  // How many modules it needs.
  size_t dependency_count;
  // The first of the contracts that this module fulfils.
  const HotpatchModuleContract *contracts;
  // How many contracts it fulfils.
  size_t contract_count;
  // See `HotpatchOnLoad`.
  HotpatchOnLoad on_load;
  // See `HotpatchOnUnload`.
  HotpatchOnUnload on_unload;
  // See `HotpatchOnReload`. Without it, `HotpatchOnLoad` runs.
  HotpatchOnReload on_reload;
} HotpatchModule;

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

#endif  /* HOTPATCH_MODULE_H */
