/* golden_randn.c - records of PyTorch's CPU generator: single calls, and four in a row. */
#include <stdio.h>
#include <stdlib.h>

#include "diffusion/torch_rng.h"
#include "golden.h"

static void compare(golden *g, cohl_torch_rng *rng, const char *name)
{
    const cohl_weight *w;
    float *want = golden_values(g, &w, "%s", name), *got = want ? malloc(w->count * sizeof *got) : NULL;
    if (got) {
        cohl_torch_rng_normal(rng, got, w->count);
        golden_compare(g, name, got, want, w->count, 2e-6, 1);
    } else {
        cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "there is no %s", name);
    }
    free(got);
    free(want);
}

cohl_status golden_randn(golden *g, cohl_error *err)
{
    static const char *const calls[] = { "seq42.first", "seq42.second", "seq42.third", "seq42.fourth" };
    const json_t *cases = json_object_get(g->config, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *pair = json_array_get(cases, i);
        long long seed = json_integer_value(json_array_get(pair, 0));
        char name[64];
        snprintf(name, sizeof name, "seed%lld.n%d", seed, (int)json_integer_value(json_array_get(pair, 1)));
        cohl_torch_rng rng = cohl_torch_rng_make((uint64_t)seed);
        compare(g, &rng, name);
    }
    cohl_torch_rng rng = cohl_torch_rng_make(42);
    for (int i = 0; i < 4; i++)
        compare(g, &rng, calls[i]);
    return cohl_ctx_status(g->ctx, err);
}
