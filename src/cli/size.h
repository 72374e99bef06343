/* size.h - "320x192" as two numbers. */
#ifndef COHL_CLI_SIZE_H
#define COHL_CLI_SIZE_H

#include "base/status.h"

/* COHL_ERR_ARGUMENT names --size, what was found and what is expected; on failure nothing is set. */
cohl_status cohl_size_read(const char *text, int *width, int *height, cohl_error *err);

#endif
