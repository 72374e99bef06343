/* energy.c - what work costs, by the machine's own counters where it shows them.
 *
 * 1. A counter of RAPL counts microjoules up to its own max_energy_range_uj and begins again at 0. A
 *    difference is taken modulo that range, and often enough that it cannot begin again twice in
 *    between: a thread looks every few seconds.
 * 2. Zones "package-N" hold the cores; "dram" lies beside them inside the zone's folder and is
 *    added; "core", "uncore" are parts of a package and "psys" holds all of them: counting those
 *    too would count twice. */
#define _GNU_SOURCE
#include "base/energy.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { ZONES_MAX = 64, CARDS_MAX = 32 };

typedef struct zone {
    char     path[400];         /* of its energy_uj     */
    uint64_t range, last;       /* microjoules          */
    double   joules;            /* since the beginning  */
} zone;

/* What is used of NVML (its manual, "Device Queries"); every call gives 0 when it went well. */
typedef struct nvml {
    void  *library;
    int  (*shut_down)(void);
    int  (*energy)(void *card, unsigned long long *millijoules);
    void  *card[CARDS_MAX];
    unsigned long long first[CARDS_MAX];
    int    count;
} nvml;

struct cohl_meter {
    cohl_meter_params params;
    double          wall, cpu;
    zone            zone[ZONES_MAX];
    int             zone_count;
    bool            forbidden;          /* there are counters, but they may not be read */
    nvml            nvml;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  over;
    bool            looking, done;
};

cohl_meter_params cohl_meter_params_default(void)
{
    return (cohl_meter_params){ .powercap = "/sys/class/powercap", .nvml = "libnvidia-ml.so.1",
                                .watts = COHL_WATTS_A_THREAD, .period_seconds = 20 };
}

/* ---- RAPL ---------------------------------------------------------------- */

static bool read_number(uint64_t *out, const char *path)
{
    unsigned long long value;
    FILE *file = fopen(path, "re");
    bool good = file && fscanf(file, "%llu", &value) == 1;
    if (file)
        fclose(file);
    if (good)
        *out = value;
    return good;
}

/* Whether the zone in this folder is one that is counted (2). */
static bool counts(const char *folder)
{
    char path[400], name[40] = "";
    snprintf(path, sizeof path, "%s/name", folder);
    FILE *file = fopen(path, "re");
    bool good = file && fscanf(file, "%39s", name) == 1;
    if (file)
        fclose(file);
    return good && (!strncmp(name, "package", 7) || !strcmp(name, "dram"));
}

static void add_zone(cohl_meter *meter, const char *folder)
{
    char path[400];
    zone z = { .joules = 0 };
    if (meter->zone_count == ZONES_MAX || !counts(folder))
        return;
    snprintf(path, sizeof path, "%s/max_energy_range_uj", folder);
    snprintf(z.path, sizeof z.path, "%s/energy_uj", folder);
    if (!read_number(&z.range, path) || !z.range || !read_number(&z.last, z.path))
        meter->forbidden = true;
    else
        meter->zone[meter->zone_count++] = z;
}

/* Zones have flat names as well, "intel-rapl:0" and "intel-rapl:0:1"; the driver is called so on
 * AMD's processors too. */
static void find_zones(cohl_meter *meter)
{
    char folder[360];
    DIR *all = opendir(meter->params.powercap);
    if (!all)
        return;
    for (const struct dirent *entry; (entry = readdir(all));)
        if (!strncmp(entry->d_name, "intel-rapl:", 11)) {
            snprintf(folder, sizeof folder, "%s/%.60s", meter->params.powercap, entry->d_name);
            add_zone(meter, folder);
        }
    closedir(all);
    if (meter->forbidden)               /* a part that is missing would pass for the whole */
        meter->zone_count = 0;
}

/* Moves every counter on (1). */
static void look(cohl_meter *meter)
{
    for (int i = 0; i < meter->zone_count; i++) {
        zone *z = &meter->zone[i];
        uint64_t now;
        if (!read_number(&now, z->path) || now > z->range) {
            meter->forbidden = true;
            continue;
        }
        uint64_t used = now >= z->last ? now - z->last : now + (z->range - z->last);
        z->joules += 1e-6 * (double)used;
        z->last = now;
    }
}

static void *look_on(void *argument)
{
    cohl_meter *meter = argument;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double next = (double)until.tv_sec + 1e-9 * (double)until.tv_nsec;
    pthread_mutex_lock(&meter->lock);
    do {                                /* a last look also where the end came before the first */
        next += meter->params.period_seconds;
        until.tv_sec = (time_t)next, until.tv_nsec = (long)(1e9 * (next - (double)until.tv_sec));
        while (!meter->done && !pthread_cond_timedwait(&meter->over, &meter->lock, &until))
            ;
        look(meter);
    } while (!meter->done);
    pthread_mutex_unlock(&meter->lock);
    return NULL;
}

