/* mutate - broken copies of a signed file, for scripts that compare validators.
 *
 *     mutate IN PREFIX COUNT SEED      PREFIX000.mp4, PREFIX001.mp4, ... as IN ends
 *
 * Most change the bytes around the manifest store, where a validator has most to decide. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "provenance/container.h"

static size_t draw(cohl_rng *rng, size_t below) { return below ? cohl_rng_u32(rng) % below : 0; }

/* Where to hurt: in the store, right around it, or anywhere. */
static size_t place(cohl_rng *rng, cohl_bytes store, const uint8_t *file, size_t size)
{
    size_t begin = store.data ? (size_t)(store.data - file) : 0;
    switch (draw(rng, 5)) {
    case 0:  return draw(rng, size);
    case 1:  return draw(rng, begin + 64 < size ? begin + 64 : size);
    default: return store.data ? begin + draw(rng, store.size) : draw(rng, size);
    }
}

static size_t hurt(cohl_rng *rng, uint8_t *out, const cohl_map *in, size_t at)
{
    static const uint8_t sizes[4][4] = { { 0 }, { 0, 0, 0, 1 }, { 0xff, 0xff, 0xff, 0xf0 }, { 0, 0, 0, 7 } };
    size_t left = in->size - at, run = 1 + draw(rng, left < 16 ? left : 16);
    memcpy(out, in->data, in->size);
    switch (draw(rng, 8)) {
    case 0:  return at;                                                        /* cut */
    case 1:  memset(out + at, 0, run < left ? run : left); return in->size;
    case 2:  memcpy(out + at, sizes[draw(rng, 4)], left < 4 ? left : 4); return in->size;
    case 3:  memmove(out + at, in->data + at + run, left > run ? left - run : 0); return in->size - (left > run ? run : left);
    case 4:  memmove(out + at + run, in->data + at, left); return in->size + run;   /* a piece twice */
    case 5:  out[at] = (uint8_t)cohl_rng_u32(rng); return in->size;
    default: out[at] ^= (uint8_t)(1u << draw(rng, 8)); return in->size;
    }
}

int main(int argc, char **argv)
{
    cohl_map in;
    cohl_error err = { 0 };
    if (argc != 5 || cohl_map_open(&in, argv[1], &err)) {
        fprintf(stderr, "mutate: %s\n", argc != 5 ? "usage: mutate IN PREFIX COUNT SEED" : err.text);
        return 2;
    }
    cohl_rng rng = cohl_rng_make(strtoull(argv[4], NULL, 10), 1);
    cohl_store_bytes store = cohl_container_find(in.data, in.size);
    uint8_t *out = malloc(in.size + 64);
    for (int i = 0; i < atoi(argv[3]) && out; i++) {
        char path[1024];
        size_t size = hurt(&rng, out, &in, place(&rng, store.owned ? (cohl_bytes){ 0 } : store.bytes, in.data, in.size));
        snprintf(path, sizeof path, "%s%03d%s", argv[2], i, strrchr(argv[1], '.'));
        if (cohl_file_write(path, out, size, &err)) {
            fprintf(stderr, "mutate: %s\n", err.text);
            return 1;
        }
    }
    free(out);
    free(store.owned);
    cohl_map_close(&in);
    return 0;
}
