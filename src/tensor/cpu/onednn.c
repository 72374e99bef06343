/* onednn.c - matrix products by oneDNN; the one file that knows its API.
 *
 * The library is asked for one thread always: its own threading would make the
 * order of sums, and so the bits, depend on the machine. The OpenMP build reads
 * the number of threads from the calling thread, so each thread says it once. */
#include <assert.h>
#include <dnnl.h>

#include "tensor/cpu/product.h"

/* Of GCC's OpenMP runtime, which Debian's library runs on. Declared here so that
 * clang builds against the same runtime and not against its own. */
void omp_set_num_threads(int count);

static void be_alone(void)
{
    static _Thread_local bool said;
    if (said)
        return;
    omp_set_num_threads(1);
    said = true;
}

void cohl_product_run(const cohl_product *p)
{
    be_alone();
    dnnl_status_t st = dnnl_sgemm(p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N',
                                  p->m, p->n, p->k, p->alpha, p->a, p->a_stride,
                                  p->b, p->b_stride, p->beta, p->c, p->c_stride);
    assert(st == dnnl_success);
    (void)st;
}
