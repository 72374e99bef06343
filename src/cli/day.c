/* day.c - days as they are typed. */
#define _GNU_SOURCE
#include "cli/day.h"

#include <time.h>

cohl_status cohl_read_day(int64_t *out, const char *text, cohl_error *err)
{
    struct tm day = { 0 };
    const char *end = strptime(text, "%Y-%m-%d", &day);
    if (!end || *end)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--until %.40s: expected a day such as 2027-01-31", text);
    const int asked = day.tm_mday;
    *out = (int64_t)timegm(&day) + 24 * 3600;
    if (day.tm_mday != asked)             /* carried over into the next month */
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--until %.40s: there is no such day", text);
    return COHL_OK;
}
