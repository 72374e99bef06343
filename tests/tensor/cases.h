/* cases.h - one case for each operation: how to make inputs for it, and how to
 * call it.
 *
 * `prepare` draws a shape (awkward ones on purpose: one row, odd widths, sizes
 * beside multiples of a tile) and fills the inputs; the same numbers always
 * give the same case. `run` calls the operation on them in any context. The
 * runner in test_ops.c needs to know nothing else. */
#ifndef COHL_TESTS_TENSOR_CASES_H
#define COHL_TESTS_TENSOR_CASES_H

#include "base/rng.h"
#include "tensor/backend.h"

enum { CASE_INPUTS = 8, CASE_SPANS = 4 };

enum {
    IN_GRAD = 1,      /* a gradient flows into it */
    IN_RESULT = 2,    /* changed in place: compared after the run */
    IN_AWAY = 4,      /* no values near zero, where a function has a corner */
};

typedef struct test_input {
    cohl_dtype dtype;
    int        flags, rank;
    int64_t    dim[COHL_RANK_MAX];
    void      *host;              /* NULL: the operation is called with NULL here */
} test_input;

/* One drawn case: inputs and constants. */
typedef struct setup {
    cohl_rng   rng;
    int        variant;           /* 0, 1, ...: which draw */
    int        cap;               /* no size above it; small for finite differences */
    int        bench;             /* 0, or 1 and 2: the shapes of a small and a large film */
    test_input in[CASE_INPUTS];
    int        count;
    double     flops;             /* of the forward; 0: the operation is bound by memory */

    float            number;      /* eps, factor, ... as the case likes */
    bool             flag, other_flag;
    int              whole[6];
    int              order[COHL_RANK_MAX];
    cohl_conv_params conv;
    cohl_span        span[CASE_SPANS];
    cohl_range       range[CASE_SPANS];
    int              list_count;
} setup;

typedef struct op_case {
    const char  *name;            /* the entry of the table; its _back is tested with it */
    int          variants;
    double       bound;           /* largest difference to ref, relative to ref's largest value */
    double       bound_bf16;      /* the same where products round to bf16; 0: no such test */
    void         (*prepare)(setup *s);
    cohl_tensor *(*run)(cohl_ctx *ctx, cohl_tensor **in, const setup *s);
} op_case;

extern const op_case product_cases[], row_cases[], move_cases[];   /* each ends with name NULL */

/* ---- for the files of cases -------------------------------------------- */

#define DIMS(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
                  (int64_t[]){ __VA_ARGS__ }

/* An awkward size of 1..most; small or large when this is a bench. */
int64_t size(setup *s, int64_t most, int64_t small, int64_t large);
/* A whole number of low..high; true one time in two. */
int  pick(setup *s, int low, int high);
bool coin(setup *s);

/* Add an input of normal numbers times spread; returns its index. */
int floats(setup *s, int flags, double spread, int rank, const int64_t *dim);
/* Add I32 [count] of low..high. */
int integers(setup *s, int64_t count, int low, int high);
/* Add an input that is not given. */
int absent(setup *s);
/* Store an F32 input as BF16; a parameter that does not train. */
void narrow(setup *s, int input);

void setup_free(setup *s);

#endif
