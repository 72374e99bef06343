/* place.c - names on the disk. */
#define _GNU_SOURCE
#include "deliver/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guard.h"

enum { NAME_KEPT = 200, TRIES = 1000 };   /* a hidden name stays below 255 bytes */
enum { LEFT_SECONDS = 3600 };

static cohl_status fail_errno(cohl_error *err, const char *path, const char *deed)
{
    return cohl_fail(err, errno == ENOMEM ? COHL_ERR_MEMORY : COHL_ERR_IO, "%s: cannot %s: %s",
                     path, deed, strerror(errno));
}

/* Where the last name of a path begins. */
static const char *last_name(const char *place)
{
    const char *slash = strrchr(place, '/');
    return slash ? slash + 1 : place;
}

static char *folder_of(const char *place)
{
    const char *name = last_name(place);
    if (name == place)
        return strdup(".");
    return strndup(place, name - place > 1 ? (size_t)(name - place - 1) : 1);
}

static bool same_folder(const char *one, const char *other)
{
    struct stat a, b;
    return one && other && !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool cohl_place_same(const char *one, const char *other)
{
    char *above = folder_of(one), *above_other = folder_of(other);
    bool same = !strcmp(last_name(one), last_name(other)) && same_folder(above, above_other);
    free(above);
    free(above_other);
    return same;
}

bool cohl_place_inside(const char *path, const char *folder)
{
    char *above = folder_of(path);
    bool inside = above && (same_folder(above, folder) || cohl_place_same(above, folder));
    free(above);
    return inside;
}

static bool is_empty_folder(const char *place)
{
    DIR *folder = opendir(place);
    struct dirent *entry = NULL;
    if (!folder)
        return false;
    while ((entry = readdir(folder)) &&
           (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")))
        ;
    closedir(folder);
    return !entry;
}

static cohl_status check_above(const char *place, const char *path, cohl_error *err)
{
    struct stat info;
    cohl_status st = COHL_OK;
    char *folder = folder_of(place);
    if (!folder)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
    if (stat(folder, &info))
        st = errno == ENOENT ? cohl_fail(err, COHL_ERR_IO, "%s: the folder %s does not exist",
                                         path, folder)
                             : fail_errno(err, path, "look into its folder");
    else if (!S_ISDIR(info.st_mode))
        st = cohl_fail(err, COHL_ERR_IO, "%s: %s is not a folder", path, folder);
    free(folder);
    return st;
}

cohl_status cohl_place_check(const char *place, bool folder, const char *path, cohl_error *err)
{
    struct stat info;
    char *hidden = NULL;
    cohl_status st = check_above(place, path, err);
    if (st)
        return st;
    const char *last = last_name(place);
    if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: pictures go to a folder of their own; name a new one, such as shot/",
                         path);
    if (stat(place, &info)) {
        if (errno != ENOENT)
            return fail_errno(err, path, "be made");
    } else {
        if (!folder && !S_ISREG(info.st_mode))
            return cohl_fail(err, COHL_ERR_IO, "%s: is there already and is %s", path,
                             S_ISDIR(info.st_mode) ? "a folder; end the name with / for a folder "
                             "of pictures" : "not a regular file");
        if (folder && !S_ISDIR(info.st_mode))
            return cohl_fail(err, COHL_ERR_IO, "%s: is there already and is not a folder", path);
        if (folder && !is_empty_folder(place))
            return cohl_fail(err, COHL_ERR_IO, "%s: the folder %s is not empty; pictures go to a "
                             "new folder or an empty one", path, place);
    }
    if (!(st = cohl_place_begin(&hidden, place, folder, path, err)))
        cohl_place_remove(hidden);
    free(hidden);
    return st;
}

/* A hidden name of this place that a killed run left: its process is gone, and nobody has written there for an
 * hour, on another machine that shares the folder, say. */
static bool is_left(int folder, const char *entry, const char *name)
{
    char stem[NAME_KEPT + 3], *end;
    struct stat info;
    int length = snprintf(stem, sizeof stem, ".%.*s.", NAME_KEPT, name);
    if (strncmp(entry, stem, (size_t)length))
        return false;
    long pid = strtol(entry + length, &end, 10);
    if (pid < 1 || pid > INT_MAX || *end != '-')
        return false;
    strtol(end + 1, &end, 10);
    bool ours = !strncmp(end, ".part", 5) && (!end[5] || end[5] == '.');   /* or of its signing: "...part.N.PID.part" */
    return ours && kill((pid_t)pid, 0) && errno == ESRCH &&
           !fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) && time(NULL) - info.st_mtime > LEFT_SECONDS;
}

static void sweep(const char *place)
{
    char *above = folder_of(place);
    DIR *folder = above ? opendir(above) : NULL;
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_left(dirfd(folder), entry->d_name, last_name(place))) {
            char *left = cohl_path_join(above, entry->d_name);
            cohl_place_remove(left);
            free(left);
        }
    if (folder)
        closedir(folder);
    free(above);
}

