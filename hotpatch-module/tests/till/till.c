/* The contract `Till` in C: `till.h` is what `Contract::c_definitions` wrote. */

#include "hotpatch_module.h"
#include "till.h"

enum Kind { GOODS = 0, SERVICE = 1 };

struct Item {
  double price;
  uint32_t count;
  uint8_t kind;
};

struct Items {
  const struct Item *data;
  size_t len;
};

struct OptionItem {
  uint32_t tag;
  struct Item some;
};

struct Sink {
  void *context;
  void (*write)(void *context, const uint8_t *data, size_t len);
};

static int32_t total(void *state, const void *input, void *output) {
  const struct Items *items = input;
  double sum = 0;
  (void)state;
  for (size_t at = 0; at < items->len; at++)
    sum += items->data[at].price * items->data[at].count;
  *(double *)output = sum;
  return 0;
}

static int32_t dearest(void *state, const void *input, void *output) {
  const struct Items *items = input;
  struct OptionItem *option = output;
  (void)state;
  option->tag = 0;
  for (size_t at = 0; at < items->len; at++)
    if (!option->tag || items->data[at].price > option->some.price) {
      option->tag = 1;
      option->some = items->data[at];
    }
  return 0;
}

static int32_t receipt(void *state, const void *input, void *output) {
  const struct Sink *sink = output;
  (void)state;
  (void)input;
  sink->write(sink->context, (const uint8_t *)"merci, ", 7);
  sink->write(sink->context, (const uint8_t *)"from C", 6);
  return 0;
}

#define FUNCTION(name, input, output, function)                                                          \
  {HOTPATCH_TEXT(TILL_##name##_NAME), TILL_##name##_SIGNATURE, input, output, function,                   \
   HOTPATCH_TEXT(TILL_##name##_SHOWN), HOTPATCH_TEXT(TILL_##name##_LAYOUT)}

static const HotpatchModuleFunction functions[] = {
    FUNCTION(TOTAL, sizeof(struct Items), sizeof(double), total),
    FUNCTION(DEAREST, sizeof(struct Items), sizeof(struct OptionItem), dearest),
    FUNCTION(RECEIPT, 0, sizeof(struct Sink), receipt),
};

static const HotpatchModuleContract contracts[] = {{HOTPATCH_TEXT(TILL_NAME), TILL_VERSION}};

HOTPATCH_MANIFEST = {
    HOTPATCH_MODULE_HEAD,
    HOTPATCH_TEXT("till"),
    HOTPATCH_VERSION(4, 0, 0),
    HOTPATCH_VERSION(0, 0, 0), // any host
    HOTPATCH_LIST(functions),
    HOTPATCH_EMPTY_LIST,
    HOTPATCH_LIST(contracts),
    NULL,
    NULL,
    NULL,
};
