/* gguf.c - the GGUF file, read in place.
 *
 * A cursor walks the bytes once; every length is held against what is left
 * before anything is taken or allocated for it, so a file can ask for no more
 * memory than its own size. The first failure stays with the cursor. */
#include "weights/gguf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { ALIGNMENT = 32, SHOWN_VALUES = 16, NAME_MAX_BYTES = 1024 };

enum { KIND_U8, KIND_I8, KIND_U16, KIND_I16, KIND_U32, KIND_I32, KIND_F32, KIND_BOOL, KIND_STRING, KIND_ARRAY,
       KIND_U64, KIND_I64, KIND_F64, KIND_COUNT };

static const unsigned char KIND_BYTES[KIND_COUNT] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

struct cohl_gguf {
    char        *path;
    int          version;
    json_t      *metadata;
    cohl_weight *weight;      /* [count]; their names are owned */
    size_t       count;
};

bool cohl_gguf_is(const uint8_t *bytes, size_t size) { return size >= 4 && !memcmp(bytes, "GGUF", 4); }

/* ---- the cursor ---------------------------------------------------------- */

typedef struct cursor {
    const uint8_t *bytes;
    size_t         size, at;
    const char    *path;
    cohl_status    status;
    cohl_error    *err;
} cursor;

static const void *take(cursor *c, uint64_t bytes, const char *what)
{
    static const uint64_t nothing;
    if (c->status)
        return &nothing;
    if (bytes > c->size - c->at) {
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: %s at byte %zu should be %" PRIu64 " bytes long, only %zu "
                              "follow", c->path, what, c->at, bytes, c->size - c->at);
        return &nothing;
    }
    c->at += bytes;
    return c->bytes + c->at - bytes;
}

static uint32_t take_u32(cursor *c, const char *what)
{
    uint32_t value;
    memcpy(&value, take(c, 4, what), 4);
    return value;
}

static uint64_t take_u64(cursor *c, const char *what)
{
    uint64_t value;
    memcpy(&value, take(c, 8, what), 8);
    return value;
}

/* A zero-terminated copy, UTF-8; NULL after a failure. */
static char *take_string(cursor *c, const char *what)
{
    uint64_t length = take_u64(c, what);
    const char *from = take(c, c->status ? 0 : length, what);
    if (c->status)
        return NULL;
    if (cohl_utf8_check(from, length) != length || memchr(from, 0, length)) {
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: %s at byte %zu is not text", c->path, what,
                              c->at - (size_t)length);
        return NULL;
    }
    char *copy = strndup(from, length);
    if (!copy)
        c->status = cohl_fail(c->err, COHL_ERR_MEMORY, "%s: no memory for %s", c->path, what);
    return copy;
}

/* ---- keys ---------------------------------------------------------------- */

static json_t *number(uint32_t kind, const void *from)
{
    union { uint8_t u8; int8_t i8; uint16_t u16; int16_t i16; uint32_t u32; int32_t i32; float f32;
            uint64_t u64; int64_t i64; double f64; } as;
    memcpy(&as, from, KIND_BYTES[kind]);
    switch (kind) {
    case KIND_U8:   return json_integer(as.u8);
    case KIND_I8:   return json_integer(as.i8);
    case KIND_U16:  return json_integer(as.u16);
    case KIND_I16:  return json_integer(as.i16);
    case KIND_U32:  return json_integer(as.u32);
    case KIND_I32:  return json_integer(as.i32);
    case KIND_U64:  return json_integer((json_int_t)as.u64);
    case KIND_I64:  return json_integer(as.i64);
    case KIND_BOOL: return json_boolean(as.u8);
    case KIND_F32:  return json_real(as.f32);        /* NULL where it is no number */
    default:        return json_real(as.f64);
    }
}

