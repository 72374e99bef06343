/* home.c - where an installation keeps what is its own. */
#define _GNU_SOURCE
#include "base/home.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* A relative XDG_DATA_HOME is to be ignored, says the specification. */
static const char *absolute(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value == '/' ? value : NULL;
}

cohl_status cohl_home_path(char **out, const char *name, cohl_error *err)
{
    const char *data = absolute("XDG_DATA_HOME"), *home = absolute("HOME");
    *out = NULL;
    if (!data && !home)
        return cohl_fail(err, COHL_ERR_IO, "there is no place for Cohl's own files: neither XDG_DATA_HOME nor HOME "
                         "is an absolute path");
    if (asprintf(out, "%s%s/cohl%s%s", data ? data : home, data ? "" : "/.local/share", *name ? "/" : "", name) < 0) {
        *out = NULL;
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    }
    return COHL_OK;
}

/* The folder is its owner's alone from its first moment on; those above it are made as any. */
static cohl_status make_own(const char *folder, cohl_error *err)
{
    char *above = strndup(folder, (size_t)(strrchr(folder, '/') - folder));
    cohl_status st = above ? cohl_folder_make(above, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && mkdir(folder, 0700) && errno != EEXIST)
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot make folder: %s", folder, strerror(errno));
    free(above);
    return st;
}

cohl_status cohl_home_make(char **out, const char *name, cohl_error *err)
{
    char *folder = NULL;
    *out = NULL;
    cohl_status st = cohl_home_path(&folder, "", err);
    if (!st) st = cohl_home_path(out, name, err);
    if (!st) {
        cohl_error why;
        st = make_own(folder, &why);
        if (!st) st = cohl_folder_make(*out, &why);
        if (st)
            st = cohl_fail(err, st, "%s: no place for Cohl's own files (keys, the ledger of films): %s; XDG_DATA_HOME may "
                           "name another", folder, why.text);
    }
    free(folder);
    if (st) {
        free(*out);
        *out = NULL;
    }
    return st;
}

cohl_status cohl_home_make_folder(const char *folder, cohl_error *err)
{
    char *home = NULL, *made = NULL;
    size_t size = cohl_home_path(&home, "", NULL) ? 0 : strlen(home);
    bool inside = size && !strncmp(folder, home, size) && (folder[size] == '/' || !folder[size]);
    cohl_status st = inside ? cohl_home_make(&made, "", err) : COHL_OK;
    free(home);
    free(made);
    return st ? st : cohl_folder_make(folder, err);
}

cohl_status cohl_home_cache(char **out, const char *name, cohl_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool own = cache && *cache == '/';
    *out = NULL;
    if (!own && (!home || *home != '/'))
        return cohl_fail(err, COHL_ERR_IO, "neither XDG_CACHE_HOME nor HOME says where downloads go");
    if (asprintf(out, "%s%s/cohl/%s", own ? cache : home, own ? "" : "/.cache", name) >= 0)
        return COHL_OK;
    *out = NULL;
    return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
}
