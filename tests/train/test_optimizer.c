/* Tests of train/optimizer: Muon, AdamW, clipping and the average, on both back ends. */
#include "tiny.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/backend.h"
#include "train/optimizer.h"

static const char *const backends[] = { "ref", "cpu" };
static const cohl_optimizer_params plain = {
    .muon = false, .matrix_rate = 0.01, .rate = 0.02, .matrix_momentum = 0.95, .beta1 = 0.9, .beta2 = 0.98,
    .decay = 0.1, .clip = 0, .average = 9,
};

/* A list of parameters of these shapes, all in training, and its optimiser. */
typedef struct bench {
    cohl_ctx        ctx;
    cohl_params     params;
    cohl_optimizer *opt;
} bench;

static void open_bench(bench *b, const char *backend, const cohl_optimizer_params *how,
                       const cohl_param_spec *spec, int count, cohl_workers *workers)
{
    cohl_ctx_params ctx = { .backend = cohl_backend_named(backend), .workers = workers };
    *b = (bench){ .opt = NULL };
    assert_int_equal(cohl_ctx_open(&b->ctx, &ctx, NULL), COHL_OK);
    for (int i = 0; i < count; i++)
        assert_non_null(cohl_params_add(&b->params, &spec[i], "p%d", i));
    assert_int_equal(cohl_params_alloc(&b->params, &b->ctx, &(cohl_params_use){ .train = true }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(&b->params, 1, NULL), COHL_OK);
    cohl_trainee set = { "net", &b->params };
    assert_int_equal(cohl_optimizer_open(&b->opt, how, &set, 1, &b->ctx, NULL), COHL_OK);
}

static void close_bench(bench *b)
{
    cohl_optimizer_close(b->opt);
    cohl_params_free(&b->params);
    cohl_ctx_close(&b->ctx);
}

static int64_t get(bench *b, const cohl_tensor *t, float *out)
{
    int64_t count = cohl_tensor_count(t);
    b->ctx.backend->download(&b->ctx, out, t->data, (size_t)count * sizeof *out);
    return count;
}

static void set(bench *b, cohl_tensor *t, const float *values)
{
    b->ctx.backend->upload(&b->ctx, t->data, values, (size_t)cohl_tensor_count(t) * sizeof *values);
}

static void set_grad(bench *b, int i, const float *values) { set(b, b->params.item[i].tensor->grad, values); }

static cohl_param_spec spec_of(cohl_param_group group, int rank, int64_t a, int64_t b, int64_t c)
{
    return (cohl_param_spec){ .shape = { rank, { a, b, c } }, .init = cohl_init_normal(1), .group = group };
}

/* ---- Muon ---------------------------------------------------------------- */

enum { SIDE = 40 };

/* Eigenvalues of the symmetric a [n, n], by Jacobi's turns; a is used up. */
static void eigenvalues(double a[SIDE][SIDE], int n, double *value)
{
    for (int sweep = 0; sweep < 30; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) {
                double angle = 0.5 * atan2(2 * a[p][q], a[q][q] - a[p][p]), c = cos(angle), s = sin(angle);
                for (int k = 0; k < n; k++) {
                    double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y, a[k][q] = s * x + c * y;
                }
                for (int k = 0; k < n; k++) {
                    double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
                }
            }
    for (int i = 0; i < n; i++)
        value[i] = a[i][i];
}

/* Singular values of x [rows, cols], squared. Returns how many. */
static int squared_singular_values(const float *x, int rows, int cols, double *value)
{
    static double gram[SIDE][SIDE];
    int n = rows < cols ? rows : cols;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            gram[i][j] = 0;
            for (int k = 0; k < rows + cols - n; k++)
                gram[i][j] += rows < cols ? (double)x[i * cols + k] * x[j * cols + k]
                                          : (double)x[k * cols + i] * x[k * cols + j];
        }
    eigenvalues(gram, n, value);
    return n;
}

/* What one step of Muon with this gradient does, in units of its length. */
static void muon_move(const char *backend, const cohl_param_spec *spec, const float *grad, float *move)
{
    cohl_optimizer_params how = plain;
    bench b;
    float before[4096], after[4096];
    double norm;
    how.muon = true, how.decay = 0, how.matrix_rate = 1;
    open_bench(&b, backend, &how, spec, 1, NULL);
    int64_t count = get(&b, b.params.item[0].tensor, before), rows = spec->shape.dim[0];
    set_grad(&b, 0, grad);
    assert_int_equal(cohl_optimizer_step(b.opt, 0, 1, &norm, NULL), COHL_OK);
    get(&b, b.params.item[0].tensor, after);
    int64_t longer = count / rows > rows ? count / rows : rows;
    for (int64_t i = 0; i < count; i++)
        move[i] = (before[i] - after[i]) / (0.2f * sqrtf((float)longer));
    close_bench(&b);
}

