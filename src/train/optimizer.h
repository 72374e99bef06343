/* optimizer.h - how parameters follow their gradients.
 *
 * Matrices may follow Muon (momentum, orthogonalised by five Newton-Schulz
 * steps; Jordan et al. 2024), everything else AdamW (Loshchilov & Hutter
 * 2019). An average of the weights whose horizon grows with the run goes along
 * (power law; Karras et al. 2024, eq. 5): that is what a run ends in.
 *
 *     cohl_optimizer_open(&opt, &params, sets, 1, ctx, err);
 *     ... cohl_tape_backward ...
 *     cohl_optimizer_step(opt, step, rate, &norm, err);
 *
 * All state lies in the back end's memory. */
#ifndef COHL_TRAIN_OPTIMIZER_H
#define COHL_TRAIN_OPTIMIZER_H

#include "model/params.h"

typedef struct cohl_optimizer_params {
    bool   muon;              /* for matrices; false = AdamW for all            (true) */
    double matrix_rate;       /* Adam-sized: updates are scaled by 0.2 sqrt(max side)
                                 (Liu et al. 2025)                             (0.003) */
    double matrix_momentum;   /*                                                (0.95) */
    double rate;              /* AdamW                                         (0.001) */
    double beta1, beta2;      /*                                           (0.9, 0.98) */
    double decay;             /* decoupled, for matrices                        (0.01) */
    double clip;              /* largest norm of all gradients together, 0 = off (1.0) */
    double average;           /* exponent of the power law                         (9) */
} cohl_optimizer_params;

/* Parameters that train together, told apart by a prefix in checkpoints. */
typedef struct cohl_trainee {
    const char  *prefix;      /* "transformer" */
    cohl_params *params;      /* borrowed */
} cohl_trainee;

/* What is kept beside one parameter. */
typedef struct cohl_slot {
    char        *name;        /* "transformer/blocks.0.ffn.0.weight" */
    cohl_param  *param;
    cohl_params *owner;
    cohl_tensor  m, v, average;   /* v has no data where Muon rules */
} cohl_slot;

typedef struct cohl_optimizer {
    cohl_optimizer_params params;
    cohl_ctx  *ctx;
    cohl_slot *slot;
    int        count;
} cohl_optimizer;

/* The parameters were allocated for training; fixed ones are left alone. The average starts as the weights. */
cohl_status cohl_optimizer_open(cohl_optimizer **out, const cohl_optimizer_params *params,
                                const cohl_trainee *sets, int set_count, cohl_ctx *ctx,
                                cohl_error *err);
void cohl_optimizer_close(cohl_optimizer *opt);

/* Copy the weights into the average: after weights came from a file. */
void cohl_optimizer_restart_average(cohl_optimizer *opt);

/* One step with the gradients as they are, then clear them. step counts from 0, rate is the
 * schedule's factor. *norm: of all gradients before clipping. A norm that is not finite leaves
 * all as it was and is COHL_ERR_FORMAT. */
cohl_status cohl_optimizer_step(cohl_optimizer *opt, int64_t step, double rate, double *norm,
                                cohl_error *err);

/* Exchange weights and averages: before evaluation, and again after it. */
void cohl_optimizer_swap(cohl_optimizer *opt);

#endif
