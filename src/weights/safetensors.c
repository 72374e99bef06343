/* safetensors.c - the safetensors file, read in place.
 *
 * The header becomes two lists of the same weights: one by name for find, and,
 * while opening only, one by offset, along which each tensor must begin where
 * the one before ended. That single walk refuses overlaps and holes. */
#include "weights/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

struct cohl_safetensors {
    cohl_map     map;         /* size 0 when parsed from memory */
    char        *path;
    json_t      *header;      /* owns the names and the metadata */
    cohl_weight *weight;      /* [count], by name */
    size_t       count;
};

/* A tensor's place in the data, in bytes from the end of the header. */
typedef struct span {
    const char *name;
    uint64_t    begin, end;
} span;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const cohl_weight *)a)->name, ((const cohl_weight *)b)->name);
}

/* An empty tensor goes before the one that starts where it stands. */
static int compare_spans(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static cohl_status read_shape(cohl_weight *weight, const json_t *shape, const char *path,
                              cohl_error *err)
{
    if (!json_is_array(shape) || json_array_size(shape) > COHL_RANK_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT,
                         "%s: tensor %s: shape must be a list of at most %d sizes",
                         path, weight->name, COHL_RANK_MAX);
    weight->rank = (int)json_array_size(shape);
    weight->count = 1;
    for (int k = 0; k < weight->rank; k++) {
        const json_t *size = json_array_get(shape, (size_t)k);
        json_int_t dim = json_integer_value(size);
        if (!json_is_integer(size) || dim < 0)
            return cohl_fail(err, COHL_ERR_FORMAT,
                             "%s: tensor %s: size %d of its shape is not a whole number from 0",
                             path, weight->name, k);
        if (__builtin_mul_overflow(weight->count, (size_t)dim, &weight->count))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: its shape overflows",
                             path, weight->name);
        weight->dim[k] = dim;
    }
    return COHL_OK;
}

static cohl_status read_span(span *out, const cohl_weight *weight, const json_t *offsets,
                             uint64_t data_size, const char *path, cohl_error *err)
{
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    size_t value = weight->packing ? (size_t)weight->packing->bytes : cohl_dtype_bytes(weight->type), bytes;

    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return cohl_fail(err, COHL_ERR_FORMAT,
                         "%s: tensor %s: data_offsets must be [begin, end]", path, weight->name);
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > data_size)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: data_offsets [%lld, %lld] are "
                         "not inside the %" PRIu64 " bytes of data; the file is cut or lies", path, weight->name,
                         (long long)from, (long long)to, data_size);
    if (__builtin_mul_overflow(weight->count, value, &bytes) || bytes != (uint64_t)(to - from))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is %s %s, but data_offsets hold "
                         "%lld bytes", path, weight->name, cohl_weight_type_name(weight),
                         cohl_shape_write(weight->dim, weight->rank).text,
                         (long long)(to - from));
    *out = (span){ weight->name, (uint64_t)from, (uint64_t)to };
    return COHL_OK;
}

/* A plain type, or a packing of single values: an eight-bit float. */
static bool read_type(cohl_weight *weight, const char *name)
{
    const cohl_packing *packing = cohl_packing_named(name);
    if (packing && packing->values == 1) {
        weight->type = COHL_F32;
        weight->packing = packing;
        return true;
    }
    return cohl_dtype_from_name(name, &weight->type);
}

static cohl_status read_tensor(cohl_weight *weight, span *place, const char *name,
                               const json_t *entry, const uint8_t *data, uint64_t data_size,
                               const char *path, cohl_error *err)
{
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    cohl_status st;

    *weight = (cohl_weight){ .name = name };
    if (!json_is_object(entry) || !type)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s has no dtype", path, name);
    if (!read_type(weight, type))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: dtype is %s, expected one of %s, F8_E4M3, F8_E5M2",
                         path, name, type, cohl_dtype_list());
    if ((st = read_shape(weight, json_object_get(entry, "shape"), path, err)))
        return st;
    if ((st = read_span(place, weight, json_object_get(entry, "data_offsets"), data_size,
                        path, err)))
        return st;
    weight->data = data + place->begin;
    return COHL_OK;
}

static cohl_status check_metadata(const json_t *metadata, const char *path, cohl_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: __metadata__ is not a map of strings", path);
    json_object_foreach((json_t *)metadata, key, value) {
        if (!json_is_string(value))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: __metadata__ %s is not a string",
                             path, key);
    }
    return COHL_OK;
}

