/* status.c - one status, one sentence. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

cohl_status cohl_fail(cohl_error *err, cohl_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        cohl_utf8_mend(err->text);        /* names may be any bytes, and letters are cut */
        err->status = status;
    }
    return status;
}

const char *cohl_status_name(cohl_status status)
{
    static const char *const names[] = {
        "ok", "argument", "format", "io", "memory", "unsupported", "cancelled", "refused",
    };
    return names[status];
}
