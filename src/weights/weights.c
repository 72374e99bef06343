/* weights.c - all weights of one network as one sorted list of names.
 *
 * Sources stay open while the list lives; the list holds pointers into them. */
#include "weights/weights.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "weights/procedural.h"
#include "weights/source.h"
#include "weights/tidy.h"

enum { INDEX_MAX = 64 << 20, SHARDS_MAX = 1024 };

struct cohl_weights {
    char            *path;
    cohl_source    **shard;        /* [shard_count] */
    size_t           shard_count;
    cohl_procedural *procedural;   /* or NULL */
    cohl_weight_list list;
};

/* File names of one folder, sorted. */
typedef struct name_list {
    char  *name[SHARDS_MAX];
    size_t count;
} name_list;

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->name[i]);
    list->count = 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static cohl_status add_name(name_list *list, const char *name, const char *folder,
                            cohl_error *err)
{
    if (list->count == SHARDS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: more than %d shards", folder, SHARDS_MAX);
    if (!(list->name[list->count] = strdup(name)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", folder);
    list->count++;
    return COHL_OK;
}

static cohl_status list_folder(name_list *list, const char *folder, const char *ending,
                               cohl_error *err)
{
    cohl_status st = COHL_OK;
    struct dirent *entry;
    DIR *dir = opendir(folder);

    list->count = 0;
    if (!dir)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot open: %s", folder, strerror(errno));
    while (!st && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && ends_with(entry->d_name, ending))
            st = add_name(list, entry->d_name, folder, err);
    }
    closedir(dir);
    if (list->count)
        qsort(list->name, list->count, sizeof *list->name, compare_strings);
    if (st)
        free_names(list);
    return st;
}

static cohl_status new_weights(cohl_weights **out, const char *path, cohl_error *err)
{
    cohl_weights *weights = calloc(1, sizeof *weights);
    *out = NULL;
    if (!weights || !(weights->path = strdup(path))) {
        free(weights);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", path);
    }
    *out = weights;
    return COHL_OK;
}

/* Takes the source over. */
static cohl_status add_shard(cohl_weights *weights, cohl_source *source, cohl_error *err)
{
    size_t room = (weights->shard_count + 1) * sizeof *weights->shard;
    cohl_source **grown = realloc(weights->shard, room);
    if (!grown) {
        cohl_source_close(source);
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to open it", weights->path);
    }
    weights->shard = grown;
    grown[weights->shard_count++] = source;
    return COHL_OK;
}

static cohl_status open_shard(cohl_weights *weights, const char *path, cohl_error *err)
{
    cohl_source *source;
    cohl_status st = cohl_source_open(&source, path, err);
    return st ? st : add_shard(weights, source, err);
}

/* index: the path of what names them, or NULL. */
static cohl_status open_shards(cohl_weights *weights, const char *folder, const name_list *names, const char *index,
                               cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (size_t i = 0; i < names->count && !st; i++) {
        char *path = cohl_path_join(folder, names->name[i]);
        if (!path)
            return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", folder);
        if (index && !cohl_file_exists(path))
            st = cohl_fail(err, COHL_ERR_IO, "%s: names %s, which is not beside it", index, names->name[i]);
        else
            st = open_shard(weights, path, err);
        free(path);
    }
    return st;
}

/* The sources' weights as one network's. */
static cohl_status gather(cohl_weights *weights, cohl_part part, cohl_error *err)
{
    cohl_weight_list *list = &weights->list;
    size_t total = weights->procedural ? cohl_procedural_count(weights->procedural) : 0;
    for (size_t s = 0; s < weights->shard_count; s++)
        total += cohl_source_count(weights->shard[s]);
    if (!(list->item = calloc(total + 1, sizeof *list->item)))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu names", weights->path, total);
    for (size_t s = 0; s < weights->shard_count; s++) {
        for (size_t i = 0; i < cohl_source_count(weights->shard[s]); i++)
            list->item[list->count++] = *cohl_source_at(weights->shard[s], i);
    }
    for (size_t i = 0; list->count < total; i++)
        list->item[list->count++] = *cohl_procedural_at(weights->procedural, i);
    return cohl_weight_list_tidy(list, part, weights->path, err);
}

/* A shard stands beside its index: its name is a name, not a way elsewhere. */
static cohl_status collect_shards(name_list *list, const json_t *map, const char *index_path,
                                  cohl_error *err)
{
    const char *tensor;
    json_t *file;
    cohl_status st = COHL_OK;

    json_object_foreach((json_t *)map, tensor, file) {
        const char *name = json_string_value(file);
        if (!name || strchr(name, '/') || (!ends_with(name, ".safetensors") && !ends_with(name, ".bin")))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: expected the name of a "
                             ".safetensors or .bin file beside the index, found %s", index_path, tensor,
                             name ? name : "no string");
        size_t i = 0;
        while (i < list->count && strcmp(list->name[i], name))
            i++;
        if (i == list->count && (st = add_name(list, name, index_path, err)))
            return st;
    }
    if (list->count)
        qsort(list->name, list->count, sizeof *list->name, compare_strings);
    return COHL_OK;
}

static bool holds(const cohl_source *shard, const char *name)
{
    for (size_t i = 0; i < cohl_source_count(shard); i++)
        if (!strcmp(cohl_source_at(shard, i)->name, name))
            return true;
    return false;
}

static cohl_status check_map(const cohl_weights *weights, const name_list *shards,
                             const json_t *map, const char *index_path, cohl_error *err)
{
    const char *tensor;
    json_t *file;
    json_object_foreach((json_t *)map, tensor, file) {
        const char *name = json_string_value(file);
        char *const *at = bsearch(&name, shards->name, shards->count, sizeof *shards->name,
                                  compare_strings);
        if (!holds(weights->shard[at - shards->name], tensor))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s is not in %s", index_path,
                             tensor, name);
    }
    return COHL_OK;
}

