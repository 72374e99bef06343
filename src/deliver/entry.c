/* entry.c - what the ledger will know of a film that is about to get its name. */
#define _GNU_SOURCE
#include "deliver/entry.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "provenance/verify.h"

/* place as an absolute path, in new memory: its folder is there, it is not yet. */
static char *absolute(const char *place)
{
    char *out = NULL, *name = strdup(place);
    if (!name)
        return NULL;
    char *slash = strrchr(name, '/');
    const char *folder = slash == name ? "/" : slash ? name : ".";
    if (slash)
        *slash = 0;
    char *real = realpath(folder, NULL);
    if (real && asprintf(&out, "%s%s%s", real, strcmp(real, "/") ? "/" : "", slash ? slash + 1 : name) < 0)
        out = NULL;
    free(real);
    free(name);
    return out;
}

/* What the file's credentials are, so that they can be given back when they were stripped. */
static void keep_credentials(cohl_film_file *file, const char *signed_file)
{
    char label[256];
    uint8_t *store;
    if (!cohl_verify_keep(signed_file, &store, &file->manifest_size, label))
        return;
    file->manifest = store;
    file->credential = strdup(label);
}

/* Takes path. */
static cohl_status add_file(cohl_entry *entry, const char *hidden, const char *beside, char *path, cohl_error *err)
{
    struct stat info;
    char digest[COHL_DIGEST_HEX];
    int count = entry->made.file_count;
    cohl_film_file *grown = realloc(entry->file, (size_t)(count + 1) * sizeof *grown);
    entry->file = grown ? grown : entry->file;
    cohl_status st = path && grown ? cohl_digest_file(digest, hidden, err)
                                   : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to enter it", hidden);
    char *copy = st ? NULL : strdup(digest);
    if (st || !copy || stat(hidden, &info)) {
        free(path);
        free(copy);
        return st ? st : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to enter it", hidden);
    }
    grown[count] = (cohl_film_file){ .path = path, .digest = copy, .bytes = info.st_size };
    keep_credentials(&grown[count], beside ? beside : hidden);
    entry->made.file = grown, entry->made.file_count = count + 1;
    return COHL_OK;
}

static cohl_status add_picture(cohl_entry *entry, const char *hidden, const char *place, const char *name,
                               cohl_error *err)
{
    char *from = cohl_path_join(hidden, name), *to = cohl_path_join(place, name);
    cohl_status st = from && to ? add_file(entry, from, NULL, to, err)
                                : cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to enter it", place);
    if (!from)
        free(to);
    free(from);
    return st;
}

static cohl_status add_pictures(cohl_entry *entry, const char *hidden, const char *place, cohl_error *err)
{
    struct dirent **names;
    int count = scandir(hidden, &names, NULL, versionsort);
    cohl_status st = count < 0 ? cohl_fail(err, COHL_ERR_IO, "%s: cannot be listed", hidden) : COHL_OK;
    for (int i = 0; i < count; i++) {
        if (!st && names[i]->d_name[0] != '.')
            st = add_picture(entry, hidden, place, names[i]->d_name, err);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return st;
}

void cohl_entry_list(cohl_entry *entry, const char *hidden, const char *beside, const char *place, bool folder)
{
    if (!entry->ledger || entry->said.status)
        return;
    char *path = absolute(place);
    if (!path)
        cohl_fail(&entry->said, COHL_ERR_MEMORY, "%s: no memory to enter it", place);
    else if (folder)
        add_pictures(entry, hidden, path, &entry->said);
    else
        add_file(entry, hidden, beside, strdup(path), &entry->said);
    free(path);
}

void cohl_entry_enter(cohl_entry *entry)
{
    if (entry->ledger && !entry->said.status && cohl_ledger_add(entry->ledger, &entry->made, &entry->film,
                                                                &entry->said))
        entry->film = 0;
}

void cohl_entry_end(cohl_entry *entry, bool named)
{
    if (entry->film && named)
        cohl_ledger_confirm(entry->ledger, entry->film, &entry->said);
    else if (entry->film)
        cohl_ledger_withdraw(entry->ledger, entry->film, &entry->said);
    for (int i = 0; i < entry->made.file_count; i++) {
        free((char *)entry->file[i].path);
        free((char *)entry->file[i].digest);
        free((char *)entry->file[i].credential);
        free((void *)entry->file[i].manifest);
    }
    free(entry->file);
    entry->file = NULL;
    entry->made.file = NULL, entry->made.file_count = 0;
}
