/* day.h - days as they are typed. */
#ifndef COHL_CLI_DAY_H
#define COHL_CLI_DAY_H

#include <stdint.h>

#include "base/status.h"

/* "2027-01-31" of --until: seconds since 1970 at the end of that day, UTC. */
cohl_status cohl_read_day(int64_t *out, const char *text, cohl_error *err);

#endif
