#include <cstdint>
#include <exception>

#include "hotpatch_module.h"

namespace {

// What the host and the modules have agreed on, in a header of theirs.
struct Pair {
  std::int64_t left;
  std::int64_t right;
};

struct Division {
  std::int64_t operator()(const Pair &pair) const {
    if (pair.right == 0) {
      throw std::exception();
    }
    return pair.left / pair.right;
  }
};

struct Addition {
  std::int64_t operator()(const Pair &pair) const { return pair.left + pair.right; }
};

// No exception may leave a function of a module.
template <typename Operation>
std::int32_t run(void *, const void *input, void *output) noexcept {
  try {
    *static_cast<std::int64_t *>(output) = Operation()(*static_cast<const Pair *>(input));
    return 0;
  } catch (...) {
    return HOTPATCH_STATUS_PANICKED;
  }
}

std::int32_t on_reload(void *, const HotpatchModuleVersion *old_version) noexcept {
  return old_version->major == 1 ? 0 : 1;
}

const HotpatchModuleFunction functions[] = {
    {HOTPATCH_TEXT("add"), 0, sizeof(Pair), sizeof(std::int64_t), run<Addition>, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
    {HOTPATCH_TEXT("divide"), 0, sizeof(Pair), sizeof(std::int64_t), run<Division>, HOTPATCH_NO_TEXT, HOTPATCH_NO_TEXT},
};

} // namespace

HOTPATCH_MANIFEST = {
    HOTPATCH_MODULE_HEAD,
    HOTPATCH_TEXT("calculator"),
    HOTPATCH_VERSION(1, 1, 0), // of this module
    HOTPATCH_VERSION(1, 0, 0), // of the host, at least
    HOTPATCH_LIST(functions),
    HOTPATCH_EMPTY_LIST, // it needs no other module
    HOTPATCH_EMPTY_LIST, // and has agreed on no contract
    nullptr,             // on_load
    nullptr,             // on_unload
    on_reload,
};
