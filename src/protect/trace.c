/* trace.c - what is kept of a protected picture.
 *
 * As bytes, all little-endian: "CTR1", width and height (16 bits each), then for both sides: fingerprint
 * (64), count of features (16), features of 38 bytes: x, y (16 each), level, turn (8 each), four times 64 bits. */
#include "protect/trace.h"

#include <stdlib.h>
#include <string.h>

#include "provenance/print.h"

enum { FEATURES_LEAST = 40, HEAD = 8, SIDE_HEAD = 10, FEATURE = 38 };

static const char magic[4] = "CTR1";
static const double CONTRAST_LEAST = 6;          /* of 127: a sheet of paper has less */

void cohl_picture_trace_free(cohl_picture_trace *trace)
{
    free(trace->side[0].feature);
    free(trace->side[1].feature);
    *trace = (cohl_picture_trace){ 0 };
}

static cohl_status keep_side(cohl_picture_trace_side *side, const cohl_feature_list *list, cohl_error *err)
{
    side->print = cohl_print_of_luma(list->luma, false);
    side->feature = malloc((size_t)(list->count + 1) * sizeof *side->feature);
    if (!side->feature)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for features of a picture");
    memcpy(side->feature, list->feature, (size_t)list->count * sizeof *side->feature);
    side->count = list->count;
    return COHL_OK;
}

static cohl_status find_side(cohl_picture_trace *out, int number, cohl_feature_list *list, cohl_feature_finder *finder,
                             const cohl_frame *frame, const char *name, cohl_error *err)
{
    cohl_status st = cohl_feature_find(list, finder, frame, number == 1, err);
    if (st)
        return st;
    if (list->count < FEATURES_LEAST || list->contrast < CONTRAST_LEAST)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: there is too little in it to know it again: %d corners, expected "
                         "at least %d, in a picture of some contrast", name, list->count, FEATURES_LEAST);
    out->width = list->width, out->height = list->height;
    return keep_side(&out->side[number], list, err);
}

cohl_status cohl_picture_trace_of(cohl_picture_trace *out, cohl_feature_finder *finder, const cohl_frame *frame,
                                  const char *name, cohl_error *err)
{
    cohl_feature_list *list = malloc(sizeof *list);
    *out = (cohl_picture_trace){ 0 };
    if (!list)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for features of a picture");
    cohl_status st = find_side(out, 0, list, finder, frame, name, err);
    if (!st) st = find_side(out, 1, list, finder, frame, name, err);
    if (st)
        cohl_picture_trace_free(out);
    free(list);
    return st;
}

/* ---- as bytes ------------------------------------------------------------------ */

static void put(cohl_text *out, uint64_t value, int bytes)
{
    char little[8];
    for (int i = 0; i < bytes; i++)
        little[i] = (char)(value >> 8 * i);
    cohl_text_add_bytes(out, little, (size_t)bytes);
}

static void put_side(cohl_text *out, const cohl_picture_trace_side *side)
{
    put(out, side->print, 8);
    put(out, (uint64_t)side->count, 2);
    for (int i = 0; i < side->count; i++) {
        const cohl_feature *f = &side->feature[i];
        put(out, f->x, 2);
        put(out, f->y, 2);
        put(out, f->level, 1);
        put(out, f->turn, 1);
        for (int k = 0; k < 4; k++)
            put(out, f->bits[k], 8);
    }
}

void cohl_picture_trace_write(cohl_text *out, const cohl_picture_trace *trace)
{
    cohl_text_add_bytes(out, magic, sizeof magic);
    put(out, (uint64_t)trace->width, 2);
    put(out, (uint64_t)trace->height, 2);
    put_side(out, &trace->side[0]);
    put_side(out, &trace->side[1]);
}

static uint64_t get(const uint8_t **at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)(*at)[i] << 8 * i;
    *at += bytes;
    return value;
}

static bool get_feature(cohl_feature *f, const uint8_t **at, const cohl_picture_trace *trace)
{
    f->x = (uint16_t)get(at, 2), f->y = (uint16_t)get(at, 2);
    f->level = (uint8_t)get(at, 1), f->turn = (uint8_t)get(at, 1);
    for (int k = 0; k < 4; k++)
        f->bits[k] = get(at, 8);
    return f->x <= 16 * trace->width && f->y <= 16 * trace->height && f->level < COHL_FEATURE_LEVELS &&
           f->turn < COHL_FEATURE_TURNS;
}

/* false: broken. *st tells when memory is out. */
static bool get_side(cohl_picture_trace_side *side, const uint8_t **at, const uint8_t *end,
                     const cohl_picture_trace *trace, cohl_status *st)
{
    if (end - *at < SIDE_HEAD)
        return false;
    side->print = get(at, 8);
    int count = (int)get(at, 2);
    if (count > COHL_FEATURES_MOST || end - *at < (ptrdiff_t)count * FEATURE)
        return false;
    side->feature = calloc((size_t)count + 1, sizeof *side->feature);
    if (!side->feature) {
        *st = COHL_ERR_MEMORY;
        return false;
    }
    for (; side->count < count; side->count++)
        if (!get_feature(&side->feature[side->count], at, trace))
            return false;
    return true;
}

cohl_status cohl_picture_trace_read(cohl_picture_trace *out, const void *data, size_t size, cohl_error *err)
{
    const uint8_t *at = data, *end = at + size;
    cohl_status st = COHL_ERR_FORMAT;
    *out = (cohl_picture_trace){ 0 };
    bool good = size >= HEAD && !memcmp(at, magic, sizeof magic);
    if (good) {
        at += sizeof magic;
        out->width = (int)get(&at, 2), out->height = (int)get(&at, 2);
        good = out->width && out->height && out->width <= COHL_FEATURE_SIDE && out->height <= COHL_FEATURE_SIDE &&
               get_side(&out->side[0], &at, end, out, &st) && get_side(&out->side[1], &at, end, out, &st) && at == end;
    }
    if (good)
        return COHL_OK;
    cohl_picture_trace_free(out);
    return cohl_fail(err, st, "%zu bytes that are no trace of a picture", size);
}
