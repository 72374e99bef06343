/* moment.h - a moment as people and RFC 3339 write it: "2026-11-22T06:12:09Z". */
#ifndef COHL_LEDGER_MOMENT_H
#define COHL_LEDGER_MOMENT_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { COHL_MOMENT_BYTES = 32 };

/* seconds since 1970, UTC; returns out. */
static inline const char *cohl_moment_text(char out[COHL_MOMENT_BYTES], int64_t seconds)
{
    struct tm parts;
    time_t moment = (time_t)seconds;
    if (!gmtime_r(&moment, &parts) || !strftime(out, COHL_MOMENT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts))
        snprintf(out, COHL_MOMENT_BYTES, "%lld", (long long)seconds);
    return out;
}

#endif