static cohl_status begin_looking(cohl_meter *meter, cohl_error *err)
{
    pthread_condattr_t clock;
    pthread_mutex_init(&meter->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&meter->over, &clock);
    pthread_condattr_destroy(&clock);
    if (meter->zone_count && pthread_create(&meter->thread, NULL, look_on, meter))
        return cohl_fail(err, COHL_ERR_MEMORY, "no thread to read the meters with");
    meter->looking = meter->zone_count > 0;
    return COHL_OK;
}

static void end_looking(cohl_meter *meter)
{
    if (meter->looking) {
        pthread_mutex_lock(&meter->lock);
        meter->done = true;
        pthread_cond_signal(&meter->over);
        pthread_mutex_unlock(&meter->lock);
        pthread_join(meter->thread, NULL);
    }
    pthread_cond_destroy(&meter->over);
    pthread_mutex_destroy(&meter->lock);
}

/* ---- NVML ---------------------------------------------------------------- */

static void close_cards(nvml *n)
{
    if (n->library && n->shut_down)
        n->shut_down();
    if (n->library)
        dlclose(n->library);
    *n = (nvml){ 0 };
}

static void open_cards(nvml *n, const char *name)
{
    unsigned count = 0;
    n->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!n->library)
        return;
    int (*start)(void) = (int (*)(void))dlsym(n->library, "nvmlInit_v2");
    int (*count_cards)(unsigned *) = (int (*)(unsigned *))dlsym(n->library, "nvmlDeviceGetCount_v2");
    int (*card)(unsigned, void **) = (int (*)(unsigned, void **))dlsym(n->library, "nvmlDeviceGetHandleByIndex_v2");
    n->energy = (int (*)(void *, unsigned long long *))dlsym(n->library, "nvmlDeviceGetTotalEnergyConsumption");
    if (!start || !count_cards || !card || !n->energy || start()) {
        close_cards(n);
        return;
    }
    n->shut_down = (int (*)(void))dlsym(n->library, "nvmlShutdown");
    for (unsigned i = 0; !count_cards(&count) && i < count && n->count < CARDS_MAX; i++)
        if (!card(i, &n->card[n->count]) && !n->energy(n->card[n->count], &n->first[n->count]))
            n->count++;
}

/* Since open; a card that says less than before was reset and counts from there. */
static double card_joules(const nvml *n)
{
    double joules = 0;
    for (int i = 0; i < n->count; i++) {
        unsigned long long now;
        if (!n->energy(n->card[i], &now))
            joules += 1e-3 * (double)(now >= n->first[i] ? now - n->first[i] : now);
    }
    return joules;
}

/* ---- begin and end ------------------------------------------------------- */

cohl_status cohl_meter_begin(cohl_meter **out, const cohl_meter_params *params, cohl_error *err)
{
    cohl_meter *meter = calloc(1, sizeof *meter);
    *out = NULL;
    if (!meter)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a meter");
    meter->params = params ? *params : cohl_meter_params_default();
    find_zones(meter);
    if (meter->params.gpu)
        open_cards(&meter->nvml, meter->params.nvml);
    cohl_status st = begin_looking(meter, err);
    meter->wall = cohl_clock_seconds(), meter->cpu = cohl_clock_cpu_seconds();
    if (st)
        cohl_meter_end(meter, NULL);
    else
        *out = meter;
    return st;
}

static void tell(const cohl_meter *meter, cohl_cost *cost)
{
    bool measured = meter->zone_count && !meter->forbidden, cards = meter->nvml.count > 0;
    const char *and_cards = cards ? "; graphics cards measured by NVML" : "";
    cost->method = measured ? (cards ? "rapl+nvml" : "rapl") : cards ? "estimate+nvml" : "estimate";
    if (measured) {
        for (int i = 0; i < meter->zone_count; i++)
            cost->joules += meter->zone[i].joules;
        snprintf(cost->about, sizeof cost->about, "measured by RAPL: the machine's processors and memory, and what "
                 "else they did%s", and_cards);
    } else {
        cost->watts = meter->params.watts;
        cost->joules = cost->watts * cost->cpu_seconds;
        snprintf(cost->about, sizeof cost->about, "estimated: %.4g W for each second of a processor core%s%s",
                 cost->watts, meter->forbidden ? " (RAPL's counters may not be read)" : "", and_cards);
    }
    cost->gpu_joules = card_joules(&meter->nvml);
    cost->joules += cost->gpu_joules;
}

void cohl_meter_end(cohl_meter *meter, cohl_cost *cost)
{
    cohl_cost own = { .method = "estimate" };
    if (meter) {
        own.wall_seconds = cohl_clock_seconds() - meter->wall;
        own.cpu_seconds = cohl_clock_cpu_seconds() - meter->cpu;
        own.peak_bytes = cohl_peak_resident_bytes();
        end_looking(meter);
        tell(meter, &own);
        close_cards(&meter->nvml);
        free(meter);
    }
    if (cost)
        *cost = own;
}
