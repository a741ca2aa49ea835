#include <stdint.h>

#include "hotpatch_module.h"

// What the host and the modules have agreed on, in a header of theirs.
typedef struct {
  int64_t left;
  int64_t right;
} Pair;

static int64_t calls = 0;

static int32_t add(void *host_state, const void *input, void *output) {
  const Pair *pair = (const Pair *)input;
  (void)host_state;
  calls += 1;
  *(int64_t *)output = pair->left + pair->right;
  return 0;
}

static int32_t divide(void *host_state, const void *input, void *output) {
  const Pair *pair = (const Pair *)input;
  (void)host_state;
  calls += 1;
  if (pair->right == 0) {
    return 1; // An error of our own: positive numbers are ours.
  }
  *(int64_t *)output = pair->left / pair->right;
  return 0;
}

static const HotpatchModuleFunction functions[] = {
    {HOTPATCH_TEXT("add"), 0, sizeof(Pair), sizeof(int64_t), add, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
    {HOTPATCH_TEXT("divide"), 0, sizeof(Pair), sizeof(int64_t), divide, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
};

HOTPATCH_MANIFEST = {
    HOTPATCH_MODULE_HEAD,
    HOTPATCH_TEXT("calculator"),
    HOTPATCH_VERSION(1, 0, 0), // of this module
    HOTPATCH_VERSION(1, 0, 0), // of the host, at least
    HOTPATCH_LIST(functions),
    HOTPATCH_EMPTY_LIST, // it needs no other module
    HOTPATCH_EMPTY_LIST, // and has agreed on no contract
    NULL,                // on_load
    NULL,                // on_unload
    NULL,                // on_reload
};
