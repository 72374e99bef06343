/* file.h - whole files in, whole files out.
 *
 * What writes a file writes beside it and renames, so a reader sees the old
 * bytes or the new ones, never half:
 *
 *     cohl_writer out;
 *     if ((st = cohl_writer_open(&out, path, err))) return st;
 *     st = cohl_writer_put(&out, data, size, err);
 *     return cohl_writer_close(&out, st, err);
 */
#ifndef COHL_BASE_FILE_H
#define COHL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* A file mapped read-only. An empty file has data NULL and size 0. */
typedef struct cohl_map {
    const uint8_t *data;
    size_t         size;
} cohl_map;

cohl_status cohl_map_open(cohl_map *map, const char *path, cohl_error *err);
void cohl_map_close(cohl_map *map);
/* The pages that hold these bytes are wanted soon: the system begins to read them; or they are not
 * for now, and leave memory until they are touched again. Bytes that lie elsewhere are left alone. */
void cohl_map_ahead(const cohl_map *map, const void *from, size_t size);
void cohl_map_let_go(const cohl_map *map, const void *from, size_t size);

/* The whole file in new memory, with a zero byte behind the last; free() it.
 * Larger than limit_bytes is COHL_ERR_FORMAT. size may be NULL. */
cohl_status cohl_file_read(char **out, size_t *size, const char *path, size_t limit_bytes,
                           cohl_error *err);

/* Replace path by these bytes, beside and renamed, synced to the disk. */
cohl_status cohl_file_write(const char *path, const void *data, size_t size, cohl_error *err);

/* "PATH.N.PID.part" in new memory, free() it: where what will be path is written. No other thread
 * and no other process of this machine is given the same. NULL when memory is out. */
char *cohl_part_path(const char *path);

typedef struct cohl_writer {
    FILE *file;
    char *path, *temporary;   /* the name it will have, the name it has */
} cohl_writer;

cohl_status cohl_writer_open(cohl_writer *out, const char *path, cohl_error *err);
cohl_status cohl_writer_put(cohl_writer *out, const void *data, size_t size, cohl_error *err);
/* With COHL_OK: sync, rename, COHL_OK. With another status, or when that
 * fails: remove what was written and return the first failure. */
cohl_status cohl_writer_close(cohl_writer *out, cohl_status st, cohl_error *err);

bool cohl_file_exists(const char *path);
bool cohl_folder_exists(const char *path);
/* Make a folder and those above it; one that is there is fine. */
cohl_status cohl_folder_make(const char *path, cohl_error *err);

/* Remove what writers that were killed left in a folder: NAME.N.PID.part of processes that are gone. */
void cohl_folder_sweep(const char *path);

/* "folder/name" in new memory; free() it. NULL when memory is out. */
char *cohl_path_join(const char *folder, const char *name);

#endif
