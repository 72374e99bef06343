/* fuzz_networks.c - any bytes as what a package of networks holds.
 *
 * The first byte chooses: a package itself, gzip and tar; an archive after gzip, so that mutations reach its headers;
 * or a list of tensors, up to a zero byte, and their values behind it. What is read must be whole. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vision/tarball.h"
#include "vision/tfjs.h"

static void try_archive(const cohl_tarball *t)
{
    const uint8_t *data;
    size_t size;
    cohl_error err = { 0 };
    if (cohl_tarball_find(t, "model/a.json", &data, &size, &err))
        assert(err.text[0]);
    else
        assert(data >= t->data && size <= t->size && (size_t)(data - t->data) <= t->size - size);
}

static void try_package(const uint8_t *bytes, size_t size)
{
    cohl_tarball t;
    if (cohl_tarball_open(&t, "fuzz", bytes, size, NULL))
        return;
    try_archive(&t);
    cohl_tarball_close(&t);
}

static void try_tensors(const uint8_t *bytes, size_t size)
{
    const uint8_t *zero = memchr(bytes, 0, size);
    size_t list = zero ? (size_t)(zero - bytes) : size, rest = zero ? size - list - 1 : 0;
    cohl_bytes values = { zero ? zero + 1 : bytes, rest };
    cohl_tfjs tensors;
    cohl_error err = { 0 };
    cohl_status st = cohl_tfjs_read(&tensors, "fuzz", (cohl_bytes){ bytes, list }, &values, 1, &err);
    assert(!st || err.text[0]);
    for (size_t i = 0; i < tensors.count && !st; i++) {
        size_t count = 1;
        for (int d = 0; d < tensors.tensor[i].rank; d++)
            count *= (size_t)tensors.tensor[i].dim[d];
        assert(count == tensors.tensor[i].count && tensors.tensor[i].name);
    }
    cohl_tfjs_free(&tensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    switch (bytes[0] % 3) {
    case 0: try_package(bytes + 1, size - 1); break;
    case 1: try_archive(&(cohl_tarball){ .name = "fuzz", .data = (uint8_t *)bytes + 1, .size = size - 1 }); break;
    case 2: try_tensors(bytes + 1, size - 1); break;
    }
    return 0;
}
