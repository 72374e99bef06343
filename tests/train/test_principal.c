/* Tests of principal components: directions that were planted are found, and small dense algebra
 * keeps its laws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "train/principal.h"

enum { WIDTH = 40, ROWS = 3000, FOUND = 4 };

/* Rows with deviations 8, 4, 2, 1, 0.5 ... along five axes that are turned against the coordinates. */
static void plant(float *rows, double *axis)
{
    cohl_rng rng = cohl_rng_make(3, 0);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < WIDTH; j++)      /* cosines: orthogonal to each other */
            axis[i * WIDTH + j] = sqrt(2.0 / WIDTH) * cos(3.14159265358979 * (i + 1) * (j + 0.5) / WIDTH);
    for (int r = 0; r < ROWS; r++) {
        for (int j = 0; j < WIDTH; j++)
            rows[r * WIDTH + j] = (float)(100 + j);
        for (int i = 0; i < 5; i++) {
            double along = ldexp(8, -i) * cohl_rng_normal(&rng);
            for (int j = 0; j < WIDTH; j++)
                rows[r * WIDTH + j] += (float)(along * axis[i * WIDTH + j]);
        }
    }
}

static void find(int threads, double *mean, double *component, double *variance)
{
    static float rows[ROWS * WIDTH];
    static double axis[5 * WIDTH];
    cohl_ctx ctx;
    cohl_workers *workers;
    cohl_principal *p;
    cohl_principal_result result = { mean, component, variance, 0 };
    plant(rows, axis);
    assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
    assert_int_equal(cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, NULL), COHL_OK);
    assert_int_equal(cohl_principal_open(&p, &ctx, WIDTH, NULL), COHL_OK);
    assert_int_equal(cohl_principal_add(p, rows, 1000, NULL), COHL_OK);
    assert_int_equal(cohl_principal_add(p, rows + 1000 * WIDTH, ROWS - 1000, NULL), COHL_OK);
    assert_int_equal(cohl_principal_solve(p, FOUND, &result, NULL), COHL_OK);
    cohl_principal_close(p);
    cohl_ctx_close(&ctx);
    cohl_workers_free(workers);
}

static void test_planted_directions_come_back_widest_first(void **state)
{
    double mean[WIDTH], component[FOUND * WIDTH], variance[FOUND];
    find(1, mean, component, variance);
    for (int j = 0; j < WIDTH; j++)
        assert_true(fabs(mean[j] - (100 + j)) < 0.3);
    for (int i = 0; i < FOUND; i++) {
        double along = 0, expected = ldexp(64, -2 * i);
        for (int j = 0; j < WIDTH; j++)
            along += component[i * WIDTH + j] * sqrt(2.0 / WIDTH) * cos(3.14159265358979 * (i + 1) * (j + 0.5) / WIDTH);
        assert_true(fabs(along) > 0.995);
        assert_true(fabs(variance[i] / expected - 1) < 0.1);
    }
}

static void test_components_are_the_same_with_any_threads(void **state)
{
    double mean[2][WIDTH], component[2][FOUND * WIDTH], variance[2][FOUND];
    for (int i = 0; i < 2; i++)
        find(1 + 2 * i, mean[i], component[i], variance[i]);
    assert_memory_equal(component[0], component[1], sizeof component[0]);
    assert_memory_equal(variance[0], variance[1], sizeof variance[0]);
}

static void test_eigenvectors_diagonalise(void **state)
{
    enum { N = 9 };
    double a[N * N], kept[N * N], value[N], vector[N * N];
    cohl_rng rng = cohl_rng_make(4, 0);
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i; k++)
            a[i * N + k] = a[k * N + i] = cohl_rng_normal(&rng);
    memcpy(kept, a, sizeof a);
    cohl_symmetric_eigen(a, N, value, vector);
    for (int i = 0; i < N; i++) {
        assert_true(!i || value[i] <= value[i - 1]);
        for (int j = 0; j < N; j++) {
            double image = 0;
            for (int k = 0; k < N; k++)
                image += kept[j * N + k] * vector[i * N + k];
            assert_true(fabs(image - value[i] * vector[i * N + j]) < 1e-9);
        }
    }
}

/* Of a rotation times a stretch the rotation comes back; of half a matrix, an orthogonal one that agrees. */
static void test_the_nearest_orthogonal_matrix_is_orthogonal_and_near(void **state)
{
    const double c = 0.6, s = 0.8, full[9] = { 5 * c, -2 * s, 0, 5 * s, 2 * c, 0, 0, 0, 0.1 };
    const double half[9] = { 5 * c, -2 * s, 0, 5 * s, 2 * c, 0, 0, 0, 0 };
    const double *const all[2] = { full, half };
    for (int m = 0; m < 2; m++) {
        double r[9];
        assert_int_equal(cohl_nearest_orthogonal(all[m], 3, r, NULL), COHL_OK);
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++) {
                double inner = r[i * 3] * r[k * 3] + r[i * 3 + 1] * r[k * 3 + 1] + r[i * 3 + 2] * r[k * 3 + 2];
                assert_true(fabs(inner - (i == k)) < 1e-9);
            }
        assert_true(fabs(r[0] - c) < 1e-9 && fabs(r[3] - s) < 1e-9 && fabs(r[1] + s) < 1e-9);
        assert_true(fabs(fabs(r[8]) - 1) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_directions_come_back_widest_first),
        cmocka_unit_test(test_components_are_the_same_with_any_threads),
        cmocka_unit_test(test_eigenvectors_diagonalise),
        cmocka_unit_test(test_the_nearest_orthogonal_matrix_is_orthogonal_and_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
