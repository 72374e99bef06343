/* tfjs.c - weights as TensorFlow.js keeps them, read into named tensors. */
#define _GNU_SOURCE
#include "vision/tfjs.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "vision/literal.h"

static const size_t VALUES_MOST = (size_t)64 << 20;      /* of one tensor; the largest network has 6 million */
static const char MEMBER[] = "weightsManifest";

/* ---- the manifest ---------------------------------------------------------- */

static cohl_status find_groups(json_t **out, const char *name, cohl_bytes manifest, cohl_error *err)
{
    const char *text = (const char *)manifest.data;
    json_t *json = manifest.size ? json_loadb(text, manifest.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    *out = NULL;
    if (json) {
        json_t *groups = json_is_object(json) ? json_object_get(json, MEMBER) : json;
        *out = json_incref(groups);
        json_decref(json);
    } else {
        const char *at = manifest.size ? memmem(text, manifest.size, MEMBER, sizeof MEMBER - 1) : NULL;
        const char *colon = at ? memchr(at, ':', manifest.size - (size_t)(at - text)) : NULL;
        if (!colon)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no \"%s\", neither as JSON nor as a literal", name, MEMBER);
        cohl_status st = cohl_literal_read(out, name, colon + 1, manifest.size - (size_t)(colon + 1 - text), err);
        if (st)
            return st;
    }
    return json_is_array(*out) ? COHL_OK : cohl_fail(err, COHL_ERR_FORMAT, "%s: \"%s\" is no list", name, MEMBER);
}

static size_t count_tensors(const json_t *groups)
{
    size_t count = 0, i;
    json_t *group;
    json_array_foreach(groups, i, group)
        count += json_array_size(json_object_get(group, "weights"));
    return count;
}

/* ---- files of values ------------------------------------------------------- */

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, padded. out has room for size / 4 * 3 bytes; false: it is none. */
static bool decode_base64(uint8_t *out, size_t *count, const uint8_t *text, size_t size)
{
    size_t digits = size;
    while (digits && size - digits < 2 && text[digits - 1] == '=')
        digits--;
    *count = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4)
            out[(*count)++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return size % 4 == 0;
}

/* The longest run between two quotes. */
static cohl_bytes longest_string(cohl_bytes module)
{
    cohl_bytes best = { 0 };
    const uint8_t *end = module.data + module.size, *from = memchr(module.data, '"', module.size);
    while (from) {
        const uint8_t *to = memchr(from + 1, '"', (size_t)(end - from - 1));
        if (to && (size_t)(to - from - 1) > best.size)
            best = (cohl_bytes){ from + 1, (size_t)(to - from - 1) };
        from = to;
    }
    return best;
}

static bool is_module(cohl_bytes shard) { return shard.size > 9 && !memcmp(shard.data, "!function", 9); }