static void test_muon_moves_matrices_by_nearly_orthogonal_steps(void **state)
{
    const cohl_param_spec specs[] = {
        spec_of(COHL_PARAM_MATRIX, 2, 24, 40, 0), spec_of(COHL_PARAM_MATRIX, 2, 40, 24, 0),
        spec_of(COHL_PARAM_MATRIX, 2, 1, 7, 0), spec_of(COHL_PARAM_MATRIX, 3, 8, 4, 9),
    };
    float grad[4096], move[4096];
    double value[SIDE];
    for (int k = 0; k < 8; k++) {
        const cohl_param_spec *spec = &specs[k / 2];
        int64_t rows = spec->shape.dim[0], count = rows * spec->shape.dim[1] * (spec->shape.rank == 3 ? 9 : 1);
        cohl_rng_fill_normal(grad, 0, (size_t)count, 3, (uint64_t)k);
        muon_move(backends[k % 2], spec, grad, move);
        int n = squared_singular_values(move, (int)rows, (int)(count / rows), value);
        double along = 0;
        for (int i = 0; i < n; i++)
            if (!(value[i] > 0.6 * 0.6 && value[i] < 1.3 * 1.3))
                fail_msg("%s, shape %d: a singular value of %g", backends[k % 2], k / 2, sqrt(value[i]));
        for (int64_t i = 0; i < count; i++)
            along += (double)grad[i] * move[i];
        assert_true(along > 0);
    }
}

static void test_muon_takes_gradients_of_low_rank_and_of_none(void **state)
{
    const cohl_param_spec spec = spec_of(COHL_PARAM_MATRIX, 2, 24, 40, 0);
    float grad[24 * 40], move[24 * 40];
    double value[SIDE], most = 0, sum = 0;
    for (int b = 0; b < 2; b++) {
        for (int i = 0; i < 24 * 40; i++)
            grad[i] = 1e-3f * (float)(i / 40 % 3 - 1) * (float)(i % 40 % 5 - 2);
        muon_move(backends[b], &spec, grad, move);
        int n = squared_singular_values(move, 24, 40, value);
        for (int i = 0; i < n; i++) {
            most = value[i] > most ? value[i] : most;
            sum += value[i];
        }
        assert_true(most > 0.36 && most < 1.69);
        assert_true(sum / (b + 1) < most + 0.02);
        memset(grad, 0, sizeof grad);
        muon_move(backends[b], &spec, grad, move);
        for (int i = 0; i < 24 * 40; i++)
            assert_true(move[i] == 0);
    }
}

/* ---- AdamW --------------------------------------------------------------- */

static void test_adamw_agrees_with_a_loop_in_double(void **state)
{
    enum { N = 37, STEPS = 25 };
    const cohl_param_spec specs[] = { spec_of(COHL_PARAM_MATRIX, 2, 1, N, 0), spec_of(COHL_PARAM_OTHER, 1, N, 0, 0) };
    for (int k = 0; k < 2; k++) {
        bench b;
        float p[N], grad[2][N];
        double x[2][N], m[2][N] = { { 0 } }, v[2][N] = { { 0 } }, norm;
        open_bench(&b, backends[k], &plain, specs, 2, NULL);
        for (int i = 0; i < 2; i++) {
            get(&b, b.params.item[i].tensor, p);
            for (int j = 0; j < N; j++)
                x[i][j] = p[j];
        }
        for (int step = 0; step < STEPS; step++) {
            double factor = 1 - 0.02 * step, squares = 0;
            for (int i = 0; i < 2; i++) {
                double rate = factor * (i ? plain.rate : plain.matrix_rate), decay = i ? 0 : plain.decay;
                cohl_rng_fill_normal(grad[i], 0, N, (uint64_t)step, (uint64_t)i);
                set_grad(&b, i, grad[i]);
                for (int j = 0; j < N; j++) {
                    double g = grad[i][j];
                    squares += g * g;
                    m[i][j] = plain.beta1 * m[i][j] + (1 - plain.beta1) * g;
                    v[i][j] = plain.beta2 * v[i][j] + (1 - plain.beta2) * g * g;
                    double mh = m[i][j] / (1 - pow(plain.beta1, step + 1)), vh = v[i][j] / (1 - pow(plain.beta2, step + 1));
                    x[i][j] -= rate * decay * x[i][j] + rate * mh / (sqrt(vh) + 1e-8);
                }
            }
            assert_int_equal(cohl_optimizer_step(b.opt, step, factor, &norm, NULL), COHL_OK);
            assert_true(fabs(norm - sqrt(squares)) < 1e-5 * sqrt(squares));
        }
        for (int i = 0; i < 2; i++) {
            get(&b, b.params.item[i].tensor, p);
            for (int j = 0; j < N; j++)
                if (!(fabs(p[j] - x[i][j]) < 2e-5))
                    fail_msg("%s, list %d, value %d: %g, expected %g", backends[k], i, j, p[j], x[i][j]);
        }
        close_bench(&b);
    }
}

