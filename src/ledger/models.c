/* models.c - which weights a film was made with. */
#define _GNU_SOURCE
#include "ledger/models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

static const char *const steps[] = {
    "CREATE TABLE model_files (\n"
    "    device  INTEGER NOT NULL,            -- of the disk\n"
    "    inode   INTEGER NOT NULL,\n"
    "    bytes   INTEGER NOT NULL,\n"
    "    changed INTEGER NOT NULL,            -- nanoseconds since 1970, of its inode\n"
    "    digest  TEXT NOT NULL,               -- SHA-256\n"
    "    PRIMARY KEY (device, inode)\n"
    ") STRICT, WITHOUT ROWID",
    NULL };

const cohl_store_room cohl_ledger_models_room = { "models", steps };

static int64_t changed_at(const struct stat *info)
{
    return (int64_t)info->st_ctim.tv_sec * 1000000000 + info->st_ctim.tv_nsec;
}

static bool recall(char out[COHL_DIGEST_HEX], cohl_store *store, const struct stat *info)
{
    cohl_rows *rows;
    bool found = false;
    if (cohl_rows_open(&rows, store, "SELECT digest FROM model_files WHERE device = ? AND inode = ? AND bytes = ? AND "
                       "changed = ?", COHL_VALUES(cohl_value_int((int64_t)info->st_dev),
                                                  cohl_value_int((int64_t)info->st_ino), cohl_value_int(info->st_size),
                                                  cohl_value_int(changed_at(info))), NULL))
        return false;
    if (cohl_rows_next(rows)) {
        snprintf(out, COHL_DIGEST_HEX, "%s", cohl_rows_text(rows, 0));
        found = strlen(out) == COHL_DIGEST_HEX - 1;
    }
    return !cohl_rows_close(rows, COHL_OK, NULL) && found;
}

/* To forget costs time and nothing else, so a failure is no matter. */
static void keep(cohl_store *store, const struct stat *info, const char *digest)
{
    cohl_store_do(store, "INSERT OR REPLACE INTO model_files (device, inode, bytes, changed, digest) "
                  "VALUES (?, ?, ?, ?, ?)",
                  COHL_VALUES(cohl_value_int((int64_t)info->st_dev), cohl_value_int((int64_t)info->st_ino),
                              cohl_value_int(info->st_size), cohl_value_int(changed_at(info)),
                              cohl_value_text(digest)), NULL);
}

static cohl_status file_digest(void *user, char out[COHL_DIGEST_HEX], const char *path, cohl_error *err)
{
    cohl_store *store = user;
    struct stat info;
    if (!store)
        return cohl_digest_file(out, path, err);
    if (stat(path, &info))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    if (recall(out, store, &info))
        return COHL_OK;
    cohl_status st = cohl_digest_file(out, path, err);
    if (!st)
        keep(store, &info, out);
    return st;
}

cohl_status cohl_ledger_model_digest(char out[COHL_DIGEST_HEX], cohl_store *store, const char *path, cohl_error *err)
{
    if (!cohl_folder_exists(path))
        return file_digest(store, out, path, err);
    return cohl_digest_folder_by(out, path, file_digest, store, err);
}
