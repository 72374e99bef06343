/* giants_memory.h - how much memory a giant's film takes here, measured in a process of its own. */
#ifndef COHL_BENCH_GIANTS_MEMORY_H
#define COHL_BENCH_GIANTS_MEMORY_H

#include <stdint.h>

#include "base/status.h"

/* Peak resident size of all that was done, and what was computed before it (engine/need.h). Bytes. */
typedef struct cohl_giants_memory { uint64_t peak, least, whole; } cohl_giants_memory;

typedef struct cohl_giants_film {
    const char *giant;           /* "wan2.1-t2v-1.3b", "wan2.1-t2v-14b", "wan2.2-ti2v-5b" */
    const char *packing;         /* of the transformer's matrices: "Q4_K"; NULL = BF16     */
    int         width, height, frames;
    uint64_t    limit;           /* that the film may take; bytes                          */
    int         threads;         /* 0 = all                                                */
} cohl_giants_film;

/* The engine opens the giant within the limit, and the stages of a guided film are run at their full size: words;
 * a step; the decoder's first two latent frames. Of the step all blocks are brought and used with few tokens, so
 * that what may be held is held, and then one is used with the film's, since all are as large.
 *
 * The giant is a folder of files with real headers and a hole for values, which takes no disk: memory
 * does not depend on values. It lies in the cache folder. The caller has no other threads yet.
 *
 * COHL_ERR_MEMORY  the limit is less than the least; COHL_ERR_IO  no folder, or the child died */
cohl_status cohl_giants_memory_measure(cohl_giants_memory *out, const cohl_giants_film *film, cohl_error *err);

#endif