static cohl_status read_index(json_t **out, const char *path, cohl_error *err)
{
    json_error_t wrong;
    char *text;
    size_t size;
    cohl_status st = cohl_file_read(&text, &size, path, INDEX_MAX, err);

    *out = NULL;
    if (st)
        return st;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    free(text);
    if (!*out)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d: %s", path, wrong.line, wrong.text);
    if (!json_is_object(json_object_get(*out, "weight_map")))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: no weight_map", path);
    return COHL_OK;
}

static cohl_status open_index(cohl_weights *weights, const char *path, cohl_error *err)
{
    name_list shards = { 0 };
    json_t *index;
    char *folder = strdup(path);
    cohl_status st = read_index(&index, path, err);
    const json_t *map = json_object_get(index, "weight_map");

    if (!st && !folder)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
    if (!st)
        st = collect_shards(&shards, map, path, err);
    if (!st) {
        char *slash = strrchr(folder, '/');
        strcpy(slash ? slash + 1 : folder, "");
        st = open_shards(weights, folder, &shards, path, err);
    }
    if (!st)
        st = check_map(weights, &shards, map, path, err);
    free_names(&shards);
    json_decref(index);
    free(folder);
    return st;
}

/* The one index, or all shards, or the one file of another format. */
static cohl_status open_folder(cohl_weights *weights, const char *folder, cohl_error *err)
{
    static const struct { const char *ending; bool many; } kinds[] = {
        { ".index.json", false }, { ".safetensors", true }, { ".gguf", false }, { ".pth", false }, { ".bin", false },
    };
    name_list names = { 0 };
    cohl_status st = COHL_OK;
    size_t k = 0;
    while (k < sizeof kinds / sizeof *kinds && !(st = list_folder(&names, folder, kinds[k].ending, err)) && !names.count)
        k++;
    if (!st && !names.count) {
        st = cohl_fail(err, COHL_ERR_IO, "%s: no .safetensors, .gguf or .pth file in this folder", folder);
    } else if (!st && !kinds[k].many && names.count > 1) {
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds %s and %s; open one of them by name",
                       folder, names.name[0], names.name[1]);
    } else if (!st && k == 0) {
        char *path = cohl_path_join(folder, names.name[0]);
        st = path ? open_index(weights, path, err)
                  : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", folder);
        free(path);
    } else if (!st) {
        st = open_shards(weights, folder, &names, NULL, err);
    }
    free_names(&names);
    return st;
}

