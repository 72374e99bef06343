/* clock.h - how long things take, and how large the process became. For
 * reports and progress only: nothing a clock says may reach a film. */
#ifndef COHL_BASE_CLOCK_H
#define COHL_BASE_CLOCK_H

#include <stdint.h>

/* Seconds since some fixed moment; never goes back. */
double cohl_clock_seconds(void);
/* Processor seconds used by all threads of this process. */
double cohl_clock_cpu_seconds(void);
/* Largest resident size so far (VmHWM), bytes; 0 if the system does not say. */
uint64_t cohl_peak_resident_bytes(void);
/* From here on it is the largest since now, where the system lets a process say so. */
void cohl_peak_resident_forget(void);

#endif