/* One step with these settings from the same start; the result in p [24]. */
static double one_step(const cohl_optimizer_params *how, const float *grad, float *p)
{
    const cohl_param_spec spec = spec_of(COHL_PARAM_MATRIX, 2, 4, 6, 0);
    bench b;
    double norm;
    open_bench(&b, "cpu", how, &spec, 1, NULL);
    set_grad(&b, 0, grad);
    assert_int_equal(cohl_optimizer_step(b.opt, 0, 1, &norm, NULL), COHL_OK);
    get(&b, &b.opt->slot[0].m, p);      /* where the length of a gradient shows */
    close_bench(&b);
    return norm;
}

static void test_gradients_longer_than_clip_are_cut_to_it(void **state)
{
    float grad[24], unit[24], a[24], b[24];
    double squares = 0;
    cohl_rng_fill_normal(grad, 0, 24, 1, 1);
    for (int i = 0; i < 24; i++)
        squares += (double)grad[i] * grad[i];
    for (int i = 0; i < 24; i++) {
        grad[i] = (float)(10 * grad[i] / sqrt(squares));
        unit[i] = 0.25f * grad[i];
    }
    for (int muon = 0; muon < 2; muon++) {
        cohl_optimizer_params clipped = plain, free = plain;
        clipped.muon = free.muon = muon, clipped.clip = 2.5;
        assert_true(fabs(one_step(&clipped, grad, a) - 10) < 1e-4);
        assert_true(fabs(one_step(&free, unit, b) - 2.5) < 1e-4);
        for (int i = 0; i < 24; i++)
            assert_true(fabsf(a[i] - b[i]) < 1e-6f);
        one_step(&clipped, unit, a);      /* short enough: left alone */
        for (int i = 0; i < 24; i++)
            assert_true(fabsf(a[i] - b[i]) < 1e-6f);
    }
}

/* ---- the average --------------------------------------------------------- */

/* What the weights were at the start counts (1 / (steps + 1))^exponent: the power law. */
static void test_the_average_forgets_by_a_power_law(void **state)
{
    static const double exponents[] = { 1, 2.5, 9 };
    const cohl_param_spec spec = spec_of(COHL_PARAM_OTHER, 1, 3, 0, 0);
    for (int k = 0; k < 6; k++) {
        cohl_optimizer_params how = plain;
        bench b;
        double norm;
        float average[3];
        how.average = exponents[k / 2];
        open_bench(&b, backends[k % 2], &how, &spec, 1, NULL);
        set(&b, b.params.item[0].tensor, (float[]){ 1, -2, 0 });
        cohl_optimizer_restart_average(b.opt);
        set(&b, b.params.item[0].tensor, (float[]){ 0, 0, 4 });
        for (int step = 0; step < 9; step++)
            assert_int_equal(cohl_optimizer_step(b.opt, step, 0, &norm, NULL), COHL_OK);
        get(&b, &b.opt->slot[0].average, average);
        double old = pow(0.1, how.average);
        assert_true(fabs(average[0] - old) < 1e-6 && fabs(average[1] + 2 * old) < 1e-6 &&
                    fabs(average[2] - 4 * (1 - old)) < 1e-5);
        close_bench(&b);
    }
}

static void test_weights_and_average_change_places_and_back(void **state)
{
    const cohl_param_spec spec = spec_of(COHL_PARAM_OTHER, 1, 2, 0, 0);
    bench b;
    float p[2];
    open_bench(&b, "cpu", &plain, &spec, 1, NULL);
    set(&b, b.params.item[0].tensor, (float[]){ 1, 2 });
    set(&b, &b.opt->slot[0].average, (float[]){ 3, 4 });
    cohl_optimizer_swap(b.opt);
    get(&b, b.params.item[0].tensor, p);
    assert_true(p[0] == 3 && p[1] == 4);
    cohl_optimizer_swap(b.opt);
    get(&b, b.params.item[0].tensor, p);
    assert_true(p[0] == 1 && p[1] == 2);
    close_bench(&b);
}

/* ---- steps as wholes ----------------------------------------------------- */

