/* guard.h - mapped files that become shorter, or whose disk fails, while they are read.
 *
 * Whoever touches a page that is gone gets SIGBUS, which ends the program. A program that calls cohl_guard_begin gets
 * zeros there instead, and is told: what is made of them gets no name (base/file.h, deliver/place.h), and long work asks
 * now and then. Signals are a program's own, so a library never begins it. What is overwritten in place, or cut off within
 * a last page, nobody notices. */
#ifndef COHL_BASE_GUARD_H
#define COHL_BASE_GUARD_H

#include <stddef.h>

#include "base/status.h"

/* Handle SIGBUS from now on, of files that are mapped from now on; any other still ends the program. */
void cohl_guard_begin(void);

/* COHL_ERR_IO  once a mapped file broke: the sentence names the first. Any thread. */
cohl_status cohl_guard_check(cohl_error *err);

/* What cohl_map_open and cohl_map_close tell. */
void cohl_guard_add(const void *data, size_t size, const char *path);
void cohl_guard_remove(const void *data);

#endif
