/* digest.c - SHA-256 of bytes, of files and of folders. */
#define _GNU_SOURCE
#include "base/digest.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

enum { FOLDERS_DEEP_MAX = 32 };

struct cohl_digest { EVP_MD_CTX *sum; };

cohl_status cohl_digest_begin(cohl_digest **out, cohl_error *err)
{
    cohl_digest *digest = calloc(1, sizeof *digest);
    *out = NULL;
    if (!digest || !(digest->sum = EVP_MD_CTX_new()) || !EVP_DigestInit_ex(digest->sum, EVP_sha256(), NULL)) {
        cohl_digest_end(digest, NULL);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a digest");
    }
    *out = digest;
    return COHL_OK;
}

void cohl_digest_add(cohl_digest *digest, const void *data, size_t size)
{
    if (size)
        EVP_DigestUpdate(digest->sum, data, size);
}

void cohl_digest_end(cohl_digest *digest, uint8_t bytes[COHL_DIGEST_BYTES])
{
    if (!digest)
        return;
    if (bytes)
        EVP_DigestFinal_ex(digest->sum, bytes, NULL);
    EVP_MD_CTX_free(digest->sum);
    free(digest);
}

void cohl_digest_hex(char out[COHL_DIGEST_HEX], const uint8_t bytes[COHL_DIGEST_BYTES])
{
    for (int i = 0; i < COHL_DIGEST_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

cohl_status cohl_digest_bytes(char out[COHL_DIGEST_HEX], const void *data, size_t size, cohl_error *err)
{
    cohl_digest *digest;
    uint8_t bytes[COHL_DIGEST_BYTES];
    cohl_status st = cohl_digest_begin(&digest, err);
    if (st)
        return st;
    cohl_digest_add(digest, data, size);
    cohl_digest_end(digest, bytes);
    cohl_digest_hex(out, bytes);
    return COHL_OK;
}

cohl_status cohl_digest_file(char out[COHL_DIGEST_HEX], const char *path, cohl_error *err)
{
    cohl_map map;
    cohl_status st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    st = cohl_digest_bytes(out, map.data, map.size, err);
    cohl_map_close(&map);
    return st;
}

/* ---- folders ------------------------------------------------------------- */

typedef struct name_list {
    char **name;
    size_t count, room;
} name_list;

static bool add_name(name_list *list, char *name)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 16;
        char **grown = realloc(list->name, room * sizeof *grown);
        if (!grown) {
            free(name);
            return false;
        }
        list->name = grown, list->room = room;
    }
    list->name[list->count++] = name;
    return true;
}

/* Adds the files of root/below; below is "" or ends with a slash. */
static cohl_status list_files(name_list *list, const char *root, const char *below, int depth, cohl_error *err)
{
    char *path = cohl_path_join(root, below);
    DIR *folder = path ? opendir(path) : NULL;
    cohl_status st = COHL_OK;
    if (!folder)
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot be listed: %s", root, strerror(errno));
    else if (depth == FOLDERS_DEEP_MAX)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: folders %d deep, expected fewer", root, depth);
    for (const struct dirent *entry; !st && (entry = readdir(folder));) {
        char *name = NULL;
        struct stat info;
        if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &info, 0) ||
            !(S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)))
            continue;
        bool deeper = S_ISDIR(info.st_mode);
        if (asprintf(&name, "%s%s%s", below, entry->d_name, deeper ? "/" : "") < 0) {
            st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", root);
        } else if (deeper) {
            st = list_files(list, root, name, depth + 1, err);
            free(name);
        } else if (!add_name(list, name)) {
            st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", root);
        }
    }
    if (folder)
        closedir(folder);
    free(path);
    return st;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cohl_status read_file(void *user, char out[COHL_DIGEST_HEX], const char *path, cohl_error *err)
{
    return cohl_digest_file(out, path, err);
}

cohl_status cohl_digest_folder(char out[COHL_DIGEST_HEX], const char *path, cohl_error *err)
{
    return cohl_digest_folder_by(out, path, read_file, NULL, err);
}

cohl_status cohl_digest_folder_by(char out[COHL_DIGEST_HEX], const char *path, cohl_digest_file_fn *fn, void *user,
                                  cohl_error *err)
{
    name_list list = { 0 };
    cohl_text lines = { 0 };
    cohl_status st = list_files(&list, path, "", 0, err);
    if (list.count)
        qsort(list.name, list.count, sizeof *list.name, compare_names);
    for (size_t i = 0; i < list.count; i++) {
        char hex[COHL_DIGEST_HEX], *file = st ? NULL : cohl_path_join(path, list.name[i]);
        if (!st && !file)
            st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
        if (file && !(st = fn(user, hex, file, err)))
            cohl_text_addf(&lines, "%s  %s\n", hex, list.name[i]);
        free(file);
        free(list.name[i]);
    }
    free(list.name);
    if (!st && lines.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its names", path);
    if (!st)
        st = cohl_digest_bytes(out, lines.data, lines.size, err);
    cohl_text_free(&lines);
    return st;
}
