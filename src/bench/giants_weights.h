/* giants_weights.h - random weights at a giant's real size, for timing without its files.
 *
 * Each value follows from its name and place (weights/procedural.h) with amplitudes that keep
 * activations near one, as in recorded passes of the reference. They become a file in the cache
 * folder, so that loading and memory are those of a real model. */
#ifndef COHL_BENCH_GIANTS_WEIGHTS_H
#define COHL_BENCH_GIANTS_WEIGHTS_H

#include "model/params.h"

typedef struct cohl_giants_use {
    cohl_workers *workers;
    bool          stored;                           /* as a file of BF16; else made while they are read */
    void        (*say)(const char *sentence);       /* before a file is written; NULL = silent */
} cohl_giants_use;

/* Weights for these parameters, under NAME in the cache folder.
 *
 * COHL_ERR_IO  the disk has less room than the file takes: the sentence says how much that is */
cohl_status cohl_giants_weights_open(cohl_weights **out, const cohl_params *params, const char *name,
                                     const cohl_giants_use *use, cohl_error *err);

#endif
