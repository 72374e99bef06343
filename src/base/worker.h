/* worker.h - our own threads, and work cut into tiles.
 *
 *     cohl_workers *workers;
 *     cohl_workers_new(&workers, 0, &err);
 *     cohl_workers_run(workers, tile_count, do_tile, &job);
 *
 * The caller's thread works too. Which thread takes which tile is left to
 * chance, so a tile must write only what is its own, and how many tiles there
 * are must depend on shapes alone: then the result has the same bits with any
 * number of threads. A run inside a tile executes on that thread alone. */
#ifndef COHL_BASE_WORKER_H
#define COHL_BASE_WORKER_H

#include "base/status.h"

typedef struct cohl_workers cohl_workers;

/* do tile `tile` of 0..tiles-1; thread is 0..cohl_workers_count()-1, for
 * per-thread scratch only. */
typedef void cohl_tile_fn(void *job, int tile, int thread);

/* threads 0 means one per processor this process may use; at most 256. */
cohl_status cohl_workers_new(cohl_workers **out, int threads, cohl_error *err);
void cohl_workers_free(cohl_workers *workers);

/* Run all tiles and return when all are done. workers may be NULL: then the
 * caller does all of them. One run at a time a pool; a second waits. */
void cohl_workers_run(cohl_workers *workers, int tiles, cohl_tile_fn *fn, void *job);

/* 1 when workers is NULL. */
int cohl_workers_count(const cohl_workers *workers);

/* Processors this process may use (affinity mask), at least 1. */
int cohl_processor_count(void);

#endif
