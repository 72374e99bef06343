/* clock.c - how long things take, and how large the process became. */
#define _GNU_SOURCE
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static double read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cohl_clock_seconds(void) { return read_clock(CLOCK_MONOTONIC); }

double cohl_clock_cpu_seconds(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

uint64_t cohl_peak_resident_bytes(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %llu kB", &kib) == 1)
            break;
    fclose(file);
    return kib * 1024;
}

void cohl_peak_resident_forget(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "we");
    if (!file)
        return;
    fputs("5", file);           /* proc(5): resets VmHWM */
    fclose(file);
}
