/* memory.c - how much memory there is, and sizes as people write them. */
#define _GNU_SOURCE
#include "base/memory.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

/* A number of a file: behind `key`, or with NULL at its begin; `fallback` when there is none ("max"). */
static uint64_t number_of(const char *path, const char *key, uint64_t fallback)
{
    char line[160];
    unsigned long long found = fallback;
    size_t skip = key ? strlen(key) : 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return fallback;
    while (fgets(line, sizeof line, file))
        if ((!key || !strncmp(line, key, skip)) && sscanf(line + skip, "%llu", &found) == 1)
            break;
    fclose(file);
    return found;
}

/* A file of the control group (version 2). */
static uint64_t group_number(const char *name, uint64_t fallback)
{
    char line[400], path[512] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "0::", 3)) {
            line[strcspn(line, "\n")] = 0;
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", line + 3, name);
        }
    if (file)
        fclose(file);
    return *path ? number_of(path, NULL, fallback) : fallback;
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

uint64_t cohl_memory_whole(void)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return smaller(machine, group_number("memory.max", UINT64_MAX));
}

uint64_t cohl_memory_free(void)
{
    uint64_t own = number_of("/proc/self/status", "VmRSS:", 0) * 1024;
    uint64_t machine = number_of("/proc/meminfo", "MemAvailable:", cohl_memory_whole() / 1024) * 1024;
    uint64_t most = group_number("memory.max", UINT64_MAX), used = group_number("memory.current", 0);
    uint64_t group = most == UINT64_MAX || most < used ? UINT64_MAX - own : most - used;
    return smaller(cohl_memory_whole(), own + smaller(machine, group));
}

/* ---- as people write them ------------------------------------------------ */

/* 0 when `unit` is none. */
static double unit_bytes(const char *unit)
{
    static const char letters[] = "KMGT";
    if (!*unit || !strcasecmp(unit, "B"))
        return 1;
    const char *letter = strchr(letters, toupper((unsigned char)*unit));
    bool binary = letter && (!strcasecmp(unit + 1, "i") || !strcasecmp(unit + 1, "iB"));
    if (!letter || (!binary && unit[1] && strcasecmp(unit + 1, "B")))
        return 0;
    return pow(binary ? 1024 : 1000, (double)(letter - letters) + 1);
}

cohl_status cohl_memory_read(uint64_t *out, const char *what, const char *text, cohl_error *err)
{
    char *end;
    double number = cohl_text_real(text, &end), unit;
    bool digit = isdigit((unsigned char)*text);
    while (*end == ' ')
        end++;
    unit = unit_bytes(end);
    double bytes = number * unit;
    if (!digit || !(unit > 0) || !(bytes >= 1e6) || !(bytes <= 1e15))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s is \"%.40s\", expected a size from 1M to 1000T, such as 8G or 800M",
                         what, text);
    *out = (uint64_t)bytes;
    return COHL_OK;
}

void cohl_memory_print(char out[COHL_MEMORY_TEXT], uint64_t bytes)
{
    double size = (double)bytes;
    if (size >= 1e9)
        snprintf(out, COHL_MEMORY_TEXT, "%.*f GB", size < 99.95e9, size / 1e9);
    else
        snprintf(out, COHL_MEMORY_TEXT, "%.0f MB", ceil(size / 1e6));
}
