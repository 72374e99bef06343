/* bench.c - what the benches share. */
#include "bench/bench.h"

#include "base/file.h"

cohl_bench_params cohl_bench_params_default(void)
{
    return (cohl_bench_params){ .model = NULL };
}

char *cohl_bench_part(const cohl_bench_params *params, const char *part)
{
    return cohl_path_join(params->model ? params->model : "models/mini", part);
}
