/* pull.c - a model of the catalogue, brought into the cache folder. */
#define _GNU_SOURCE
#include "fetch/pull.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"

enum { FILES_MAX = 256, INDEX_MAX = 64 << 20 };

/* Paths of a model's files, growing as indexes are read. */
typedef struct paths {
    char       *path[FILES_MAX];
    const char *sha256[FILES_MAX];
    int         count;
} paths;

static void free_paths(paths *list)
{
    for (int i = 0; i < list->count; i++)
        free(list->path[i]);
}

static cohl_status add_path(paths *list, const char *folder, const char *name, const char *sha256, cohl_error *err)
{
    char *path = NULL;
    if (asprintf(&path, "%s%s", folder, name) < 0)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->path[i], path)) {
            free(path);
            return COHL_OK;
        }
    if (list->count == FILES_MAX) {
        free(path);
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: more than %d files", folder, FILES_MAX);
    }
    list->path[list->count] = path;
    list->sha256[list->count++] = sha256;
    return COHL_OK;
}

static bool is_index(const char *path)
{
    size_t length = strlen(path), tail = strlen(".index.json");
    return length > tail && !strcmp(path + length - tail, ".index.json");
}

/* The shards that an index names stand beside it; a name with a slash is none. */
static cohl_status add_shards(paths *list, const char *index, const char *file, cohl_error *err)
{
    char *text, folder[256];
    const char *slash = strrchr(index, '/'), *tensor;
    json_t *shard;
    cohl_status st = cohl_file_read(&text, NULL, file, INDEX_MAX, err);
    if (st)
        return st;
    json_t *json = json_loads(text, 0, NULL), *map = json_object_get(json, "weight_map");
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - index) : 0, index);
    if (!json_is_object(map))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: no weight_map; this is no index of shards", file);
    json_object_foreach(map, tensor, shard) {
        const char *name = json_string_value(shard);
        if (!st && (!name || strchr(name, '/') || name[0] == '.'))
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: tensor %s: expected the name of a file beside the index", file,
                           tensor);
        if (!st)
            st = add_path(list, folder, name, NULL, err);
    }
    json_decref(json);
    free(text);
    return st;
}

static cohl_status begin_paths(paths *list, const cohl_model_entry *entry, cohl_error *err)
{
    cohl_status st = COHL_OK;
    list->count = 0;
    for (int i = 0; i < COHL_MODEL_FILES_MAX && entry->file[i].path && !st; i++)
        st = add_path(list, "", entry->file[i].path, entry->file[i].sha256, err);
    return st;
}

static cohl_status make_folder_of(const char *file, cohl_error *err)
{
    char *folder = strdup(file), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash)
        *slash = 0;
    cohl_status st = slash ? cohl_folder_make(folder, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    return st;
}

static cohl_status pull_file(const cohl_model_entry *entry, const cohl_pull_params *p, const char *path,
                             const char *sha256, const char *file, cohl_error *err)
{
    cohl_downloaded done;
    char *url = NULL;
    if (asprintf(&url, "%s/%s/resolve/main/%s", p->base ? p->base : COHL_PULL_BASE, entry->repository, path) < 0)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_status st = make_folder_of(file, err);
    if (!st)
        st = cohl_download(&(cohl_download_params){ .url = url, .path = file, .sha256 = sha256, .user = p->user,
                                                    .progress = p->progress, .cancel = p->cancel }, &done, err);
    if (!st && p->end)
        p->end(p->user, path, &done);
    free(url);
    return st;
}

static cohl_status pull_into(const cohl_model_entry *entry, const cohl_pull_params *p, const char *folder,
                             cohl_error *err)
{
    paths list;
    cohl_status st = begin_paths(&list, entry, err);
    for (int i = 0; i < list.count && !st; i++) {
        char *file = cohl_path_join(folder, list.path[i]);
        if (p->begin)
            p->begin(p->user, list.path[i], i, list.count);
        if (!file)
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
        else if (!cohl_file_exists(file))
            st = pull_file(entry, p, list.path[i], list.sha256[i], file, err);
        else if (p->end)
            p->end(p->user, list.path[i], NULL);
        if (!st && is_index(list.path[i]))
            st = add_shards(&list, list.path[i], file, err);
        free(file);
    }
    free_paths(&list);
    return st;
}

cohl_status cohl_pull(const cohl_model_entry *entry, const cohl_pull_params *params, cohl_error *err)
{
    char *folder = NULL;
    cohl_status st = COHL_OK;
    if (!params->folder)
        st = cohl_pull_folder(&folder, entry->name, err);
    if (!st)
        st = pull_into(entry, params, params->folder ? params->folder : folder, err);
    free(folder);
    return st;
}

cohl_status cohl_pull_folder(char **out, const char *name, cohl_error *err)
{
    char *folder;
    cohl_status st = cohl_home_cache(&folder, "models", err);
    *out = NULL;
    if (st)
        return st;
    if (!(*out = cohl_path_join(folder, name)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    return st;
}

bool cohl_pull_installed(const cohl_model_entry *entry, const char *folder)
{
    paths list;
    bool all = begin_paths(&list, entry, NULL) == COHL_OK;
    for (int i = 0; i < list.count && all; i++) {
        char *file = cohl_path_join(folder, list.path[i]);
        all = file && cohl_file_exists(file) && (!is_index(list.path[i]) || !add_shards(&list, list.path[i], file, NULL));
        free(file);
    }
    free_paths(&list);
    return all;
}