static cohl_status check_spans(span *place, size_t count, uint64_t data_size, const char *path,
                               cohl_error *err)
{
    uint64_t reached = 0;
    if (count)
        qsort(place, count, sizeof *place, compare_spans);
    for (size_t i = 0; i < count; i++) {
        if (place[i].begin < reached)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensors %s and %s overlap", path,
                             place[i - 1].name, place[i].name);
        if (place[i].begin > reached)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: %" PRIu64 " bytes before tensor %s "
                             "belong to none", path, place[i].begin - reached, place[i].name);
        reached = place[i].end;
    }
    if (reached != data_size)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the last %" PRIu64 " bytes belong to no "
                         "tensor", path, data_size - reached);
    return COHL_OK;
}

static cohl_status read_entries(cohl_safetensors *file, const uint8_t *data, uint64_t data_size,
                                cohl_error *err)
{
    size_t room = json_object_size(file->header) + 1;
    span *place = calloc(room, sizeof *place);
    cohl_status st = COHL_OK;
    const char *name;
    json_t *entry;

    file->weight = calloc(room, sizeof *file->weight);
    if (!place || !file->weight)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu names", file->path, room);
    json_object_foreach(file->header, name, entry) {
        if (st)
            break;
        if (strcmp(name, "__metadata__") == 0) {
            st = check_metadata(entry, file->path, err);
        } else {
            st = read_tensor(&file->weight[file->count], &place[file->count], name, entry,
                             data, data_size, file->path, err);
            file->count++;
        }
    }
    if (!st)
        st = check_spans(place, file->count, data_size, file->path, err);
    if (!st && file->count)
        qsort(file->weight, file->count, sizeof *file->weight, compare_names);
    free(place);
    return st;
}

static cohl_status read_header(cohl_safetensors *file, const uint8_t *bytes, uint64_t size,
                               cohl_error *err)
{
    uint64_t length;
    json_error_t wrong;

    if (size < 8)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: %" PRIu64 " bytes are too few for a "
                         "safetensors file", file->path, size);
    memcpy(&length, bytes, 8);
    if (length > COHL_SAFETENSORS_HEADER_MAX || length > size - 8)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the header should be %" PRIu64 " bytes long, "
                         "expected at most %" PRIu64 "; this is no safetensors file, or a cut one",
                         file->path, length,
                         size - 8 < COHL_SAFETENSORS_HEADER_MAX ? size - 8
                                                                : COHL_SAFETENSORS_HEADER_MAX);
    file->header = json_loadb((const char *)bytes + 8, length, JSON_REJECT_DUPLICATES, &wrong);
    if (!file->header)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the header is not JSON: %s (byte %d)",
                         file->path, wrong.text, wrong.position);
    if (!json_is_object(file->header))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: the header is not a map of tensors",
                         file->path);
    return read_entries(file, bytes + 8 + length, size - 8 - length, err);
}

cohl_status cohl_safetensors_parse(cohl_safetensors **out, const char *name,
                                   const void *bytes, size_t size, cohl_error *err)
{
    cohl_safetensors *file = calloc(1, sizeof *file);
    cohl_status st;

    *out = NULL;
    if (!file || !(file->path = strdup(name))) {
        free(file);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", name);
    }
    if ((st = read_header(file, bytes, size, err))) {
        cohl_safetensors_close(file);
        return st;
    }
    *out = file;
    return COHL_OK;
}

cohl_status cohl_safetensors_open(cohl_safetensors **out, const char *path, cohl_error *err)
{
    cohl_map map;
    cohl_status st;

    *out = NULL;
    if ((st = cohl_map_open(&map, path, err)))
        return st;
    if ((st = cohl_safetensors_parse(out, path, map.data, map.size, err)))
        cohl_map_close(&map);
    else
        (*out)->map = map;
    return st;
}

void cohl_safetensors_close(cohl_safetensors *file)
{
    if (!file)
        return;
    json_decref(file->header);
    cohl_map_close(&file->map);
    free(file->weight);
    free(file->path);
    free(file);
}

size_t cohl_safetensors_count(const cohl_safetensors *file) { return file->count; }

const cohl_weight *cohl_safetensors_at(const cohl_safetensors *file, size_t index)
{
    return index < file->count ? &file->weight[index] : NULL;
}

const cohl_weight *cohl_safetensors_find(const cohl_safetensors *file, const char *name)
{
    const cohl_weight key = { .name = name };
    return file->count ? bsearch(&key, file->weight, file->count, sizeof key, compare_names)
                       : NULL;
}

const char *cohl_safetensors_metadata(const cohl_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

const char *cohl_safetensors_path(const cohl_safetensors *file) { return file->path; }
