/* words.c - a run's text states: worked out once for all its windows, and where the encoder streams from its
 * file, kept for the next run of the same words.
 *
 * A file of the cache folder (cohl/words) is named by the digest of all that decides the states: the
 * model's files, the numbers' precision, the back end, the tokens. It holds the states and their own digest; one
 * that does not fit is worked out anew. The oldest go when there are too many. Nothing here can fail a run. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "engine/build.h"
#include "engine/making.h"
#include "tensor/backend.h"

enum { FILES_MOST = 64 };             /* two prompts of UMT5-XXL are two megabytes or so, 16 at the most */

static const char ending[] = ".states";

/* ---- the file ------------------------------------------------------------ */

static void add_text(cohl_digest *digest, const char *text) { cohl_digest_add(digest, text, strlen(text) + 1); }

/* Where the states of these tokens would be; NULL: nowhere. free() it. */
static char *find_place(const cohl_run *run, const cohl_sample_request *r)
{
    const cohl_engine *engine = run->engine;
    const int64_t numbers[] = { engine->precision, engine->dtype, r->id_count, r->negative_id ? r->negative_count : 0,
                                cohl_sample_rows(r) };
    uint8_t sum[COHL_DIGEST_BYTES];
    char hex[COHL_DIGEST_HEX], name[COHL_DIGEST_HEX + sizeof ending], *folder, *path;
    cohl_digest *digest;
    if (!engine->model->text->shelf || !*run->book.model_digest || cohl_digest_begin(&digest, NULL))
        return NULL;
    add_text(digest, COHL_VERSION);
    add_text(digest, run->book.model_digest);
    add_text(digest, run->ctx.backend->name);
    cohl_digest_add(digest, numbers, sizeof numbers);
    cohl_digest_add(digest, r->id, (size_t)r->id_count * sizeof *r->id);
    if (r->negative_id)
        cohl_digest_add(digest, r->negative_id, (size_t)r->negative_count * sizeof *r->negative_id);
    cohl_digest_end(digest, sum);
    cohl_digest_hex(hex, sum);
    snprintf(name, sizeof name, "%s%s", hex, ending);
    if (cohl_home_cache(&folder, "words", NULL))
        return NULL;
    path = cohl_folder_make(folder, NULL) ? NULL : cohl_path_join(folder, name);
    free(folder);
    return path;
}

/* The digest in front of the values, then they. */
static bool read_states(const char *path, float *states, size_t bytes)
{
    char sum[COHL_DIGEST_HEX];
    cohl_map map;
    bool good = false;
    if (!path || cohl_map_open(&map, path, NULL))
        return false;
    if (map.size == COHL_DIGEST_HEX + bytes &&
        !cohl_digest_bytes(sum, map.data + COHL_DIGEST_HEX, bytes, NULL) && !memcmp(sum, map.data, COHL_DIGEST_HEX)) {
        memcpy(states, map.data + COHL_DIGEST_HEX, bytes);
        utimensat(AT_FDCWD, path, NULL, 0);
        good = true;
    }
    cohl_map_close(&map);
    return good;
}

static void write_states(const char *path, const float *states, size_t bytes)
{
    char sum[COHL_DIGEST_HEX];
    cohl_writer out;
    if (!path || cohl_digest_bytes(sum, states, bytes, NULL) || cohl_writer_open(&out, path, NULL))
        return;
    cohl_status st = cohl_writer_put(&out, sum, sizeof sum, NULL);
    if (!st) st = cohl_writer_put(&out, states, bytes, NULL);
    cohl_writer_close(&out, st, NULL);
}

/* ---- how many there are -------------------------------------------------- */

/* The file that was used longest ago, of those that end so; returns how many there are. */
static int find_oldest(const char *folder, char oldest[NAME_MAX + 1])
{
    int count = 0;
    struct timespec least = { 0 };
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);
        struct stat info;
        if (length < sizeof ending || strcmp(entry->d_name + length - (sizeof ending - 1), ending) ||
            fstatat(dirfd(dir), entry->d_name, &info, 0))
            continue;
        bool older = info.st_mtim.tv_sec < least.tv_sec ||
                     (info.st_mtim.tv_sec == least.tv_sec && info.st_mtim.tv_nsec < least.tv_nsec);
        if (!count++ || older) {
            least = info.st_mtim;
            strcpy(oldest, entry->d_name);
        }
    }
    if (dir)
        closedir(dir);
    return count;
}

static void keep_few(const char *path)
{
    char oldest[NAME_MAX + 1], *folder = path ? strndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;
    while (folder && find_oldest(folder, oldest) > FILES_MOST) {
        char *old = cohl_path_join(folder, oldest);
        bool gone = old && !unlink(old);
        free(old);
        if (!gone)
            break;
    }
    free(folder);
}

/* ---- the states ---------------------------------------------------------- */

cohl_status making_words(cohl_run *run, const cohl_sample_request *request, cohl_error *err)
{
    size_t bytes = (size_t)cohl_sample_rows(request) * (size_t)request->dit->config.text_dim * sizeof *run->states;
    if (run->states)
        return COHL_OK;
    if (!(run->states = malloc(bytes)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the states of a text");
    char *path = find_place(run, request);
    cohl_status st = COHL_OK;
    if (!read_states(path, run->states, bytes) && !(st = cohl_sample_states(&run->ctx, request, run->states, err))) {
        write_states(path, run->states, bytes);
        keep_few(path);
    }
    free(path);
    return st;
}
