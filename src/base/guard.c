/* guard.c - mapped files that become shorter while they are read.
 *
 * The handler does what may be done in one: reads atomics, copies a name, maps zeros (mmap is a plain system call). */
#define _GNU_SOURCE
#include "base/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPS_MOST = 1024, PATH_KEPT = 256 };

enum { FREE = 0, TAKEN = 1 };             /* of a place's begin, else an address */
enum { WHOLE, BREAKING, BROKEN };

typedef struct place {
    atomic_uintptr_t begin;
    uintptr_t        end;
    char             path[PATH_KEPT];
} place;

static place       places[MAPS_MOST];
static uintptr_t   page;                  /* bytes; 0: nobody guards */
static atomic_int  state = WHOLE;
static char        broken[PATH_KEPT];

/* ---- which file is where --------------------------------------------------- */

void cohl_guard_add(const void *data, size_t size, const char *path)
{
    for (int i = 0; page && i < MAPS_MOST; i++) {
        uintptr_t none = FREE;
        if (!atomic_compare_exchange_strong(&places[i].begin, &none, TAKEN))
            continue;
        places[i].end = ((uintptr_t)data + size + page - 1) & ~(page - 1);
        snprintf(places[i].path, PATH_KEPT, "%s", path);
        atomic_store(&places[i].begin, (uintptr_t)data);
        return;
    }
}

void cohl_guard_remove(const void *data)
{
    for (int i = 0; page && i < MAPS_MOST; i++)
        if (atomic_load(&places[i].begin) == (uintptr_t)data) {
            atomic_store(&places[i].begin, FREE);
            return;
        }
}

static const place *place_of(uintptr_t address)
{
    for (int i = 0; i < MAPS_MOST; i++) {
        uintptr_t begin = atomic_load(&places[i].begin);
        if (begin > TAKEN && address >= begin && address < places[i].end)
            return &places[i];
    }
    return NULL;
}

/* ---- the signal ------------------------------------------------------------ */

static void keep_path(const char *path)
{
    int whole = WHOLE;
    if (!atomic_compare_exchange_strong(&state, &whole, BREAKING))
        return;
    for (int i = 0; i < PATH_KEPT - 1 && path[i]; i++)
        broken[i] = path[i];
    atomic_store(&state, BROKEN);
}

/* From the page that is gone to the end of its file there are zeros. */
static void on_fault(int number, siginfo_t *info, void *unused)
{
    (void)unused;
    int kept = errno;
    uintptr_t from = (uintptr_t)info->si_addr & ~(page - 1);
    const place *p = place_of((uintptr_t)info->si_addr);
    if (p && mmap((void *)from, p->end - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
        keep_path(p->path);
    else
        signal(number, SIG_DFL);          /* and again, which ends the program */
    errno = kept;
}

void cohl_guard_begin(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART };
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

cohl_status cohl_guard_check(cohl_error *err)
{
    if (atomic_load(&state) == WHOLE)
        return COHL_OK;
    return cohl_fail(err, COHL_ERR_IO, "%s: became shorter while it was read, or its disk failed", broken);
}
