/* pull.h - a model of the catalogue, brought into the cache folder.
 *
 * Files lie under $XDG_CACHE_HOME/cohl/models/NAME (else ~/.cache/...), with the
 * paths they have in their repository; their addresses are
 *
 *     BASE/REPOSITORY/resolve/main/PATH
 *
 * as at huggingface.co, its mirrors, and any plain file server laid out so. Files
 * that are there already are kept; what was cut goes on. */
#ifndef COHL_FETCH_PULL_H
#define COHL_FETCH_PULL_H

#include "fetch/catalogue.h"
#include "fetch/download.h"

#define COHL_PULL_BASE "https://huggingface.co"

typedef struct cohl_pull_params {
    const char *base;                       /* NULL = COHL_PULL_BASE */
    const char *folder;                     /* NULL = the cache folder of this model */
    /* Before each file: how many are done, how many there are by now. */
    void      (*begin)(void *user, const char *path, int done, int files);
    void      (*progress)(void *user, int64_t bytes, int64_t all);
    /* After each; NULL for one that was there. */
    void      (*end)(void *user, const char *path, const cohl_downloaded *done);
    void       *user;
    const volatile bool *cancel;
} cohl_pull_params;

/* What cohl_download says, of the first file that cannot be had. */
cohl_status cohl_pull(const cohl_model_entry *entry, const cohl_pull_params *params, cohl_error *err);

/* Where NAME lies or would lie, in new memory; free() it.
 *
 * COHL_ERR_IO  neither XDG_CACHE_HOME nor HOME is an absolute path */
cohl_status cohl_pull_folder(char **out, const char *name, cohl_error *err);

/* All files are there, and the shards that indexes name. */
bool cohl_pull_installed(const cohl_model_entry *entry, const char *folder);

#endif
