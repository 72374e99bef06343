/* arena.h - scratch memory: taken after a mark, given back at it.
 *
 * An arena reserves its largest size of address space at once and touches
 * pages only as they are used, so "largest" may be generous. Not thread-safe:
 * one arena has one owner. */
#ifndef COHL_BASE_ARENA_H
#define COHL_BASE_ARENA_H

#include <stddef.h>

#include "base/status.h"

typedef struct cohl_arena {
    char  *base;
    size_t used, size, peak;   /* bytes */
} cohl_arena;

typedef size_t cohl_mark;

enum { COHL_ARENA_ALIGN = 64 };

cohl_status cohl_arena_open(cohl_arena *arena, size_t size_bytes, cohl_error *err);
void cohl_arena_close(cohl_arena *arena);

/* size_bytes at a multiple of 64, not cleared; NULL when the arena is full. */
void *cohl_arena_take(cohl_arena *arena, size_t size_bytes);

static inline cohl_mark cohl_arena_mark(const cohl_arena *arena) { return arena->used; }

/* Give back all that was taken since the mark. Pages stay resident until
 * cohl_arena_trim. */
static inline void cohl_arena_release(cohl_arena *arena, cohl_mark mark) { arena->used = mark; }

/* Hand the pages above what is used back to the system. */
void cohl_arena_trim(cohl_arena *arena);

#endif