static json_t *take_array(cursor *c, const char *key)
{
    uint32_t kind = take_u32(c, key);
    uint64_t count = take_u64(c, key);
    char text[48];
    if (c->status)
        return NULL;
    if (kind >= KIND_COUNT || kind == KIND_ARRAY) {
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: %s is a list of kind %u, expected numbers or strings",
                              c->path, key, kind);
        return NULL;
    }
    snprintf(text, sizeof text, "%" PRIu64 " %s", count, kind == KIND_STRING ? "strings" : "numbers");
    if (kind == KIND_STRING) {
        for (uint64_t i = 0; i < count && !c->status; i++)
            take(c, take_u64(c, key), key);
        return json_string(text);
    }
    uint64_t bytes;
    if (__builtin_mul_overflow(count, KIND_BYTES[kind], &bytes))
        bytes = UINT64_MAX;
    const uint8_t *from = take(c, bytes, key);
    if (c->status || count > SHOWN_VALUES)
        return c->status ? NULL : json_string(text);
    json_t *list = json_array();
    for (uint64_t i = 0; i < count; i++)
        json_array_append_new(list, number(kind, from + i * KIND_BYTES[kind]));
    return list;
}

static json_t *take_value(cursor *c, const char *key)
{
    uint32_t kind = take_u32(c, key);
    if (c->status)
        return NULL;
    if (kind == KIND_ARRAY)
        return take_array(c, key);
    if (kind == KIND_STRING) {
        char *text = take_string(c, key);
        json_t *value = text ? json_string(text) : NULL;
        free(text);
        return value;
    }
    if (kind >= KIND_COUNT) {
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: %s is of kind %u, the format knows 0 to %d", c->path, key,
                              kind, KIND_COUNT - 1);
        return NULL;
    }
    const void *from = take(c, KIND_BYTES[kind], key);
    return c->status ? NULL : number(kind, from);
}

static void take_keys(cohl_gguf *file, cursor *c, uint64_t count)
{
    file->metadata = json_object();
    for (uint64_t i = 0; i < count && !c->status; i++) {
        char *key = take_string(c, "a key");
        json_t *value = key ? take_value(c, key) : NULL;
        if (value)
            json_object_set_new(file->metadata, key, value);
        free(key);
    }
}

/* ---- tensors ------------------------------------------------------------- */

typedef struct place {
    const char *name;
    uint64_t    begin, end;
} place;

static const char *foreign_type(uint32_t type)
{
    static const char *const names[] = { [9] = "Q8_1", [15] = "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL",
                                         "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", [29] = "IQ1_M", [34] = "TQ1_0",
                                         "TQ2_0", [39] = "MXFP4" };
    return type < sizeof names / sizeof *names && names[type] ? names[type] : "unknown";
}

static void set_type(cursor *c, cohl_weight *w, uint32_t type)
{
    static const struct { uint32_t number; cohl_dtype type; } plain[] = {
        { 0, COHL_F32 }, { 1, COHL_F16 }, { 26, COHL_I32 }, { 27, COHL_I64 }, { 28, COHL_F64 }, { 30, COHL_BF16 },
    };
    w->packing = cohl_packing_of_ggml(type);
    w->type = COHL_F32;
    if (w->packing)
        return;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i].number == type) {
            w->type = plain[i].type;
            return;
        }
    c->status = cohl_fail(c->err, COHL_ERR_UNSUPPORTED, "%s: tensor %s is of type %u (%s); F32, F16, BF16, Q8_0, "
                          "Q4_0, Q4_1, Q5_0, Q5_1 and Q2_K to Q6_K are read", c->path, w->name, type,
                          foreign_type(type));
}

/* Sizes come fastest first. */
static void take_sizes(cursor *c, cohl_weight *w)
{
    uint32_t rank = take_u32(c, "a tensor's number of sizes");
    if (!c->status && rank > COHL_RANK_MAX)
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s has %u sizes, expected at most %d", c->path,
                              w->name, rank, COHL_RANK_MAX);
    w->count = 1;
    for (uint32_t k = 0; k < rank && !c->status; k++) {
        uint64_t size = take_u64(c, "a tensor's sizes");
        if (size > INT64_MAX || __builtin_mul_overflow(w->count, (size_t)size, &w->count))
            c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s: its sizes overflow", c->path, w->name);
        else
            w->dim[rank - 1 - k] = (int64_t)size;
    }
    w->rank = c->status ? 0 : (int)rank;
}

