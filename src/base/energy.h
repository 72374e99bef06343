/* energy.h - what work costs in joules, where nothing is measured.
 *
 * Few machines let a program read their meters, so costs are estimated from the
 * time processors were busy. The one place of that constant. */
#ifndef COHL_BASE_ENERGY_H
#define COHL_BASE_ENERGY_H

/* Watts of a busy core and what feeds it: server processors of 2 to 3 GHz take 3 to 6 W
 * a core, memory and supply add about half as much again. */
#define COHL_WATTS_A_THREAD 8.0

/* How the figure came about, for reports. */
#define COHL_ENERGY_ABOUT "estimated: 8 W for each second of a processor core"

/* Joules of so many seconds of one core. */
static inline double cohl_energy_joules(double cpu_seconds) { return COHL_WATTS_A_THREAD * cpu_seconds; }

#endif
