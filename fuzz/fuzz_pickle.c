/* fuzz_pickle.c - any bytes as a pickle. What is read is a tree of plain values. */
#include <assert.h>
#include <stdint.h>

#include "weights/pickle.h"

/* A memory may make a value its own item, so the walk ends somewhere. */
static void walk(const cohl_pickle_value *value, int depth)
{
    int shown = 0;
    assert(value && value->kind <= COHL_PICKLE_TENSOR);
    if (value->kind == COHL_PICKLE_TENSOR)
        assert(value->storage->kind == COHL_PICKLE_STORAGE && value->sizes->count <= COHL_RANK_MAX);
    for (const cohl_pickle_item *item = value->first; item && depth < 4 && shown < 16; item = item->next, shown++)
        walk(item->value, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cohl_pickle *pickle = NULL;
    cohl_error err = { 0 };
    cohl_status st = cohl_pickle_read(&pickle, "fuzz", bytes, size, &err);
    if (st)
        assert(err.text[0] && err.status == st);
    else
        walk(cohl_pickle_result(pickle), 0);
    cohl_pickle_close(pickle);
    return 0;
}
