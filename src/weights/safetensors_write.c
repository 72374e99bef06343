/* safetensors_write.c - the safetensors file, written whole.
 *
 * The header is written by hand rather than by a JSON library, so that its
 * bytes depend on the weights alone. It is padded with spaces to a multiple of
 * eight, so every f32 and bf16 tensor that follows an even one is aligned. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "weights/safetensors.h"

static void add_string(cohl_text *out, const char *text)
{
    cohl_text_add(out, "\"");
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            cohl_text_addf(out, "\\%c", *at);
        else if ((unsigned char)*at < 0x20)
            cohl_text_addf(out, "\\u%04x", *at);
        else
            cohl_text_add_bytes(out, at, 1);
    }
    cohl_text_add(out, "\"");
}

static cohl_status check_string(const char *path, const char *text, cohl_error *err)
{
    size_t length = strlen(text);
    if (cohl_utf8_check(text, length) == length)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a name or metadata string is not UTF-8", path);
}

static int compare_pointers(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static cohl_status check_unique(const char *path, const cohl_weight *weight, size_t count,
                                cohl_error *err)
{
    const char **name = malloc((count + 1) * sizeof *name);
    cohl_status st = COHL_OK;
    if (!name)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu names", path, count);
    for (size_t i = 0; i < count; i++)
        name[i] = weight[i].name;
    if (count)
        qsort(name, count, sizeof *name, compare_pointers);
    for (size_t i = 1; i < count && !st; i++) {
        if (strcmp(name[i - 1], name[i]) == 0)
            st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: tensor %s twice", path, name[i]);
    }
    free(name);
    return st;
}

static cohl_status check_weight(const char *path, const cohl_weight *weight, cohl_error *err)
{
    if (weight->packing && weight->packing->values > 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: tensor %s: safetensors has no type %s; GGUF has", path,
                         weight->name, weight->packing->name);
    uint64_t product = 1;
    if (!weight->name[0] || strcmp(weight->name, "__metadata__") == 0)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a tensor cannot be named \"%s\"", path,
                         weight->name);
    for (int k = 0; k < weight->rank; k++)
        product *= (uint64_t)weight->dim[k];
    if (product != weight->count)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: tensor %s is %s, but counts %zu values",
                         path, weight->name, cohl_shape_write(weight->dim, weight->rank).text,
                         weight->count);
    return check_string(path, weight->name, err);
}

static void add_metadata(cohl_text *header, const cohl_metadata *metadata)
{
    cohl_text_add(header, "\"__metadata__\":{");
    for (int i = 0; metadata[i].key; i++) {
        if (i)
            cohl_text_add(header, ",");
        add_string(header, metadata[i].key);
        cohl_text_add(header, ":");
        add_string(header, metadata[i].value);
    }
    cohl_text_add(header, "}");
}

static void add_weight(cohl_text *header, const cohl_weight *weight, uint64_t *offset)
{
    uint64_t end = *offset + cohl_weight_bytes(weight);
    add_string(header, weight->name);
    cohl_text_addf(header, ":{\"dtype\":\"%s\",\"shape\":[", cohl_weight_type_name(weight));
    for (int k = 0; k < weight->rank; k++)
        cohl_text_addf(header, "%s%" PRId64, k ? "," : "", weight->dim[k]);
    cohl_text_addf(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", *offset, end);
    *offset = end;
}

static void write_header(cohl_text *header, const cohl_weight *weight, size_t count,
                         const cohl_metadata *metadata)
{
    uint64_t offset = 0;
    cohl_text_add(header, "{");
    if (metadata && metadata[0].key)
        add_metadata(header, metadata);
    for (size_t i = 0; i < count; i++) {
        if (header->size > 1)
            cohl_text_add(header, ",");
        add_weight(header, &weight[i], &offset);
    }
    cohl_text_add(header, "}");
    while (!header->failed && header->size % 8)
        cohl_text_add(header, " ");
}

static cohl_status put_values(cohl_writer *out, const cohl_weight *weight, cohl_error *err)
{
    enum { PIECE = 4096 };
    uint16_t piece[PIECE];
    cohl_status st = COHL_OK;
    if (weight->data)
        return cohl_writer_put(out, weight->data, cohl_weight_bytes(weight), err);
    for (size_t first = 0; first < weight->count && !st; first += PIECE) {
        size_t n = weight->count - first < PIECE ? weight->count - first : PIECE;
        cohl_weight_read_bf16(weight, first, n, piece);
        st = cohl_writer_put(out, piece, n * sizeof *piece, err);
    }
    return st;
}

cohl_status cohl_safetensors_begin(cohl_writer *out, const cohl_weight *weight, size_t count,
                                   const cohl_metadata *metadata, cohl_error *err)
{
    cohl_text header = { 0 };
    cohl_status st = check_unique(out->path, weight, count, err);
    for (size_t i = 0; i < count && !st; i++)
        st = check_weight(out->path, &weight[i], err);
    for (int i = 0; metadata && metadata[i].key && !st; i++) {
        if (!(st = check_string(out->path, metadata[i].key, err)))
            st = check_string(out->path, metadata[i].value, err);
    }
    if (st)
        return st;
    write_header(&header, weight, count, metadata);
    uint64_t length = header.size;
    if (header.failed || header.size > COHL_SAFETENSORS_HEADER_MAX)
        st = cohl_fail(err, header.failed ? COHL_ERR_MEMORY : COHL_ERR_ARGUMENT,
                       "%s: no room for a header of %zu names", out->path, count);
    if (!st && !(st = cohl_writer_put(out, &length, sizeof length, err)))
        st = cohl_writer_put(out, header.data, header.size, err);
    cohl_text_free(&header);
    return st;
}

cohl_status cohl_safetensors_write(const char *path, const cohl_weight *weight, size_t count,
                                   const cohl_metadata *metadata, cohl_error *err)
{
    cohl_writer out;
    cohl_status st = cohl_writer_open(&out, path, err);
    if (st)
        return st;
    st = cohl_safetensors_begin(&out, weight, count, metadata, err);
    for (size_t i = 0; i < count && !st; i++)
        st = put_values(&out, &weight[i], err);
    return cohl_writer_close(&out, st, err);
}
