/* hash.c - sums over bytes, with parts left out. */
#include "provenance/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "provenance/jumbf.h"

const uint8_t cohl_bmff_c2pa_uuid[16] = { 0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                          0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81 };

struct cohl_summing { EVP_MD_CTX *ctx; };

cohl_summing *cohl_summing_begin(const char *alg)
{
    const EVP_MD *md = !strcmp(alg, "sha256") ? EVP_sha256() : !strcmp(alg, "sha384") ? EVP_sha384() :
                       !strcmp(alg, "sha512") ? EVP_sha512() : NULL;
    cohl_summing *sum = md ? calloc(1, sizeof *sum) : NULL;
    if (sum && (!(sum->ctx = EVP_MD_CTX_new()) || !EVP_DigestInit_ex(sum->ctx, md, NULL))) {
        cohl_summing_end(sum);
        return NULL;
    }
    return sum;
}

void cohl_summing_add(cohl_summing *sum, const void *data, size_t size)
{
    if (sum && size)
        EVP_DigestUpdate(sum->ctx, data, size);
}

cohl_hash cohl_summing_end(cohl_summing *sum)
{
    cohl_hash hash = { 0 };
    if (!sum)
        return hash;
    if (sum->ctx && !EVP_DigestFinal_ex(sum->ctx, hash.bytes, &hash.size))
        hash.size = 0;
    EVP_MD_CTX_free(sum->ctx);
    free(sum);
    return hash;
}

cohl_hash cohl_hash_of(const char *alg, const void *data, size_t size)
{
    cohl_summing *sum = cohl_summing_begin(alg);
    cohl_summing_add(sum, data, size);
    return cohl_summing_end(sum);
}

bool cohl_hash_is(const cohl_hash *hash, cohl_bytes expected)
{
    return hash->size && expected.data && expected.size == hash->size &&
           !memcmp(hash->bytes, expected.data, hash->size);
}

/* ---- parts that are left out ------------------------------------------------ */

/* Exclusions times boxes is what a hostile file would make long: so many comparisons, then it is malformed. */
enum { RANGES_MOST = 1 << 16, COMPARED_MOST = 1 << 22 };

typedef struct range { uint64_t start, end; } range;

typedef struct ranges {
    range *range;
    size_t count, room;
    size_t compared;           /* boxes and their bytes with exclusions */
    bool   failed;
} ranges;

static void leave_out(ranges *all, uint64_t start, uint64_t end)
{
    if (all->count == RANGES_MOST || end <= start) {
        all->failed |= end > start;
        return;
    }
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        range *more = realloc(all->range, room * sizeof *more);
        if (!more) {
            all->failed = true;
            return;
        }
        all->range = more, all->room = room;
    }
    all->range[all->count++] = (range){ start, end };
}