cohl_status cohl_place_begin(char **out, const char *place, bool folder, const char *path,
                             cohl_error *err)
{
    const char *name = last_name(place);
    *out = NULL;
    sweep(place);
    for (int n = 0; n < TRIES; n++) {
        char *hidden = NULL;
        if (asprintf(&hidden, "%.*s.%.*s.%ld-%d.part", (int)(name - place), place, NAME_KEPT, name,
                     (long)getpid(), n) < 0)
            return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
        int made = folder ? mkdir(hidden, 0777)
                          : open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (made >= 0) {
            if (!folder)
                close(made);
            *out = hidden;
            return COHL_OK;
        }
        free(hidden);
        if (errno != EEXIST)
            break;
    }
    return fail_errno(err, path, "write there");
}

cohl_status cohl_place_fill(const char *hidden, const void *data, size_t size, const char *path,
                            cohl_error *err)
{
    cohl_status st = COHL_OK;
    FILE *file = fopen(hidden, "wbe");
    if (!file)
        return fail_errno(err, path, "write there");
    if (fwrite(data, 1, size, file) != size || fflush(file) || fsync(fileno(file)))
        st = fail_errno(err, path, "write");
    if (fclose(file) && !st)
        st = fail_errno(err, path, "write");
    return st;
}

static void sync_folder(const char *place)
{
    char *folder = folder_of(place);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);   /* some file systems refuse; the name is there all the same */
        close(fd);
    }
    free(folder);
}

cohl_status cohl_place_name(const char *hidden, const char *place, const char *path,
                            cohl_error *err)
{
    cohl_status st = cohl_guard_check(err);
    if (st)
        return st;
    if (rename(hidden, place))
        return fail_errno(err, path, "give it its name");
    sync_folder(place);
    return COHL_OK;
}

/* Each step is undone when the next one fails. */
static bool exchange_by(const char *aside, const char *hidden, const char *place)
{
    if (rename(place, aside))
        return false;
    if (!rename(hidden, place)) {
        if (!rename(aside, hidden))
            return true;
        rename(place, hidden);
    }
    rename(aside, place);
    return false;
}

bool cohl_place_exchange(const char *hidden, const char *place)
{
    char *aside = NULL;
    bool done = !renameat2(AT_FDCWD, hidden, AT_FDCWD, place, RENAME_EXCHANGE);
    if (!done && errno != ENOENT && !cohl_place_begin(&aside, place, false, place, NULL) &&
        !(done = exchange_by(aside, hidden, place)))
        unlink(aside);
    free(aside);
    if (done)
        sync_folder(place);
    return done;
}

uint64_t cohl_place_bytes(const char *hidden)
{
    struct stat info;
    uint64_t bytes = 0;
    DIR *folder = opendir(hidden);
    if (!folder)
        return stat(hidden, &info) ? 0 : (uint64_t)info.st_size;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (!fstatat(dirfd(folder), entry->d_name, &info, 0) && S_ISREG(info.st_mode))
            bytes += (uint64_t)info.st_size;
    closedir(folder);
    return bytes;
}

void cohl_place_remove(const char *hidden)
{
    if (!hidden || !unlink(hidden))
        return;
    DIR *folder = opendir(hidden);
    struct dirent *entry;
    if (!folder)
        return;
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(hidden);
}
