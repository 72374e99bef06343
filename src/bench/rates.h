/* rates.h - what this machine multiplies at: the measure of all that is made of products. */
#ifndef COHL_BENCH_RATES_H
#define COHL_BENCH_RATES_H

#include "base/worker.h"
#include "tensor/cpu/onednn.h"

/* Operations a second of processor time of oneDNN on this thread (no other of the process works) for one tile [192, depth] x [depth, 384], the best of many
 * calls; 0 when it does not do this here. */
double cohl_bench_library_rate(cohl_factor type, int depth);

/* The same of such tiles on all threads at once, as they come and not the best: what a thread has of the machine
 * just now, beside its neighbours and other programs. */
double cohl_bench_library_rate_together(cohl_workers *workers, cohl_factor type, int depth);

/* Whether oneDNN's products of eight bits are exact here: 2.x on processors without VNNI sums pairs of
 * products in sixteen bits, which the largest do not fit. */
bool cohl_bench_library_exact(void);

#endif
