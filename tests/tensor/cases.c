/* cases.c - sizes and numbers for cases. */
#include "cases.h"

#include <stdlib.h>
#include <string.h>

#include "base/half.h"

int pick(setup *s, int low, int high)
{
    return low + (int)cohl_rng_below(&s->rng, (uint32_t)(high - low + 1));
}

bool coin(setup *s) { return pick(s, 0, 1); }

int64_t size(setup *s, int64_t most, int64_t small, int64_t large)
{
    static const int awkward[] = { 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48,
                                   63, 64, 65, 79, 96, 100, 127, 128, 129, 160, 191, 257, 300,
                                   513, 1031, 2050 };
    if (s->bench)
        return s->bench == 1 ? small : large;
    if (s->variant == 0 && s->cap > 8)
        return 1;
    most = most < s->cap ? most : s->cap;
    int fitting = 0;
    while (fitting < (int)(sizeof awkward / sizeof *awkward) && awkward[fitting] <= most)
        fitting++;
    return awkward[pick(s, 0, fitting - 1)];
}

static test_input *add_input(setup *s, cohl_dtype dtype, int flags, int rank, const int64_t *dim)
{
    test_input *in = &s->in[s->count++];
    *in = (test_input){ .dtype = dtype, .flags = flags, .rank = rank };
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)(in->dim[i] = dim[i]);
    in->host = calloc(count, cohl_dtype_bytes(dtype));
    return in;
}

int floats(setup *s, int flags, double spread, int rank, const int64_t *dim)
{
    test_input *in = add_input(s, COHL_F32, flags, rank, dim);
    float *value = in->host;
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= dim[i];
    for (int64_t i = 0; i < count; i++) {
        value[i] = (float)(spread * cohl_rng_normal(&s->rng));
        if (flags & IN_AWAY)
            value[i] += value[i] < 0 ? -0.1f : 0.1f;
    }
    return s->count - 1;
}

int integers(setup *s, int64_t count, int low, int high)
{
    test_input *in = add_input(s, COHL_I32, 0, 1, &count);
    for (int64_t i = 0; i < count; i++)
        ((int32_t *)in->host)[i] = pick(s, low, high);
    return s->count - 1;
}

int absent(setup *s)
{
    s->in[s->count++] = (test_input){ 0 };
    return s->count - 1;
}

void narrow(setup *s, int input)
{
    test_input *in = &s->in[input];
    int64_t count = 1;
    for (int i = 0; i < in->rank; i++)
        count *= in->dim[i];
    uint16_t *half = malloc((size_t)count * sizeof *half);
    for (int64_t i = 0; i < count; i++)
        half[i] = cohl_f32_to_bf16(((float *)in->host)[i]);
    free(in->host);
    in->host = half;
    in->dtype = COHL_BF16;
    in->flags &= ~IN_GRAD;
}

void setup_free(setup *s)
{
    for (int i = 0; i < s->count; i++)
        free(s->in[i].host);
    s->count = 0;
}
