/* energy.h - what work costs: seconds, memory, operations, joules.
 *
 *     cohl_meter *meter;
 *     cohl_cost cost;
 *     if ((st = cohl_meter_begin(&meter, NULL, err))) return st;
 *     ... work ...
 *     cohl_meter_end(meter, &cost);
 *
 * Joules are measured where the machine lets them be read: processors and their memory by
 * RAPL's counters (Linux powercap), graphics cards by NVML. Both meter whole parts of the
 * machine, so what else ran is in it. Where there is no such meter (most virtual machines, and
 * all where only root may read RAPL) joules are estimated from busy cores, and the cost says so. */
#ifndef COHL_BASE_ENERGY_H
#define COHL_BASE_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Watts of a busy core and what feeds it: server processors of 2 to 3 GHz take 3 to 6 W
 * a core, memory and supply add about half as much again. */
#define COHL_WATTS_A_THREAD 8.0

/* How an estimate came about, for reports. */
#define COHL_ENERGY_ABOUT "estimated: 8 W for each second of a processor core"

/* Joules of so many seconds of one core. */
static inline double cohl_energy_joules(double cpu_seconds) { return COHL_WATTS_A_THREAD * cpu_seconds; }

/* What a piece of work cost. */
typedef struct cohl_cost {
    double      wall_seconds, cpu_seconds;
    uint64_t    peak_bytes;        /* the process's largest resident size so far               */
    double      operations;        /* multiplications and additions of products; the caller's  */
    double      joules;            /* all of it                                                */
    double      gpu_joules;        /* of that, graphics cards                                  */
    const char *method;            /* "rapl", "estimate", "rapl+nvml", "estimate+nvml"         */
    double      watts;             /* a busy core, where the processors were estimated; else 0 */
    char        about[160];        /* the same as a sentence                                   */
} cohl_cost;

typedef struct cohl_meter_params {
    const char *powercap;          /* folder of power zones                ("/sys/class/powercap") */
    const char *nvml;              /* NVIDIA's library                        ("libnvidia-ml.so.1") */
    bool        gpu;               /* the work is done by graphics cards: ask them too       (false) */
    double      watts;             /* a busy core, where nothing measures      (COHL_WATTS_A_THREAD) */
    double      period_seconds;    /* between looks at the counters, which begin again at 0 after
                                      some 260 kJ: half an hour of a busy server               (20) */
} cohl_meter_params;

cohl_meter_params cohl_meter_params_default(void);

typedef struct cohl_meter cohl_meter;

/* params may be NULL. COHL_ERR_MEMORY: no memory or no thread. */
cohl_status cohl_meter_begin(cohl_meter **out, const cohl_meter_params *params, cohl_error *err);
/* What it cost since begin; frees. meter may be NULL, then cost is all 0; cost may be NULL. */
void        cohl_meter_end(cohl_meter *meter, cohl_cost *cost);

#endif