static void test_a_gradient_that_is_not_finite_changes_nothing(void **state)
{
    const cohl_param_spec specs[] = { spec_of(COHL_PARAM_MATRIX, 2, 4, 6, 0), spec_of(COHL_PARAM_OTHER, 1, 6, 0, 0) };
    static const float bad[] = { NAN, INFINITY, -INFINITY, 3e38f };
    for (int k = 0; k < 8; k++) {
        cohl_optimizer_params how = plain;
        cohl_error err = { 0 };
        bench b;
        float before[2][3][24], after[24], grad[24] = { 1, 2, 3 };
        double norm;
        how.muon = true;
        open_bench(&b, backends[k % 2], &how, specs, 2, NULL);
        set_grad(&b, 0, grad);
        assert_int_equal(cohl_optimizer_step(b.opt, 0, 1, &norm, NULL), COHL_OK);
        for (int i = 0; i < 2; i++) {
            get(&b, b.params.item[i].tensor, before[i][0]);
            get(&b, &b.opt->slot[i].m, before[i][1]);
            get(&b, &b.opt->slot[i].average, before[i][2]);
        }
        grad[5] = bad[k / 2];
        set_grad(&b, k % 2, grad);
        assert_int_equal(cohl_optimizer_step(b.opt, 17, 1, &norm, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, "17"));
        for (int i = 0; i < 2; i++) {
            size_t bytes = (i ? 6 : 24) * sizeof(float);
            get(&b, b.params.item[i].tensor, after);
            assert_memory_equal(after, before[i][0], bytes);
            get(&b, &b.opt->slot[i].m, after);
            assert_memory_equal(after, before[i][1], bytes);
            get(&b, &b.opt->slot[i].average, after);
            assert_memory_equal(after, before[i][2], bytes);
        }
        close_bench(&b);
    }
}

static void test_a_step_clears_the_gradients(void **state)
{
    const cohl_param_spec spec = spec_of(COHL_PARAM_MATRIX, 2, 4, 6, 0);
    for (int muon = 0; muon < 2; muon++) {
        cohl_optimizer_params how = plain;
        bench b;
        float grad[24] = { 1, 2, 3 };
        double norm;
        how.muon = muon;
        open_bench(&b, "cpu", &how, &spec, 1, NULL);
        set_grad(&b, 0, grad);
        cohl_optimizer_step(b.opt, 0, 1, &norm, NULL);
        get(&b, b.params.item[0].tensor->grad, grad);
        for (int i = 0; i < 24; i++)
            assert_true(grad[i] == 0);
        close_bench(&b);
    }
}

static void test_steps_have_the_same_bits_with_any_number_of_threads(void **state)
{
    enum { ROWS = 150, COLS = 130, N = ROWS * COLS };
    const cohl_param_spec specs[] = { spec_of(COHL_PARAM_MATRIX, 2, ROWS, COLS, 0), spec_of(COHL_PARAM_OTHER, 1, N, 0, 0) };
    static float grad[N], first[2][N], again[N];
    double norm, first_norm = 0;
    for (int threads = 1; threads <= 3; threads++) {
        cohl_optimizer_params how = plain;
        cohl_workers *workers;
        bench b;
        how.muon = true, how.clip = 1;
        assert_int_equal(cohl_workers_new(&workers, threads, NULL), COHL_OK);
        open_bench(&b, "cpu", &how, specs, 2, workers);
        for (int step = 0; step < 3; step++) {
            for (int i = 0; i < 2; i++) {
                cohl_rng_fill_normal(grad, 0, N, (uint64_t)step, (uint64_t)i);
                set_grad(&b, i, grad);
            }
            assert_int_equal(cohl_optimizer_step(b.opt, step, 1, &norm, NULL), COHL_OK);
        }
        for (int i = 0; i < 2; i++) {
            get(&b, b.params.item[i].tensor, threads == 1 ? first[i] : again);
            if (threads > 1)
                assert_memory_equal(first[i], again, sizeof again);
        }
        first_norm = threads == 1 ? norm : first_norm;
        assert_true(norm == first_norm);
        close_bench(&b);
        cohl_workers_free(workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_muon_moves_matrices_by_nearly_orthogonal_steps),
        cmocka_unit_test(test_muon_takes_gradients_of_low_rank_and_of_none),
        cmocka_unit_test(test_adamw_agrees_with_a_loop_in_double),
        cmocka_unit_test(test_gradients_longer_than_clip_are_cut_to_it),
        cmocka_unit_test(test_the_average_forgets_by_a_power_law),
        cmocka_unit_test(test_weights_and_average_change_places_and_back),
        cmocka_unit_test(test_a_gradient_that_is_not_finite_changes_nothing),
        cmocka_unit_test(test_a_step_clears_the_gradients),
        cmocka_unit_test(test_steps_have_the_same_bits_with_any_number_of_threads),
    };
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
