/* runner.h - a case, run on one back end: its results and its gradients. */
#ifndef COHL_TESTS_TENSOR_RUNNER_H
#define COHL_TESTS_TENSOR_RUNNER_H

#include "cases.h"

/* Numbers that came out: the result, then inputs changed in place, then gradients. */
typedef struct outcome {
    int     count;
    char    name[2 * CASE_INPUTS + 1][48];
    float  *value[2 * CASE_INPUTS + 1];
    int64_t size[2 * CASE_INPUTS + 1];
    bool    wrote_input;          /* an input that is only read has changed */
} outcome;

void outcome_free(outcome *o);

/* A context of this back end with so many threads; ends the program when there is none. */
void machine_open(cohl_ctx *ctx, const cohl_backend *backend, int threads);
void machine_close(cohl_ctx *ctx);

/* Run the case. Bit i of wanted asks for the gradient of input i of sum(result * some fixed
 * random numbers); with `preset` gradients start from random numbers, which `+=` must keep. */
void run_case(cohl_ctx *ctx, const op_case *c, const setup *s, unsigned wanted, bool preset,
              outcome *out);

/* sum(result * the same fixed random numbers), in double. */
double project(const outcome *o);

/* The random numbers that the gradient of an input starts from. */
void preset_values(float *out, int64_t count, int input);

/* Upload the inputs; and the fixed random numbers the gradients are of. */
void upload_inputs(cohl_ctx *ctx, const setup *s, unsigned wanted, cohl_tensor **in);
cohl_tensor *project_tensor(cohl_ctx *ctx, cohl_tensor *y);

#endif