static int by_start(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* In order and without overlaps: then one range at a time matters. */
static void settle(ranges *all)
{
    size_t count = 0;
    if (all->count)
        qsort(all->range, all->count, sizeof *all->range, by_start);
    for (size_t i = 0; i < all->count; i++) {
        range *last = count ? &all->range[count - 1] : NULL;
        if (!last || all->range[i].start > last->end)
            all->range[count++] = all->range[i];
        else if (all->range[i].end > last->end)
            last->end = all->range[i].end;
    }
    all->count = count;
}

/* Feed [start, end) of the file but for what is left out; *next is the first range that may
 * still matter. Ranges are settled. */
static void feed(cohl_summing *sum, const uint8_t *file, uint64_t start, uint64_t end, const ranges *out, size_t *next)
{
    while (start < end) {
        while (*next < out->count && out->range[*next].end <= start)
            ++*next;
        const range *r = *next < out->count ? &out->range[*next] : NULL;
        if (r && r->start <= start) {
            start = r->end < end ? r->end : end;
            continue;
        }
        uint64_t stop = r && r->start < end ? r->start : end;
        cohl_summing_add(sum, file + start, (size_t)(stop - start));
        start = stop;
    }
}

/* next: the first range that ends behind `at`. */
static bool is_left_out(const ranges *out, size_t next, uint64_t at)
{
    return next < out->count && out->range[next].start <= at;
}

/* The sum's name: the assertion's own, or the claim's. */
static void binding_alg(char out[16], const cbor_item_t *assertion, const char *alg)
{
    if (!cohl_cbor_copy_text(assertion, "alg", out, 16))
        memcpy(out, alg, strlen(alg) + 1);
}

/* ---- data hash -------------------------------------------------------------- */

cohl_binding_answer cohl_binding_data(const cbor_item_t *assertion, const char *alg, const uint8_t *file, size_t size)
{
    const cbor_item_t *exclusions = cohl_cbor_get(assertion, "exclusions");
    cohl_bytes expected = cohl_cbor_bytes_of(cohl_cbor_get(assertion, "hash"));
    ranges out = { 0 };
    bool fits = expected.data != NULL;
    char name[16];
    for (size_t i = 0; fits && i < cohl_cbor_count(exclusions); i++) {
        const cbor_item_t *one = cohl_cbor_at(exclusions, i);
        int64_t start, length;
        fits = cohl_cbor_int_of(cohl_cbor_get(one, "start"), &start) && start >= 0 &&
               cohl_cbor_int_of(cohl_cbor_get(one, "length"), &length) && length >= 0;
        if (fits && ((uint64_t)start > size || (uint64_t)length > size - (uint64_t)start)) {
            free(out.range);
            return COHL_BINDING_MISMATCH;      /* the file ends before what it is said to hold */
        }
        if (fits)
            leave_out(&out, (uint64_t)start, (uint64_t)start + (uint64_t)length);
    }
    binding_alg(name, assertion, alg);
    cohl_summing *sum = fits && !out.failed ? cohl_summing_begin(name) : NULL;
    cohl_binding_answer answer = !fits || out.failed ? COHL_BINDING_MALFORMED
                               : sum ? COHL_BINDING_MISMATCH : COHL_BINDING_UNSUPPORTED;
    if (sum) {
        size_t next = 0;
        settle(&out);
        feed(sum, file, 0, size, &out, &next);
        cohl_hash hash = cohl_summing_end(sum);
        if (cohl_hash_is(&hash, expected))
            answer = COHL_BINDING_MATCH;
    }
    free(out.range);
    return answer;
}

/* ---- BMFF hash -------------------------------------------------------------- */

/* An exclusion may ask for a size, a version, flags and bytes of the box. */
static bool box_fits(const cbor_item_t *exclusion, const cohl_box *box)
{
    size_t head = (size_t)(box->data - box->start), size = head + box->size;
    const cbor_item_t *list = cohl_cbor_get(exclusion, "data");
    cohl_bytes flags = cohl_cbor_bytes_of(cohl_cbor_get(exclusion, "flags"));
    bool exact = true;
    int64_t value;
    if (cohl_cbor_int_of(cohl_cbor_get(exclusion, "length"), &value) && (uint64_t)value != size)
        return false;
    if (cohl_cbor_int_of(cohl_cbor_get(exclusion, "version"), &value) && (box->size < 4 || box->data[0] != value))
        return false;
    if (flags.data) {
        cohl_cbor_bool_of(cohl_cbor_get(exclusion, "exact"), &exact);
        if (flags.size != 3 || box->size < 4)
            return false;
        for (int i = 0; i < 3; i++)
            if ((exact ? box->data[1 + i] : box->data[1 + i] & flags.data[i]) != flags.data[i])
                return false;
    }
    for (size_t i = 0; i < cohl_cbor_count(list); i++) {
        const cbor_item_t *one = cohl_cbor_at(list, i);
        cohl_bytes bytes = cohl_cbor_bytes_of(cohl_cbor_get(one, "value"));
        if (!bytes.data || !cohl_cbor_int_of(cohl_cbor_get(one, "offset"), &value) || value < 0 ||
            (uint64_t)value > size || bytes.size > size - (uint64_t)value ||
            memcmp(box->start + value, bytes.data, bytes.size))
            return false;
    }
    return true;
}

static void leave_box_out(ranges *out, const cbor_item_t *exclusion, const cohl_box *box, const uint8_t *file)
{
    const cbor_item_t *subset = cohl_cbor_get(exclusion, "subset");
    uint64_t start = (uint64_t)(box->start - file), end = (uint64_t)(box->data + box->size - file);
    if (!cohl_cbor_is_array(subset)) {
        leave_out(out, start, end);
        return;
    }
    for (size_t i = 0; i < cohl_cbor_count(subset); i++) {
        const cbor_item_t *one = cohl_cbor_at(subset, i);
        int64_t offset, length;
        if (!cohl_cbor_int_of(cohl_cbor_get(one, "offset"), &offset) || offset < 0 ||
            !cohl_cbor_int_of(cohl_cbor_get(one, "length"), &length) || length < 0) {
            out->failed = true;
        } else if ((uint64_t)offset < end - start) {
            uint64_t from = start + (uint64_t)offset, rest = end - from;
            leave_out(out, from, length && (uint64_t)length < rest ? from + (uint64_t)length : end);
        }
    }
}

/* Every box at path ("/moov/trak") below data; "meta" is a full box. */
static void match_path(ranges *out, const cbor_item_t *exclusion, const char *path, const uint8_t *data, size_t size,
                       const uint8_t *file)
{
    const uint8_t *at = data;
    cohl_box box;
    if (*path != '/' || strcspn(path + 1, "/") != 4)
        return;
    while (!out->failed && cohl_box_next(&box, &at, data + size) == 1) {
        out->compared += 1 + cohl_cbor_count(exclusion);    /* what a look for a key costs, before the first */
        out->failed |= out->compared > COMPARED_MOST;
        if (!out->failed)
            out->compared += cohl_cbor_count(cohl_cbor_get(exclusion, "data"));
        out->failed |= out->compared > COMPARED_MOST;
        if (memcmp(box.type, path + 1, 4))
            continue;
        if (path[5]) {
            size_t skip = !strcmp(box.type, "meta") && box.size >= 4 ? 4 : 0;
            match_path(out, exclusion, path + 5, box.data + skip, box.size - skip, file);
        } else if (box_fits(exclusion, &box)) {
            leave_box_out(out, exclusion, &box, file);
        }
    }
}

static bool is_usual(const char *path)
{
    return !strcmp(path, "/uuid") || !strcmp(path, "/ftyp") || !strcmp(path, "/mfra");
}

static bool collect(ranges *out, const cbor_item_t *exclusions, const uint8_t *file, size_t size, bool *wider)
{
    for (size_t i = 0; i < cohl_cbor_count(exclusions); i++) {
        const cbor_item_t *one = cohl_cbor_at(exclusions, i);
        char path[128];
        if (!cohl_cbor_copy_text(one, "xpath", path, sizeof path))
            return false;
        *wider |= !is_usual(path) || (!strcmp(path, "/uuid") && !cohl_cbor_count(cohl_cbor_get(one, "data")));
        match_path(out, one, path, file, size, file);
    }
    settle(out);
    return !out->failed;
}

/* Box after box; from version 2 each that is not left out is preceded by its place in the file. */
static bool sum_boxes(cohl_summing *sum, const ranges *out, int version, const uint8_t *file, size_t size)
{
    const uint8_t *at = file;
    cohl_box box;
    size_t next = 0;
    int found;
    while ((found = cohl_box_next(&box, &at, file + size)) == 1) {
        uint64_t start = (uint64_t)(box.start - file);
        uint8_t place[8];
        cohl_put_be64(place, start);
        while (next < out->count && out->range[next].end <= start)
            next++;
        if (version > 1 && !is_left_out(out, next, start))
            cohl_summing_add(sum, place, sizeof place);
        feed(sum, file, start, (uint64_t)(at - file), out, &next);
    }
    return found == 0;
}

cohl_binding_answer cohl_binding_bmff(const cbor_item_t *assertion, int version, const char *alg, const uint8_t *file,
                                      size_t size, bool *wider)
{
    const cbor_item_t *exclusions = cohl_cbor_get(assertion, "exclusions");
    cohl_bytes expected = cohl_cbor_bytes_of(cohl_cbor_get(assertion, "hash"));
    ranges out = { 0 };
    cohl_binding_answer answer = COHL_BINDING_MALFORMED;
    char name[16];
    *wider = false;
    if (cohl_cbor_count(cohl_cbor_get(assertion, "merkle")))
        return COHL_BINDING_UNSUPPORTED;
    binding_alg(name, assertion, alg);
    if (cohl_cbor_is_array(exclusions) && expected.data && collect(&out, exclusions, file, size, wider)) {
        cohl_summing *sum = cohl_summing_begin(name);
        answer = sum ? COHL_BINDING_MISMATCH : COHL_BINDING_UNSUPPORTED;
        bool whole = sum && sum_boxes(sum, &out, version, file, size);
        cohl_hash hash = cohl_summing_end(sum);
        if (whole && cohl_hash_is(&hash, expected))
            answer = COHL_BINDING_MATCH;
    }
    free(out.range);
    return answer;
}
