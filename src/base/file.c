/* file.c - whole files in, whole files out. */
#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/guard.h"

static cohl_status fail_errno(cohl_error *err, const char *path, const char *deed)
{
    return cohl_fail(err, COHL_ERR_IO, "%s: cannot %s: %s", path, deed, strerror(errno));
}

cohl_status cohl_map_open(cohl_map *map, const char *path, cohl_error *err)
{
    struct stat info;
    cohl_status st = COHL_OK;

    *map = (cohl_map){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, path, "open");
    if (fstat(fd, &info)) {
        st = fail_errno(err, path, "stat");
    } else if (!S_ISREG(info.st_mode)) {
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: not a regular file", path);
    } else if (info.st_size > 0) {
        void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            st = fail_errno(err, path, "map");
        else
            *map = (cohl_map){ data, (size_t)info.st_size };
    }
    if (map->data)
        cohl_guard_add(map->data, map->size, path);
    close(fd);
    return st;
}

void cohl_map_close(cohl_map *map)
{
    if (map->data) {
        cohl_guard_remove(map->data);
        munmap((void *)map->data, map->size);
    }
    *map = (cohl_map){ 0 };
}

/* Only inside the map: the same advice about memory of our own would clear it. */
static void advise(const cohl_map *map, const void *from, size_t size, int advice)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)from, base = (uintptr_t)map->data;
    if (!map->data || !size || at < base || at - base >= map->size || size > map->size - (at - base))
        return;
    uintptr_t begin = at & ~(page - 1);
    madvise((void *)begin, at + size - begin, advice);
}

void cohl_map_ahead(const cohl_map *map, const void *from, size_t size) { advise(map, from, size, MADV_WILLNEED); }
void cohl_map_let_go(const cohl_map *map, const void *from, size_t size) { advise(map, from, size, MADV_DONTNEED); }

cohl_status cohl_file_read(char **out, size_t *size, const char *path, size_t limit_bytes,
                           cohl_error *err)
{
    cohl_map map;
    cohl_status st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    if (map.size > limit_bytes) {
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: %zu bytes, expected at most %zu",
                       path, map.size, limit_bytes);
    } else if (!(*out = malloc(map.size + 1))) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for %zu bytes", path, map.size);
    } else {
        if (map.size)
            memcpy(*out, map.data, map.size);
        (*out)[map.size] = 0;
        if (size)
            *size = map.size;
        if ((st = cohl_guard_check(err)))
            free(*out);
    }
    cohl_map_close(&map);
    return st;
}

char *cohl_part_path(const char *path)
{
    static atomic_uint given;
    char *out = NULL;
    return asprintf(&out, "%s.%u.%ld.part", path, atomic_fetch_add(&given, 1), (long)getpid()) < 0 ? NULL : out;
}

cohl_status cohl_writer_open(cohl_writer *out, const char *path, cohl_error *err)
{
    *out = (cohl_writer){ .path = strdup(path), .temporary = cohl_part_path(path) };
    if (!out->path || !out->temporary) {
        free(out->path);
        free(out->temporary);
        *out = (cohl_writer){ 0 };
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
    }
    if (!(out->file = fopen(out->temporary, "wbe"))) {
        cohl_status st = fail_errno(err, path, "create");
        free(out->path);
        free(out->temporary);
        *out = (cohl_writer){ 0 };
        return st;
    }
    return COHL_OK;
}

cohl_status cohl_writer_put(cohl_writer *out, const void *data, size_t size, cohl_error *err)
{
    if (size && fwrite(data, 1, size, out->file) != size)
        return fail_errno(err, out->path, "write");
    return COHL_OK;
}

cohl_status cohl_writer_close(cohl_writer *out, cohl_status st, cohl_error *err)
{
    if (!out->file)
        return st;
    if (!st && (fflush(out->file) || fsync(fileno(out->file))))
        st = fail_errno(err, out->path, "write");
    if (fclose(out->file) && !st)
        st = fail_errno(err, out->path, "write");
    if (!st)
        st = cohl_guard_check(err);
    if (!st && rename(out->temporary, out->path))
        st = fail_errno(err, out->path, "rename to");
    if (st)
        unlink(out->temporary);
    free(out->path);
    free(out->temporary);
    *out = (cohl_writer){ 0 };
    return st;
}

cohl_status cohl_file_write(const char *path, const void *data, size_t size, cohl_error *err)
{
    cohl_writer out;
    cohl_status st = cohl_writer_open(&out, path, err);
    if (st)
        return st;
    st = cohl_writer_put(&out, data, size, err);
    return cohl_writer_close(&out, st, err);
}

bool cohl_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool cohl_folder_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

cohl_status cohl_folder_make(const char *path, cohl_error *err)
{
    char *copy = strdup(path);
    cohl_status st = COHL_OK;
    if (!copy)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its name", path);
    for (char *at = copy + (*copy != 0); !st; at++) {
        char kept = *at;
        if (kept != '/' && kept != 0)
            continue;
        *at = 0;
        if (mkdir(copy, 0777) && errno != EEXIST)
            st = fail_errno(err, copy, "make folder");
        *at = kept;
        if (!kept)
            break;
    }
    if (!st && !cohl_folder_exists(path))
        st = cohl_fail(err, COHL_ERR_IO, "%s: is there, but is not a folder", path);
    free(copy);
    return st;
}

/* "NAME.N.PID.part", and no process has that number now. */
static bool left_behind(const char *name)
{
    const char *part = strrchr(name, '.');
    if (!part || strcmp(part, ".part"))
        return false;
    const char *digits = part;
    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    long pid = strtol(digits, NULL, 10);
    return digits > name && digits < part && digits[-1] == '.' && pid > 0 && pid < INT_MAX &&
           kill((pid_t)pid, 0) && errno == ESRCH;
}

void cohl_folder_sweep(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (left_behind(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

char *cohl_path_join(const char *folder, const char *name)
{
    char *out = NULL;
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] != '/' ? "/" : "";
    return asprintf(&out, "%s%s%s", folder, slash, name) < 0 ? NULL : out;
}