/* All files' bytes, one behind the other, in new memory. */
static cohl_status join(uint8_t **out, size_t *size, const char *name, const cohl_bytes *shard, int shards, cohl_error *err)
{
    size_t room = 1;
    for (int i = 0; i < shards; i++)
        room += shard[i].size;
    *size = 0;
    if (!(*out = malloc(room)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its values", name);
    for (int i = 0; i < shards; i++) {
        size_t count = shard[i].size;
        if (is_module(shard[i])) {
            cohl_bytes text = longest_string(shard[i]);
            if (!decode_base64(*out + *size, &count, text.data, text.size))
                return cohl_fail(err, COHL_ERR_FORMAT, "%s: its file of values %d is no base64", name, i + 1);
        } else if (count) {
            memcpy(*out + *size, shard[i].data, count);
        }
        *size += count;
    }
    return COHL_OK;
}

/* ---- tensors --------------------------------------------------------------- */

typedef struct packed {                    /* how values are stored */
    enum { F32, F16, U8, U16 } type;
    double min, scale;
} packed;

static size_t packed_bytes(const packed *p) { return p->type == F32 ? 4 : p->type == U8 ? 1 : 2; }

static cohl_status read_packed(packed *out, const char *name, const json_t *weight, cohl_error *err)
{
    static const struct { const char *name; int type; } types[] = {
        { "float32", F32 }, { "float16", F16 }, { "uint8", U8 }, { "uint16", U16 } };
    const json_t *quantization = json_object_get(weight, "quantization");
    const char *type = json_string_value(json_object_get(quantization ? quantization : weight, "dtype"));
    *out = (packed){ .type = F32, .scale = 1 };
    size_t i = 0;
    while (i < sizeof types / sizeof *types && !(type && !strcmp(type, types[i].name)))
        i++;
    if (i == sizeof types / sizeof *types || (!quantization && types[i].type != F32))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: tensor %.90s holds values of type %.20s, which are not read", name,
                         json_string_value(json_object_get(weight, "name")), type ? type : "none");
    out->type = types[i].type;
    if (out->type == U8 || out->type == U16) {
        out->min = json_number_value(json_object_get(quantization, "min"));
        out->scale = json_number_value(json_object_get(quantization, "scale"));
    }
    return COHL_OK;
}

static float unpack(const packed *p, const uint8_t *at)
{
    float value;
    uint16_t half = 0;
    memcpy(&half, at, p->type == F16 || p->type == U16 ? 2 : 0);
    switch (p->type) {
    case F32: memcpy(&value, at, 4); return value;
    case F16: return cohl_f16_to_f32(half);
    case U8:  return (float)(at[0] * p->scale + p->min);
    case U16: return (float)(half * p->scale + p->min);
    }
    return 0;
}

static cohl_status read_shape(cohl_tfjs_tensor *t, const char *name, const json_t *weight, cohl_error *err)
{
    const json_t *shape = json_object_get(weight, "shape"), *side;
    size_t i;
    t->rank = (int)json_array_size(shape);
    t->count = 1;
    if (!json_is_array(shape) || json_array_size(shape) > COHL_TFJS_RANK_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %.90s has no shape, or more than %d sides", name, t->name,
                         COHL_TFJS_RANK_MAX);
    json_array_foreach(shape, i, side) {
        json_int_t count = json_integer_value(side);
        if (count < 1 || (uint64_t)count > VALUES_MOST / t->count)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: side %zu of tensor %.90s is %lld, expected 1 to %zu", name, i, t->name,
                             (long long)count, VALUES_MOST / t->count);
        t->dim[i] = count;
        t->count *= (size_t)count;
    }
    return COHL_OK;
}

/* The next tensor of the stream; moves *at on. */
static cohl_status read_tensor(cohl_tfjs_tensor *t, const char *name, const json_t *weight, const uint8_t *bytes,
                               size_t size, size_t *at, cohl_error *err)
{
    const char *called = json_string_value(json_object_get(weight, "name"));
    packed how;
    if (!called || !*called)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a tensor has no name", name);
    if (!(t->name = strdup(called)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", name);
    cohl_status st = read_packed(&how, name, weight, err);
    if (!st) st = read_shape(t, name, weight, err);
    if (st)
        return st;
    size_t width = packed_bytes(&how);
    if (t->count > (size - *at) / width)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its files of values end inside tensor %.90s", name, t->name);
    if (!(t->value = malloc(t->count * sizeof *t->value)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", name);
    for (size_t i = 0; i < t->count; i++, *at += width)
        if (!isfinite(t->value[i] = unpack(&how, bytes + *at)))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %.90s holds values that are not finite", name, t->name);
    return COHL_OK;
}

static cohl_status read_all(cohl_tfjs *out, const char *name, const json_t *groups, const uint8_t *bytes, size_t size,
                            cohl_error *err)
{
    cohl_status st = COHL_OK;
    size_t at = 0, i, j;
    json_t *group, *weight;
    if (!(out->tensor = calloc(count_tensors(groups) + 1, sizeof *out->tensor)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its tensors", name);
    json_array_foreach(groups, i, group)
        json_array_foreach(json_object_get(group, "weights"), j, weight)
            if (!st)
                st = read_tensor(&out->tensor[out->count++], name, weight, bytes, size, &at, err);
    if (!st && at != size)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: its files hold %zu bytes of values, its list names %zu", name, size, at);
    return st;
}

cohl_status cohl_tfjs_read(cohl_tfjs *out, const char *name, cohl_bytes manifest, const cohl_bytes *shard, int shards,
                           cohl_error *err)
{
    json_t *groups;
    uint8_t *bytes = NULL;
    size_t size;
    *out = (cohl_tfjs){ 0 };
    cohl_status st = find_groups(&groups, name, manifest, err);
    if (!st) st = join(&bytes, &size, name, shard, shards, err);
    if (!st) st = read_all(out, name, groups, bytes, size, err);
    free(bytes);
    json_decref(groups);
    return st;
}

void cohl_tfjs_free(cohl_tfjs *tfjs)
{
    for (size_t i = 0; i < tfjs->count; i++) {
        free(tfjs->tensor[i].name);
        free(tfjs->tensor[i].value);
    }
    free(tfjs->tensor);
    *tfjs = (cohl_tfjs){ 0 };
}