static void check_rows(cursor *c, const cohl_weight *w)
{
    int64_t row = w->rank ? w->dim[w->rank - 1] : 1;
    if (!c->status && w->packing && row % w->packing->values)
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s: rows of %lld values do not fill blocks of %d "
                              "(%s)", c->path, w->name, (long long)row, w->packing->values, w->packing->name);
}

/* The number of bytes, which may exceed any file. */
static uint64_t weight_bytes(const cohl_weight *w)
{
    uint64_t values = w->packing ? (uint64_t)w->packing->values : 1, bytes;
    uint64_t block = w->packing ? (uint64_t)w->packing->bytes : cohl_dtype_bytes(w->type);
    return __builtin_mul_overflow(w->count / values, block, &bytes) ? UINT64_MAX : bytes;
}

static void take_tensor(cohl_gguf *file, cursor *c, place *place)
{
    char *name = take_string(c, "a tensor's name");
    cohl_weight *w = &file->weight[file->count];
    if (!name)
        return;
    *w = (cohl_weight){ .name = name, .loose = true };
    file->count++;
    if (strlen(name) > NAME_MAX_BYTES || !*name)
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: a tensor's name has %zu bytes, expected 1 to %d", c->path,
                              strlen(name), NAME_MAX_BYTES);
    take_sizes(c, w);
    uint32_t type = take_u32(c, "a tensor's type");
    uint64_t offset = take_u64(c, "a tensor's offset");
    if (!c->status)
        set_type(c, w, type);
    check_rows(c, w);
    *place = (struct place){ name, offset, 0 };
}

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : x->end < y->end ? -1 : x->end > y->end;
}

static int compare_place_names(const void *a, const void *b)
{
    return strcmp(((const place *)a)->name, ((const place *)b)->name);
}

/* Each inside the data and aligned, none on another, none twice. */
static void set_places(cohl_gguf *file, cursor *c, place *at, uint64_t alignment)
{
    size_t begin = (size_t)((c->at + alignment - 1) / alignment * alignment);
    uint64_t room = begin <= c->size ? c->size - begin : 0;
    for (size_t i = 0; i < file->count && !c->status; i++) {
        uint64_t bytes = weight_bytes(&file->weight[i]);
        if (at[i].begin % alignment)
            c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s lies at offset %" PRIu64 ", expected a "
                                  "multiple of %" PRIu64, c->path, at[i].name, at[i].begin, alignment);
        else if (at[i].begin > room || bytes > room - at[i].begin)
            c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s needs %" PRIu64 " bytes at offset %" PRIu64
                                  ", the data are %" PRIu64 " bytes long; the file is cut or lies", c->path,
                                  at[i].name, bytes, at[i].begin, room);
        at[i].end = at[i].begin + bytes;
        file->weight[i].data = c->bytes + (c->status ? 0 : begin + at[i].begin);
    }
    qsort(at, file->count, sizeof *at, compare_places);
    for (size_t i = 1; i < file->count && !c->status; i++)
        if (at[i].begin < at[i - 1].end)
            c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensors %s and %s overlap", c->path, at[i - 1].name,
                                  at[i].name);
    qsort(at, file->count, sizeof *at, compare_place_names);
    for (size_t i = 1; i < file->count && !c->status; i++)
        if (!strcmp(at[i].name, at[i - 1].name))
            c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: tensor %s is there twice", c->path, at[i].name);
}

