/* size.c - "320x192" as two numbers. */
#include "cli/size.h"

#include <stdbool.h>
#include <stdlib.h>

cohl_status cohl_size_read(const char *text, int *width, int *height, cohl_error *err)
{
    char *end;
    long w = strtol(text, &end, 10), h = 0;
    bool good = end != text && (*end == 'x' || *end == 'X');
    if (good) {
        const char *rest = end + 1;
        h = strtol(rest, &end, 10);
        good = end != rest && !*end;
    }
    if (!good || w < 1 || h < 1 || w > 1000000 || h > 1000000)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--size is \"%.40s\", expected WIDTHxHEIGHT such as 320x192", text);
    *width = (int)w, *height = (int)h;
    return COHL_OK;
}
