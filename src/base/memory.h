/* memory.h - how much memory there is, and sizes as people write them. */
#ifndef COHL_BASE_MEMORY_H
#define COHL_BASE_MEMORY_H

#include <stdint.h>

#include "base/status.h"

/* Of this machine, or of the control group that the process is in, where that has less. */
uint64_t cohl_memory_whole(void);
/* Of it, what is free or can be freed at once; together with what the process has already. */
uint64_t cohl_memory_free(void);

/* "8G", "7.5 GB", "800M", "12GiB": decimal as disks are sold, binary with an i; without a letter, bytes.
 * what: who is asked, for the sentence ("--memory"). COHL_ERR_ARGUMENT. */
cohl_status cohl_memory_read(uint64_t *out, const char *what, const char *text, cohl_error *err);

/* "7.5 GB", "812 MB". */
enum { COHL_MEMORY_TEXT = 24 };
void cohl_memory_print(char out[COHL_MEMORY_TEXT], uint64_t bytes);

#endif