/* The sizes as they were before the file flattened them, where it keeps them. */
static void restore_shape(const cohl_gguf *file, cohl_weight *w)
{
    char key[NAME_MAX_BYTES + 32];
    snprintf(key, sizeof key, "comfy.gguf.orig_shape.%s", w->name);
    const json_t *shape = json_object_get(file->metadata, key);
    size_t rank = json_array_size(shape), count = 1;
    int64_t dim[COHL_RANK_MAX];
    if (!rank || rank > COHL_RANK_MAX)
        return;
    for (size_t k = 0; k < rank; k++) {
        dim[k] = json_integer_value(json_array_get(shape, k));
        if (dim[k] < 0 || __builtin_mul_overflow(count, (size_t)dim[k], &count))
            return;
    }
    if (count != w->count)
        return;
    w->rank = (int)rank;
    memcpy(w->dim, dim, rank * sizeof *dim);
}

static void take_tensors(cohl_gguf *file, cursor *c, uint64_t count)
{
    enum { LEAST_BYTES = 24 };       /* of one entry: bounds what the count can make us ask for */
    if (!c->status && count > (c->size - c->at) / LEAST_BYTES)
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: %" PRIu64 " tensors cannot be listed in the %zu bytes that "
                              "follow", c->path, count, c->size - c->at);
    if (c->status)
        return;
    place *at = calloc(count + 1, sizeof *at);
    file->weight = calloc(count + 1, sizeof *file->weight);
    if (!at || !file->weight)
        c->status = cohl_fail(c->err, COHL_ERR_MEMORY, "%s: no memory for %" PRIu64 " names", c->path, count);
    for (uint64_t i = 0; i < count && !c->status; i++)
        take_tensor(file, c, &at[i]);
    const json_t *key = json_object_get(file->metadata, "general.alignment");
    json_int_t alignment = key ? json_integer_value(key) : ALIGNMENT;
    if (!c->status && (alignment < 1 || alignment > 1 << 20 || alignment & (alignment - 1)))
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: general.alignment is %lld, expected a power of two",
                              c->path, (long long)alignment);
    if (!c->status)
        set_places(file, c, at, (uint64_t)alignment);
    for (size_t i = 0; i < file->count && !c->status; i++)
        restore_shape(file, &file->weight[i]);
    free(at);
}

static void take_all(cohl_gguf *file, cursor *c)
{
    if (!cohl_gguf_is(take(c, 4, "the mark"), 4) && !c->status)
        c->status = cohl_fail(c->err, COHL_ERR_FORMAT, "%s: this is no GGUF file", c->path);
    uint32_t version = take_u32(c, "the version");
    if (!c->status && (version & 0xffff) == 0)
        c->status = cohl_fail(c->err, COHL_ERR_UNSUPPORTED, "%s: a big-endian GGUF file; little-endian ones are read",
                              c->path);
    if (!c->status && version != 2 && version != 3)
        c->status = cohl_fail(c->err, COHL_ERR_UNSUPPORTED, "%s: GGUF version %u; 2 and 3 are read", c->path, version);
    file->version = (int)version;
    uint64_t tensors = take_u64(c, "the number of tensors"), keys = take_u64(c, "the number of keys");
    take_keys(file, c, keys);
    take_tensors(file, c, tensors);
}

cohl_status cohl_gguf_parse(cohl_gguf **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_gguf *file = calloc(1, sizeof *file);
    *out = NULL;
    if (!file || !(file->path = strdup(name))) {
        free(file);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", name);
    }
    cursor c = { .bytes = bytes, .size = size, .path = name, .err = err };
    take_all(file, &c);
    if (c.status)
        cohl_gguf_close(file);
    else
        *out = file;
    return c.status;
}

void cohl_gguf_close(cohl_gguf *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        free((void *)file->weight[i].name);
    free(file->weight);
    json_decref(file->metadata);
    free(file->path);
    free(file);
}

size_t cohl_gguf_count(const cohl_gguf *file) { return file->count; }

const cohl_weight *cohl_gguf_at(const cohl_gguf *file, size_t index)
{
    return index < file->count ? &file->weight[index] : NULL;
}

const json_t *cohl_gguf_metadata(const cohl_gguf *file) { return file->metadata; }

int cohl_gguf_version(const cohl_gguf *file) { return file->version; }