cohl_status cohl_weights_open(cohl_weights **out, const char *path, cohl_error *err)
{
    return cohl_weights_open_part(out, path, COHL_PART_ANY, err);
}

cohl_status cohl_weights_open_part(cohl_weights **out, const char *path, cohl_part part, cohl_error *err)
{
    cohl_weights *weights;
    cohl_status st = new_weights(&weights, path, err);

    *out = NULL;
    if (st)
        return st;
    if (cohl_folder_exists(path))
        st = open_folder(weights, path, err);
    else if (ends_with(path, ".json"))
        st = open_index(weights, path, err);
    else
        st = open_shard(weights, path, err);
    if (!st)
        st = gather(weights, part, err);
    if (st)
        cohl_weights_close(weights);
    else
        *out = weights;
    return st;
}

cohl_status cohl_weights_parse(cohl_weights **out, const char *name, const void *bytes, size_t size, cohl_error *err)
{
    cohl_weights *weights;
    cohl_source *source;
    cohl_status st = new_weights(&weights, name, err);

    *out = NULL;
    if (st)
        return st;
    if (!(st = cohl_source_parse(&source, name, bytes, size, err)) && !(st = add_shard(weights, source, err)))
        st = gather(weights, COHL_PART_ANY, err);
    if (st)
        cohl_weights_close(weights);
    else
        *out = weights;
    return st;
}

cohl_status cohl_weights_open_procedural(cohl_weights **out, const char *manifest_path,
                                         uint64_t seed, cohl_error *err)
{
    cohl_weights *weights;
    cohl_status st = new_weights(&weights, manifest_path, err);

    *out = NULL;
    if (st)
        return st;
    st = cohl_procedural_open(&weights->procedural, manifest_path, seed, err);
    if (!st)
        st = gather(weights, COHL_PART_ANY, err);
    if (st)
        cohl_weights_close(weights);
    else
        *out = weights;
    return st;
}

void cohl_weights_close(cohl_weights *weights)
{
    if (!weights)
        return;
    for (size_t s = 0; s < weights->shard_count; s++)
        cohl_source_close(weights->shard[s]);
    cohl_procedural_close(weights->procedural);
    cohl_weight_list_free(&weights->list);
    free(weights->shard);
    free(weights->path);
    free(weights);
}

size_t cohl_weights_count(const cohl_weights *weights) { return weights->list.count; }

const cohl_weight *cohl_weights_at(const cohl_weights *weights, size_t index)
{
    return index < weights->list.count ? &weights->list.item[index] : NULL;
}

const cohl_weight *cohl_weights_find(const cohl_weights *weights, const char *name)
{
    return cohl_weight_list_find(&weights->list, name);
}

const char *cohl_weights_path(const cohl_weights *weights) { return weights->path; }

const char *cohl_weights_metadata(const cohl_weights *weights, const char *key)
{
    return weights->shard_count ? cohl_source_metadata(weights->shard[0], key) : NULL;
}

const char *cohl_weights_format(const cohl_weights *weights)
{
    return weights->shard_count ? cohl_source_kind_of(weights->shard[0])->name : "manifest";
}

const char *cohl_weights_naming(const cohl_weights *weights) { return weights->list.naming->name; }

size_t cohl_weights_shards(const cohl_weights *weights) { return weights->shard_count; }

cohl_weight_list *cohl_weights_list(cohl_weights *weights) { return &weights->list; }

/* ---- pages --------------------------------------------------------------- */

typedef void advise_fn(const cohl_map *map, const void *from, size_t size);

static void advise(const cohl_weights *weights, const cohl_weight *weight, advise_fn *fn)
{
    for (int k = 0; k < weight->part_count; k++)
        advise(weights, &weight->part[k], fn);
    for (size_t s = 0; s < weights->shard_count && !weight->part && weight->data; s++)
        fn(cohl_source_map(weights->shard[s]), weight->data, cohl_weight_bytes(weight));
}

void cohl_weights_ahead(const cohl_weights *weights, const cohl_weight *weight)
{
    advise(weights, weight, cohl_map_ahead);
}

void cohl_weights_let_go(const cohl_weights *weights, const cohl_weight *weight)
{
    advise(weights, weight, cohl_map_let_go);
}
