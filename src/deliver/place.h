/* place.h - names on the disk: hidden while a thing is made, its own when it is whole. */
#ifndef COHL_DELIVER_PLACE_H
#define COHL_DELIVER_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Can a file (or a folder) of this name come into being? Nothing is left behind.
 * path is what sentences call it; place is the name itself. */
cohl_status cohl_place_check(const char *place, bool folder, const char *path, cohl_error *err);

/* Are these two spellings of one name? Its folder is there. */
bool cohl_place_same(const char *one, const char *other);
/* Does path lie in this folder, which may not be there yet? */
bool cohl_place_inside(const char *path, const char *folder);

/* Make an empty hidden file or folder beside place; *out is its name, in new memory. */
cohl_status cohl_place_begin(char **out, const char *place, bool folder, const char *path,
                             cohl_error *err);

/* Fill a file that was begun, and sync it. */
cohl_status cohl_place_fill(const char *hidden, const void *data, size_t size, const char *path,
                            cohl_error *err);

/* How large a file is, or all files of a folder together. */
uint64_t cohl_place_bytes(const char *hidden);

/* Give what was made its name, and make the name last. */
cohl_status cohl_place_name(const char *hidden, const char *place, const char *path,
                            cohl_error *err);

/* Change what is hidden for what has the name, both files, so that either may be taken back; false, and nothing
 * done, where nothing had the name. At once, or by a third name where the file system cannot. */
bool cohl_place_exchange(const char *hidden, const char *place);

/* Remove what was made: a file, or a folder and the files in it. NULL is fine. */
void cohl_place_remove(const char *hidden);

#endif
