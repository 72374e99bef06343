/* worker.c - our own threads, and work cut into tiles.
 *
 * A run is published by raising `round`; threads claim tiles from one atomic
 * counter that carries the round in its high half, so a late thread cannot
 * take a tile of the next run. A thread that finds no work spins briefly, then
 * sleeps: between two operations of a network the gap is microseconds. */
#define _GNU_SOURCE
#include "base/worker.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define relax() _mm_pause()
#else
#define relax() sched_yield()
#endif

enum { THREADS_MAX = 256, SPINS = 4000 };

typedef struct seat { cohl_workers *workers; int thread; pthread_t id; } seat;

struct cohl_workers {
    int             count;
    seat           *seats;              /* [count - 1]; the caller has none  */
    pthread_mutex_t run_lock, lock;
    pthread_cond_t  wake;
    cohl_tile_fn   *fn;
    void           *job;
    int             tiles;
    atomic_uint     round;              /* number of runs begun              */
    atomic_ullong   next;               /* round << 32 | tiles not yet claimed */
    atomic_int      left;               /* tiles not finished                */
    atomic_int      sleeping;
    atomic_bool     closing;
};

static _Thread_local int inside = -1;   /* thread number while in a tile */

int cohl_processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static void take_tiles(cohl_workers *w, unsigned round, int thread)
{
    inside = thread;
    for (;;) {
        unsigned long long now = atomic_load(&w->next);
        if ((unsigned)(now >> 32) != round)
            break;
        int unclaimed = (int)(now & 0xFFFFFFFFu);
        if (unclaimed == 0)
            break;
        if (!atomic_compare_exchange_weak(&w->next, &now, now - 1))
            continue;
        /* Holding an unfinished tile keeps this run open: only now are the
         * fields of the run safe to read. */
        w->fn(w->job, w->tiles - unclaimed, thread);
        atomic_fetch_sub(&w->left, 1);
    }
    inside = -1;
}

static void *serve(void *arg)
{
    seat *s = arg;
    cohl_workers *w = s->workers;
    unsigned seen = 0;

    while (!atomic_load(&w->closing)) {
        for (int i = 0; i < SPINS && atomic_load(&w->round) == seen; i++)
            relax();
        if (atomic_load(&w->round) == seen) {
            pthread_mutex_lock(&w->lock);
            atomic_fetch_add(&w->sleeping, 1);
            while (atomic_load(&w->round) == seen && !atomic_load(&w->closing))
                pthread_cond_wait(&w->wake, &w->lock);
            atomic_fetch_sub(&w->sleeping, 1);
            pthread_mutex_unlock(&w->lock);
        }
        unsigned round = atomic_load(&w->round);
        if (round != seen)
            take_tiles(w, seen = round, s->thread);
    }
    return NULL;
}

static void wake_all(cohl_workers *w)
{
    if (atomic_load(&w->sleeping) == 0)
        return;
    pthread_mutex_lock(&w->lock);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

cohl_status cohl_workers_new(cohl_workers **out, int threads, cohl_error *err)
{
    if (threads < 0 || threads > THREADS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "threads is %d, expected 0 (all) to %d",
                         threads, THREADS_MAX);
    if (threads == 0)
        threads = cohl_processor_count();
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;

    cohl_workers *w = calloc(1, sizeof *w);
    if (w)
        w->seats = calloc((size_t)threads, sizeof *w->seats);
    if (!w || !w->seats) {
        free(w);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d threads", threads);
    }
    pthread_mutex_init(&w->run_lock, NULL);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    w->count = 1;
    for (int i = 0; i < threads - 1; i++) {
        w->seats[i] = (seat){ .workers = w, .thread = i + 1 };
        if (pthread_create(&w->seats[i].id, NULL, serve, &w->seats[i])) {
            cohl_workers_free(w);
            return cohl_fail(err, COHL_ERR_MEMORY, "thread %d of %d could not be started",
                             i + 2, threads);
        }
        w->count++;
    }
    *out = w;
    return COHL_OK;
}

void cohl_workers_free(cohl_workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    atomic_store(&w->closing, 1);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < w->count - 1; i++)
        pthread_join(w->seats[i].id, NULL);
    pthread_mutex_destroy(&w->run_lock);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w->seats);
    free(w);
}

int cohl_workers_count(const cohl_workers *w)
{
    return w ? w->count : 1;
}

void cohl_workers_run(cohl_workers *w, int tiles, cohl_tile_fn *fn, void *job)
{
    if (tiles <= 0)
        return;
    if (!w || w->count == 1 || tiles == 1 || inside >= 0) {
        int thread = inside >= 0 ? inside : 0;
        for (int i = 0; i < tiles; i++)
            fn(job, i, thread);
        return;
    }
    pthread_mutex_lock(&w->run_lock);
    unsigned round = atomic_load(&w->round) + 1;
    w->fn = fn, w->job = job, w->tiles = tiles;
    atomic_store(&w->left, tiles);
    atomic_store(&w->next, (unsigned long long)round << 32 | (unsigned)tiles);
    pthread_mutex_lock(&w->lock);     /* no sleeper may miss the new round */
    atomic_store(&w->round, round);
    pthread_mutex_unlock(&w->lock);
    wake_all(w);
    take_tiles(w, round, 0);
    for (int spin = 0; atomic_load(&w->left) > 0; spin++) {
        if (spin < SPINS * 16)
            relax();
        else
            sched_yield();
    }
    pthread_mutex_unlock(&w->run_lock);
}
