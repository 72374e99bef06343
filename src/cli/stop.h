/* stop.h - Ctrl-C, for commands whose work ends in good order: it looks at a flag now and then, removes what is half
 * done, and answers COHL_ERR_CANCELLED. */
#ifndef COHL_CLI_STOP_H
#define COHL_CLI_STOP_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP make *result true. Calls that wait go on waiting: what writes a file is not
 * to fail by it. */
const volatile bool *cohl_stop_watch(void);

/* From now on they call this instead; flags are sigaction's. SIGHUP does not where nohup has it ignored. */
void cohl_stop_handle(void (*handler)(int number), int flags);

#endif
