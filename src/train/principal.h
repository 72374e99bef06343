/* principal.h - the directions in which a cloud of vectors is widest.
 *
 * Mean and leading principal components of rows that come portion by portion
 * (Pearson 1901; Hotelling 1933): the linear code that loses least in squares.
 *
 *     cohl_principal_open(&p, ctx, 768, err);
 *     cohl_principal_add(p, rows, count, err);          again and again
 *     cohl_principal_solve(p, 48, &result, err);
 *     cohl_principal_close(p);
 *
 * Products run on the context in full precision, the rest in doubles on the
 * host: the same rows give the same components with any number of threads. */
#ifndef COHL_TRAIN_PRINCIPAL_H
#define COHL_TRAIN_PRINCIPAL_H

#include "tensor/tensor.h"

typedef struct cohl_principal cohl_principal;

cohl_status cohl_principal_open(cohl_principal **out, cohl_ctx *ctx, int width, cohl_error *err);
void        cohl_principal_close(cohl_principal *p);

/* rows [count, width], borrowed; count >= 1. */
cohl_status cohl_principal_add(cohl_principal *p, const float *rows, int count, cohl_error *err);

/* Memory of the caller. Components are orthonormal, widest first. */
typedef struct cohl_principal_result {
    double *mean;        /* [width] */
    double *component;   /* [count, width] */
    double *variance;    /* [count] */
    double  total;       /* variance of all directions together */
} cohl_principal_result;

/* count at most width and the number of rows less one. */
cohl_status cohl_principal_solve(cohl_principal *p, int count, cohl_principal_result *result, cohl_error *err);

/* ---- small dense algebra, row-major doubles ------------------------------- */

/* Eigenvalues, largest first, of the symmetric a [n, n] (overwritten) and its eigenvectors as the
 * rows of vector [n, n]; cyclic Jacobi (Golub & Van Loan, section 8.5). */
void cohl_symmetric_eigen(double *a, int n, double *value, double *vector);

/* The orthogonal r [n, n] nearest to a [n, n]: r maximises trace(r a^T) (Schoenemann 1966). Where a
 * says nothing, any completion that keeps r orthogonal, always the same. */
cohl_status cohl_nearest_orthogonal(const double *a, int n, double *r, cohl_error *err);

#endif
