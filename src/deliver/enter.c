/* enter.c - what a film says of itself, as an entry of the ledger. */
#define _GNU_SOURCE
#include "deliver/enter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "ledger/films.h"
#include "media/reader.h"
#include "media/still.h"
#include "provenance/detect.h"
#include "provenance/jumbf.h"

enum { PICTURE_BYTES_MAX = 256 << 20 };

/* What is gathered; strings of made point into the rest. */
typedef struct gathered {
    cohl_film_made made;
    cohl_film_file file;
    cohl_tags      tags;
    char          *path;                  /* absolute */
    char           digest[COHL_DIGEST_HEX], label[COHL_JUMBF_LABEL_MAX], key[16];
    uint8_t       *manifest;
    json_t        *recipe;
    cohl_detection found;
} gathered;

static cohl_status read_recipe(gathered *g, const char *path, cohl_error *err)
{
    g->made.title = cohl_tags_find(&g->tags, "title"), g->made.recipe = cohl_tags_recipe(&g->tags);
    g->recipe = g->made.recipe ? json_loads(g->made.recipe, 0, NULL) : NULL;
    g->made.model = json_string_value(json_object_get(g->recipe, "model"));
    return json_is_object(g->recipe) ? COHL_OK
           : cohl_fail(err, COHL_ERR_FORMAT, "%s: carries no recipe; only films that Cohl made do", path);
}

static cohl_status read_picture(gathered *g, const char *path, cohl_error *err)
{
    char *bytes;
    size_t size;
    cohl_frame *frame = NULL;
    cohl_status st = cohl_file_read(&bytes, &size, path, PICTURE_BYTES_MAX, err);
    if (st)
        return st;
    st = cohl_still_decode(&frame, (const uint8_t *)bytes, size, path, err);
    if (!st) st = cohl_still_tags(&g->tags, (const uint8_t *)bytes, size, err);
    if (!st)
        g->made.width = frame->width, g->made.height = frame->height, g->made.fps = 1;
    cohl_frame_free(frame);
    free(bytes);
    return st;
}

static cohl_status read_film(gathered *g, const char *path, cohl_error *err)
{
    cohl_film_reader *reader;
    if (cohl_still_begins(path))
        return read_picture(g, path, err);
    cohl_status st = cohl_film_reader_open(&reader, path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    g->made.width = info->native_width, g->made.height = info->native_height, g->made.fps = info->fps;
    for (int i = 0; i < info->tags.count && !st; i++)
        st = cohl_tags_add(&g->tags, info->tags.tag[i].key, info->tags.tag[i].value, err);
    cohl_film_reader_close(reader);
    return st;
}

/* Its identifier as far as it can be read, and its fingerprints. */
static cohl_status read_pixels(gathered *g, const char *path, cohl_error *err)
{
    cohl_status st = cohl_detect_as_owner(&g->found, path, NULL, NULL, err);
    const cohl_mark_answer *mark = &g->found.private_mark;
    snprintf(g->key, sizeof g->key, "%d", mark->key);
    g->made.frames = g->found.frames;
    g->made.marked = !st && mark->log10_bound <= COHL_MARK_COUNTS && mark->has_identifier;
    g->made.mark = mark->identifier, g->made.mark_key = g->made.marked ? g->key : NULL;
    g->made.print = g->found.print, g->made.print_count = g->found.print_count;
    if (!st && !g->made.marked && g->found.credentials.findings.verdict != COHL_TRUSTED)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: carries neither this installation's mark nor its signature, so it cannot be "
                       "entered as made here", path);
    return st;
}

/* In the file, else in FILE.c2pa beside it. */
static cohl_status keep_credentials(gathered *g, cohl_error *err)
{
    char *beside = NULL;
    bool kept = cohl_verify_keep(g->path, &g->manifest, &g->file.manifest_size, g->label);
    if (!kept && asprintf(&beside, "%s.c2pa", g->path) < 0)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to enter it", g->path);
    kept = kept || cohl_verify_keep(beside, &g->manifest, &g->file.manifest_size, g->label);
    g->file.manifest = g->manifest;
    g->file.credential = kept ? g->label : NULL;
    free(beside);
    return COHL_OK;
}

static cohl_status describe_file(gathered *g, cohl_store *ledger, const char *path, cohl_error *err)
{
    struct stat info;
    cohl_film_hits hits = { 0 };
    if (!(g->path = realpath(path, NULL)) || stat(g->path, &info))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    cohl_status st = cohl_digest_file(g->digest, g->path, err);
    if (!st) st = cohl_ledger_find(&hits, ledger, &(cohl_film_key){ .digest = g->digest }, err);
    if (!st && hits.count)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "%s: the ledger has it already, as film %lld", path,
                       (long long)hits.hit[0].film);
    g->file.path = g->path, g->file.digest = g->digest, g->file.bytes = info.st_size;
    g->made.file = &g->file, g->made.file_count = 1;
    cohl_film_hits_free(&hits);
    return st;
}

cohl_status cohl_enter_afterwards(int64_t *film, cohl_store *ledger, const char *path, cohl_error *err)
{
    gathered *g = calloc(1, sizeof *g);
    if (!g)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to enter it", path);
    cohl_status st = read_film(g, path, err);
    if (!st) st = read_recipe(g, path, err);
    if (!st) st = describe_file(g, ledger, path, err);
    if (!st) st = keep_credentials(g, err);
    if (!st) st = read_pixels(g, path, err);
    if (!st) st = cohl_ledger_add(ledger, &g->made, film, err);
    if (!st) st = cohl_ledger_confirm(ledger, *film, err);
    cohl_detection_free(&g->found);
    cohl_tags_free(&g->tags);
    json_decref(g->recipe);
    free(g->manifest);
    free(g->path);
    free(g);
    return st;
}
