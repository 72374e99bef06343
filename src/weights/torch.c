/* torch.c - a PyTorch .pth file, read in place. */
#include "weights/torch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/archive.h"
#include "weights/pickle.h"

struct cohl_torch {
    char        *path;
    cohl_archive archive;
    cohl_pickle *pickle;      /* owns the names */
    cohl_weight *weight;      /* [count] */
    size_t       count;
};

/* Before 1.6: three pickles one after the other, of which the first is this number. */
static bool is_legacy(const uint8_t *bytes, size_t size)
{
    static const uint8_t magic[] = { 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50,
                                     0x19 };
    return size >= sizeof magic && !memcmp(bytes, magic, sizeof magic);
}

bool cohl_torch_is(const uint8_t *bytes, size_t size) { return cohl_archive_is(bytes, size) || is_legacy(bytes, size); }

/* The folder that all entries lie in, with its slash; its pickle. */
static const cohl_archive_entry *find_pickle(const cohl_archive *archive, char *folder, size_t room)
{
    static const char tail[] = "/data.pkl";
    for (size_t i = 0; i < archive->count; i++) {
        const char *name = archive->entry[i].name;
        size_t length = strlen(name), kept = length - (sizeof tail - 1) + 1;
        if (length < sizeof tail || strcmp(name + kept - 1, tail) || kept >= room)
            continue;
        memcpy(folder, name, kept);
        folder[kept] = 0;
        return &archive->entry[i];
    }
    return NULL;
}

static cohl_status check_order(const cohl_torch *file, const char *folder, cohl_error *err)
{
    char name[512];
    snprintf(name, sizeof name, "%.400sbyteorder", folder);
    const cohl_archive_entry *order = cohl_archive_find(&file->archive, name);
    if (order && !(order->size >= 6 && !memcmp(order->data, "little", 6)))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a big-endian PyTorch file; little-endian ones are read",
                         file->path);
    return COHL_OK;
}

/* Row-major, as it must be to be read in place: strides are products of the sizes after. */
static bool row_major(const cohl_weight *w, const cohl_pickle_value *strides)
{
    int64_t stride[COHL_RANK_MAX], wanted = 1;
    int k = 0;
    for (const cohl_pickle_item *item = strides->first; item; item = item->next)
        stride[k++] = item->value->number;
    if (w->count == 0)
        return true;
    for (k = w->rank - 1; k >= 0; wanted *= w->dim[k--])
        if (w->dim[k] != 1 && stride[k] != wanted)
            return false;
    return true;
}

static cohl_status set_data(cohl_torch *file, cohl_weight *w, const cohl_pickle_value *tensor, const char *folder,
                            cohl_error *err)
{
    const cohl_pickle_value *storage = tensor->storage;
    char name[768];
    size_t bytes;
    snprintf(name, sizeof name, "%.400sdata/%.300s", folder, storage->text);
    const cohl_archive_entry *entry = cohl_archive_find(&file->archive, name);
    if (!entry)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: the archive has no storage %s", file->path, w->name,
                         name);
    if (__builtin_mul_overflow(storage->count, cohl_dtype_bytes(storage->type), &bytes) || bytes > entry->size)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: storage %s should hold %zu values of %s, it has %zu "
                         "bytes", file->path, w->name, storage->text, storage->count,
                         cohl_dtype_name(storage->type), entry->size);
    size_t first = (size_t)tensor->number;
    if (first > storage->count || w->count > storage->count - first)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s %s from value %zu on is not inside its storage of %zu "
                         "values", file->path, w->name, cohl_shape_write(w->dim, w->rank).text, first,
                         storage->count);
    if (!row_major(w, tensor->strides))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: tensor %s is not stored row by row; save it again after "
                         ".contiguous()", file->path, w->name);
    w->data = entry->data + first * cohl_dtype_bytes(w->type);
    return COHL_OK;
}

static cohl_status add_tensor(cohl_torch *file, const char *name, const cohl_pickle_value *tensor, const char *folder,
                              cohl_error *err)
{
    cohl_weight *w = &file->weight[file->count];
    *w = (cohl_weight){ .name = name, .type = tensor->storage->type, .rank = (int)tensor->sizes->count, .count = 1 };
    int k = 0;
    for (const cohl_pickle_item *item = tensor->sizes->first; item; item = item->next) {
        w->dim[k++] = item->value->number;
        if (__builtin_mul_overflow(w->count, (size_t)item->value->number, &w->count))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: its sizes overflow", file->path, name);
    }
    file->count++;
    return set_data(file, w, tensor, folder, err);
}

static bool holds_tensors(const cohl_pickle_value *dict)
{
    for (const cohl_pickle_item *item = dict->first; item; item = item->next)
        if (item->value->kind == COHL_PICKLE_TENSOR)
            return true;
    return false;
}

/* The dictionary with the tensors: the outermost, or the one that it keeps under a usual name. */
static const cohl_pickle_value *find_tensors(const cohl_pickle_value *root)
{
    static const char *const names[] = { "state_dict", "model_state_dict", "model_state", "model", "module", "params_ema",
                                         "params", "weights" };
    if (root->kind != COHL_PICKLE_DICT || holds_tensors(root))
        return root->kind == COHL_PICKLE_DICT ? root : NULL;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (const cohl_pickle_item *item = root->first; item; item = item->next)
            if (item->key->kind == COHL_PICKLE_TEXT && !strcmp(item->key->text, names[n]) &&
                item->value->kind == COHL_PICKLE_DICT && holds_tensors(item->value))
                return item->value;
    return NULL;
}

static cohl_status read_all(cohl_torch *file, const uint8_t *bytes, size_t size, cohl_error *err)
{
    char folder[512];
    if (is_legacy(bytes, size))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a PyTorch file from before version 1.6; load it once in PyTorch "
                         "and save it again", file->path);
    cohl_status st = cohl_archive_parse(&file->archive, file->path, bytes, size, err);
    if (st)
        return st;
    const cohl_archive_entry *entry = find_pickle(&file->archive, folder, sizeof folder);
    if (!entry)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: a zip archive without data.pkl; this is no PyTorch file",
                         file->path);
    if ((st = check_order(file, folder, err)) ||
        (st = cohl_pickle_read(&file->pickle, file->path, entry->data, entry->size, err)))
        return st;
    const cohl_pickle_value *dict = find_tensors(cohl_pickle_result(file->pickle));
    if (!dict)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: expected a dictionary of tensors", file->path);
    if (!(file->weight = calloc(dict->count + 1, sizeof *file->weight)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu names", file->path, dict->count);
    for (const cohl_pickle_item *item = dict->first; item && !st; item = item->next)
        if (item->key->kind == COHL_PICKLE_TEXT && item->value->kind == COHL_PICKLE_TENSOR)
            st = add_tensor(file, item->key->text, item->value, folder, err);
    return st;
}

cohl_status cohl_torch_parse(cohl_torch **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_torch *file = calloc(1, sizeof *file);
    *out = NULL;
    if (!file || !(file->path = strdup(name))) {
        free(file);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", name);
    }
    cohl_status st = read_all(file, bytes, size, err);
    if (st)
        cohl_torch_close(file);
    else
        *out = file;
    return st;
}

void cohl_torch_close(cohl_torch *file)
{
    if (!file)
        return;
    cohl_archive_close(&file->archive);
    cohl_pickle_close(file->pickle);
    free(file->weight);
    free(file->path);
    free(file);
}

size_t cohl_torch_count(const cohl_torch *file) { return file->count; }

const cohl_weight *cohl_torch_at(const cohl_torch *file, size_t index)
{
    return index < file->count ? &file->weight[index] : NULL;
}
