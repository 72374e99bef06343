/* source.c - one file of weights, whatever its format. */
#include "weights/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"
#include "weights/torch.h"

struct cohl_source {
    const cohl_source_kind *kind;
    char     *path;
    cohl_map  map;
    void     *file;
};

/* ---- the formats --------------------------------------------------------- */

/* Each format's functions under the list's types. */

static cohl_status gguf_parse(void **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_gguf *file;
    cohl_status st = cohl_gguf_parse(&file, name, bytes, size, err);
    *out = file;
    return st;
}

static cohl_status torch_parse(void **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_torch *file;
    cohl_status st = cohl_torch_parse(&file, name, bytes, size, err);
    *out = file;
    return st;
}

static cohl_status safetensors_parse(void **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_safetensors *file;
    cohl_status st = cohl_safetensors_parse(&file, name, bytes, size, err);
    *out = file;
    return st;
}

static void gguf_close(void *file) { cohl_gguf_close(file); }
static void torch_close(void *file) { cohl_torch_close(file); }
static void safetensors_close(void *file) { cohl_safetensors_close(file); }

static size_t gguf_count(const void *file) { return cohl_gguf_count(file); }
static size_t torch_count(const void *file) { return cohl_torch_count(file); }
static size_t safetensors_count(const void *file) { return cohl_safetensors_count(file); }

static const cohl_weight *gguf_at(const void *file, size_t i) { return cohl_gguf_at(file, i); }
static const cohl_weight *torch_at(const void *file, size_t i) { return cohl_torch_at(file, i); }
static const cohl_weight *safetensors_at(const void *file, size_t i) { return cohl_safetensors_at(file, i); }

static bool takes_all(const uint8_t *bytes, size_t size) { return true; }

static const char *gguf_metadata(const void *file, const char *key)
{
    return json_string_value(json_object_get(cohl_gguf_metadata(file), key));
}

static const char *torch_metadata(const void *file, const char *key) { return NULL; }

static const char *safetensors_metadata(const void *file, const char *key)
{
    return cohl_safetensors_metadata(file, key);
}

static const cohl_source_kind gguf = { "GGUF", ".gguf", cohl_gguf_is, gguf_parse, gguf_close, gguf_count, gguf_at,
                                       gguf_metadata };
static const cohl_source_kind torch = { "PyTorch", ".pth", cohl_torch_is, torch_parse, torch_close, torch_count,
                                        torch_at, torch_metadata };
static const cohl_source_kind safetensors = { "safetensors", ".safetensors", takes_all, safetensors_parse,
                                              safetensors_close, safetensors_count, safetensors_at,
                                              safetensors_metadata };

const cohl_source_kind *const cohl_source_kinds[] = { &gguf, &torch, &safetensors, NULL };

/* ---- a file -------------------------------------------------------------- */

/* What begins like no other format is safetensors, whose files begin with a length; not where the name says else. */
static cohl_status check_name(const cohl_source_kind *kind, const char *name, size_t size, cohl_error *err)
{
    size_t length = strlen(name);
    for (int k = 0; kind == &safetensors && cohl_source_kinds[k] != kind; k++) {
        const char *ending = cohl_source_kinds[k]->ending;
        if (length >= strlen(ending) && !strcmp(name + length - strlen(ending), ending))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: its %zu bytes do not begin as those of a %s file do", name, size,
                             cohl_source_kinds[k]->name);
    }
    return COHL_OK;
}

cohl_status cohl_source_parse(cohl_source **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_source *source = calloc(1, sizeof *source);
    *out = NULL;
    if (!source || !(source->path = strdup(name))) {
        free(source);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", name);
    }
    source->kind = cohl_source_kinds[0];
    for (int k = 1; !source->kind->is(bytes, size); k++)
        source->kind = cohl_source_kinds[k];
    cohl_status st = check_name(source->kind, name, size, err);
    if (!st) st = source->kind->parse(&source->file, name, bytes, size, err);
    if (st)
        cohl_source_close(source);
    else
        *out = source;
    return st;
}

cohl_status cohl_source_open(cohl_source **out, const char *path, cohl_error *err)
{
    cohl_map map;
    *out = NULL;
    cohl_status st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    if ((st = cohl_source_parse(out, path, map.data, map.size, err)))
        cohl_map_close(&map);
    else
        (*out)->map = map;
    return st;
}

void cohl_source_close(cohl_source *source)
{
    if (!source)
        return;
    if (source->file)
        source->kind->close(source->file);
    cohl_map_close(&source->map);
    free(source->path);
    free(source);
}

const cohl_map *cohl_source_map(const cohl_source *source) { return &source->map; }
const cohl_source_kind *cohl_source_kind_of(const cohl_source *source) { return source->kind; }
const char *cohl_source_path(const cohl_source *source) { return source->path; }
size_t cohl_source_count(const cohl_source *source) { return source->kind->count(source->file); }
const cohl_weight *cohl_source_at(const cohl_source *source, size_t i) { return source->kind->at(source->file, i); }
const void *cohl_source_file(const cohl_source *source) { return source->file; }

const char *cohl_source_metadata(const cohl_source *source, const char *key)
{
    return source->kind->metadata(source->file, key);
}
