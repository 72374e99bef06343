/* arena.c - scratch memory: taken after a mark, given back at it. */
#define _GNU_SOURCE
#include "base/arena.h"

#include <sys/mman.h>

cohl_status cohl_arena_open(cohl_arena *arena, size_t size_bytes, cohl_error *err)
{
    void *base = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return cohl_fail(err, COHL_ERR_MEMORY, "no address space for an arena of %zu bytes",
                         size_bytes);
    madvise(base, size_bytes, MADV_HUGEPAGE);
    *arena = (cohl_arena){ .base = base, .size = size_bytes };
    return COHL_OK;
}

void cohl_arena_close(cohl_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->size);
    *arena = (cohl_arena){ 0 };
}

void *cohl_arena_take(cohl_arena *arena, size_t size_bytes)
{
    size_t room = arena->size - arena->used;
    if (size_bytes > room || room - size_bytes < COHL_ARENA_ALIGN)
        return NULL;
    void *at = arena->base + arena->used;
    arena->used += (size_bytes + COHL_ARENA_ALIGN - 1) & ~(size_t)(COHL_ARENA_ALIGN - 1);
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return at;
}

void cohl_arena_trim(cohl_arena *arena)
{
    size_t page = 1u << 21, from = (arena->used + page - 1) & ~(page - 1);
    if (from < arena->size)
        madvise(arena->base + from, arena->size - from, MADV_DONTNEED);
}
