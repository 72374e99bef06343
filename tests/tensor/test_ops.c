/* test_ops.c - every operation of every back end against the reference.
 *
 *     test_ops [--isa NAME | --backend ref] [--seed N] [--bench] [--list] [NAME ...]
 *
 * For each case (cases_*.c) and several draws of its shape:
 *   - the gradients of the reference are checked by central differences, and that
 *     they add to what was there;
 *   - each back end's results and gradients are compared with the reference's,
 *     with every input wanting a gradient, some, and none, in both precisions;
 *   - with 1, 2, 3 and 4 threads the bytes must be the same;
 *   - inputs that are only read must stay as they are.
 * --bench times the entries at the shapes of a film instead. */
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { THREADS_MOST = 4, CAP = 300, CAP_DIFFERENCES = 5, REF_VARIANTS_MOST = 10 };
enum { EXIT_SKIPPED = 77 };

static const char *const isas[] = { "scalar", "avx2", "avx512", "avx512bf16", "neon", "onednn" };

typedef struct options {
    const char *isa;
    bool        only_ref, bench, list;
    uint64_t    seed;
    char      **names;
    int         name_count;
} options;

static int failures;
static cohl_ctx reference, machine[THREADS_MOST];   /* machine[i]: i + 1 threads */

static void draw(setup *s, const op_case *c, const options *o, int variant, int cap, int bench)
{
    uint64_t name = 0;
    for (const char *at = c->name; *at; at++)
        name = cohl_rng_mix(name, (uint64_t)*at);
    *s = (setup){ .variant = variant, .cap = cap, .bench = bench };
    s->rng = cohl_rng_make(cohl_rng_mix(o->seed, name), (uint64_t)variant);
    c->prepare(s);
}

static unsigned wanting(const setup *s)
{
    unsigned wanted = 0;
    for (int i = 0; i < s->count; i++)
        if (s->in[i].flags & IN_GRAD)
            wanted |= 1u << i;
    return wanted;
}

static void fail(const op_case *c, const setup *s, const char *where, const char *what, double off,
                 double bound)
{
    failures++;
    printf("FAIL %s draw %d on %s: %s is off by %.3g, bound %.3g; inputs", c->name, s->variant, where,
           what, off, bound);
    for (int i = 0; i < s->count; i++)
        printf(" %s", s->in[i].host ? cohl_shape_print(s->in[i].rank, s->in[i].dim).text : "none");
    printf("\n");
}

/* ---- against the reference --------------------------------------------- */

/* Largest difference relative to the largest value expected; infinite when not a number. */
static double distance(const float *found, const float *expected, int64_t count)
{
    double most = 1e-30, off = 0;
    for (int64_t i = 0; i < count; i++) {
        double d = fabs((double)found[i] - expected[i]);
        if (isnan(d) && !(isnan(found[i]) && isnan(expected[i])))
            return INFINITY;
        off = d > off ? d : off;
        most = fabs(expected[i]) > most ? fabs(expected[i]) : most;
    }
    return off / most;
}

static double compare(const op_case *c, const setup *s, const char *where, const outcome *found,
                      const outcome *expected, double bound)
{
    double worst = 0;
    if (found->count != expected->count || found->wrote_input)
        fail(c, s, where, found->wrote_input ? "an input" : "the number of results", INFINITY, 0);
    for (int i = 0; i < found->count && i < expected->count; i++) {
        double off = distance(found->value[i], expected->value[i], found->size[i]);
        if (!(off <= bound))
            fail(c, s, where, found->name[i], off, bound);
        worst = off > worst ? off : worst;
    }
    return worst;
}

static void compare_bytes(const op_case *c, const setup *s, const char *where, const outcome *a,
                          const outcome *b)
{
    for (int i = 0; i < a->count && i < b->count; i++)
        if (memcmp(a->value[i], b->value[i], (size_t)a->size[i] * sizeof(float)))
            fail(c, s, where, a->name[i], distance(a->value[i], b->value[i], a->size[i]), 0);
}

static double against_reference(const op_case *c, const setup *s, unsigned wanted,
                                cohl_precision precision)
{
    bool rounded = precision == COHL_PRECISION_BF16;
    outcome expected, one, more;
    char where[48];
    reference.precision = precision;
    run_case(&reference, c, s, wanted, true, &expected);
    for (int t = 0; t < THREADS_MOST; t++)
        machine[t].precision = precision;
    run_case(&machine[0], c, s, wanted, true, &one);
    snprintf(where, sizeof where, "%s%s", machine[0].backend->name, rounded ? " in bf16" : "");
    double worst = compare(c, s, where, &one, &expected, rounded ? c->bound_bf16 : c->bound);
    for (int t = 1; t < THREADS_MOST; t++) {
        run_case(&machine[t], c, s, wanted, true, &more);
        snprintf(where, sizeof where, "%s with %d threads", machine[0].backend->name, t + 1);
        compare_bytes(c, s, where, &more, &one);
        outcome_free(&more);
    }
    outcome_free(&one);
    outcome_free(&expected);
    return worst;
}

/* Every draw with all gradients; every third also with some, and with none. */
static double test_against_reference(const op_case *c, const options *o)
{
    double worst = 0;
    for (int variant = 0; variant < c->variants; variant++) {
        setup s;
        draw(&s, c, o, variant, CAP, 0);
        unsigned all = wanting(&s), wanted[] = { all, all & 0x5, all & 0xa, 0 };
        for (int i = 0; i < (variant % 3 ? 1 : 4); i++)
            worst = fmax(worst, against_reference(c, &s, wanted[i], COHL_PRECISION_F32));
        if (c->bound_bf16 > 0)
            against_reference(c, &s, all, COHL_PRECISION_BF16);
        setup_free(&s);
    }
    return worst;
}

/* ---- gradients by differences ------------------------------------------ */

/* The projection's value with input i moved by step * direction. */
static double moved(const op_case *c, setup *s, int input, const float *direction, int64_t count,
                    double step)
{
    float *value = s->in[input].host, *was = malloc((size_t)count * sizeof *was);
    outcome out;
    memcpy(was, value, (size_t)count * sizeof *was);
    for (int64_t i = 0; i < count; i++)
        value[i] = (float)(value[i] + step * direction[i]);
    run_case(&reference, c, s, 0, false, &out);
    double sum = project(&out);
    outcome_free(&out);
    memcpy(value, was, (size_t)count * sizeof *was);
    free(was);
    return sum;
}

/* Slope of the projection along two random directions and three single values; the error
 * relative to the gradient's length along what was moved. */
static double difference_error(const op_case *c, setup *s, int input, const float *gradient,
                               int64_t count)
{
    static const double step = 4e-3;
    float *direction = calloc((size_t)count, sizeof *direction);
    double worst = 0, length = 0;
    for (int64_t i = 0; i < count; i++)
        length += (double)gradient[i] * gradient[i];
    length = sqrt(length);
    for (int n = 0; n < 5; n++) {
        double slope = 0, scale = n < 2 ? length : length / sqrt((double)count);
        for (int64_t i = 0; i < count; i++)
            direction[i] = n < 2 ? (float)cohl_rng_normal(&s->rng) : 0;
        if (n >= 2)
            direction[cohl_rng_below(&s->rng, (uint32_t)count)] = 1;
        for (int64_t i = 0; i < count; i++)
            slope += (double)gradient[i] * direction[i];
        double found = (moved(c, s, input, direction, count, step)
                      - moved(c, s, input, direction, count, -step)) / (2 * step);
        worst = fmax(worst, fabs(found - slope) / (scale + 1e-3));
    }
    free(direction);
    return worst;
}

/* How far a gradient that started from the preset is from the preset plus one from zero. */
static double adding_error(int input, const float *from_preset, const float *from_zero, int64_t count)
{
    float *sum = malloc((size_t)count * sizeof *sum);
    preset_values(sum, count, input);
    for (int64_t i = 0; i < count; i++)
        sum[i] += from_zero[i];
    double off = distance(from_preset, sum, count);
    free(sum);
    return off;
}

static double test_differences(const op_case *c, const options *o)
{
    static const double bound = 1e-2, adding_bound = 1e-5;
    double worst = 0;
    int variants = c->variants < REF_VARIANTS_MOST ? c->variants : REF_VARIANTS_MOST;
    reference.precision = COHL_PRECISION_F32;
    for (int variant = 0; variant < variants; variant++) {
        setup s;
        outcome out, added;
        draw(&s, c, o, variant, CAP_DIFFERENCES, 0);
        run_case(&reference, c, &s, wanting(&s), false, &out);
        run_case(&reference, c, &s, wanting(&s), true, &added);
        for (int i = 1, input = 0; i < out.count; i++) {
            if (sscanf(out.name[i], "gradient of input %d", &input) != 1)
                continue;
            double off = difference_error(c, &s, input, out.value[i], out.size[i]);
            if (!(off <= bound))
                fail(c, &s, "ref, by differences", out.name[i], off, bound);
            worst = fmax(worst, off);
            off = adding_error(input, added.value[i], out.value[i], out.size[i]);
            if (!(off <= adding_bound))
                fail(c, &s, "ref, adding to a gradient", out.name[i], off, adding_bound);
        }
        outcome_free(&added);
        outcome_free(&out);
        setup_free(&s);
    }
    return worst;
}

/* ---- how fast ---------------------------------------------------------- */

static double bytes_moved(const setup *s, const cohl_tensor *y)
{
    double bytes = (double)cohl_tensor_count(y) * sizeof(float);
    for (int i = 0; i < s->count; i++) {
        double count = s->in[i].host ? (double)cohl_dtype_bytes(s->in[i].dtype) : 0;
        for (int d = 0; d < s->in[i].rank; d++)
            count *= (double)s->in[i].dim[d];
        bytes += s->in[i].flags & IN_RESULT ? 2 * count : count;
    }
    return bytes;
}

/* Best seconds of one run of the forward; back: of the walk back, 0 when there is none. */
static double time_once(cohl_ctx *ctx, const op_case *c, const setup *s, unsigned wanted,
                        double *back, double *bytes)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor *in[CASE_INPUTS], *y;
    cohl_error err;
    if (cohl_tape_new(&ctx->tape, &err))
        exit(1);
    upload_inputs(ctx, s, wanted, in);
    double begin = cohl_clock_seconds();
    y = c->run(ctx, in, s);
    double forward = cohl_clock_seconds() - begin;
    *bytes = bytes_moved(s, y);
    *back = 0;
    if (y->wants_grad) {
        cohl_tensor *loss = project_tensor(ctx, y);
        begin = cohl_clock_seconds();
        cohl_tape_backward(ctx, loss, 1, &err);
        *back = cohl_clock_seconds() - begin;
    }
    cohl_tape_free(ctx->tape);
    ctx->tape = NULL;
    cohl_ctx_release(ctx, mark);
    return forward;
}

static void print_rate(double seconds, double flops, double bytes)
{
    if (seconds <= 0)
        printf("  %29s", "");
    else
        printf("  %9.3f ms %8.1f %s", seconds * 1e3, (flops > 0 ? flops : bytes) / seconds * 1e-9,
               flops > 0 ? "GFLOP/s" : "GB/s   ");
}

/* Returns the seconds of one run forward and back. */
static double bench_shape(cohl_ctx *ctx, const op_case *c, const options *o, int shape)
{
    static const double patience = 0.4;
    setup s;
    double forward = INFINITY, back = INFINITY, bytes = 0;
    draw(&s, c, o, 0, CAP, shape);
    double begin = cohl_clock_seconds();
    do {
        double walk, once = time_once(ctx, c, &s, wanting(&s), &walk, &bytes);
        forward = once < forward ? once : forward;
        back = walk < back ? walk : back;
    } while (cohl_clock_seconds() - begin < patience);
    printf("%-20s %-20s", c->name, cohl_shape_print(s.in[0].rank, s.in[0].dim).text);
    print_rate(forward, s.flops, bytes);
    print_rate(back, 2 * s.flops, 2 * bytes);
    printf("\n");
    fflush(stdout);
    setup_free(&s);
    return forward + back;
}

/* ---- the program ------------------------------------------------------- */

static bool asked_for(const options *o, const char *name)
{
    for (int i = 0; i < o->name_count; i++)
        if (!strcmp(o->names[i], name))
            return true;
    return o->name_count == 0;
}

static void each_case(const options *o, void (*fn)(const op_case *c, const options *o))
{
    const op_case *tables[] = { product_cases, row_cases, move_cases };
    for (int t = 0; t < 3; t++)
        for (const op_case *c = tables[t]; c->name; c++)
            if (asked_for(o, c->name))
                fn(c, o);
}

static void list_case(const op_case *c, const options *o) { printf("%s\n", c->name); }

static void differences_case(const op_case *c, const options *o)
{
    double begin = cohl_clock_seconds(), worst = test_differences(c, o);
    printf("%-20s by differences, worst %.1e  %.2f s\n", c->name, worst,
           cohl_clock_seconds() - begin);
}

static void compare_case(const op_case *c, const options *o)
{
    double begin = cohl_clock_seconds(), worst = test_against_reference(c, o);
    printf("%-20s against ref, worst %.1e of %.1e  %.2f s\n", c->name, worst, c->bound,
           cohl_clock_seconds() - begin);
}

static void bench_case(const op_case *c, const options *o)
{
    static const double too_slow = 0.7;                    /* the large shape is 5 to 30 times this */
    if (bench_shape(&machine[0], c, o, 1) < too_slow)
        bench_shape(&machine[0], c, o, 2);
}

static void test_backend(const cohl_backend *backend, const options *o)
{
    printf("-- %s\n", backend->name);
    for (int t = 0; t < THREADS_MOST; t++)
        machine_open(&machine[t], backend, t + 1);
    each_case(o, compare_case);
    for (int t = 0; t < THREADS_MOST; t++)
        machine_close(&machine[t]);
}

static void bench_backend(const cohl_backend *backend, const options *o)
{
    printf("-- %s, %d threads: forward, backward\n", backend->name, cohl_processor_count());
    machine_open(&machine[0], backend, 0);
    each_case(o, bench_case);
    machine_close(&machine[0]);
}

static options read_options(int argc, char **argv)
{
    options o = { .seed = 1 };
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--bench"))
            o.bench = true;
        else if (!strcmp(argv[i], "--list"))
            o.list = true;
        else if (!strcmp(argv[i], "--isa") && *value)
            o.isa = argv[++i];
        else if (!strcmp(argv[i], "--backend") && (!strcmp(value, "ref") || !strcmp(value, "cpu")))
            o.only_ref = !strcmp(argv[++i], "ref");
        else if (!strcmp(argv[i], "--seed") && *value)
            o.seed = strtoull(argv[++i], NULL, 10);
        else {
            fprintf(stderr, "usage: test_ops [--isa NAME | --backend ref|cpu] [--seed N] [--bench] "
                            "[--list] [NAME ...]\n");
            exit(2);
        }
    }
    o.names = argv + i;
    o.name_count = argc - i;
    return o;
}

/* Every path this machine has, each once. */
static void test_all_paths(const options *o)
{
    const cohl_backend *done[8] = { cohl_backend_cpu(NULL) };
    int count = 1;
    test_backend(done[0], o);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const cohl_backend *backend = cohl_backend_cpu(isas[i]);
        bool known = !backend;
        for (int n = 0; n < count; n++)
            known |= done[n] == backend;
        if (!known)
            test_backend(done[count++] = backend, o);
    }
}

int main(int argc, char **argv)
{
    options o = read_options(argc, argv);
    const cohl_backend *asked = o.only_ref ? &cohl_backend_ref : cohl_backend_cpu(o.isa);
    if (o.list) {
        each_case(&o, list_case);
        return 0;
    }
    if (!asked) {
        printf("this machine or build has no path \"%s\"\n", o.isa ? o.isa : "cpu");
        return EXIT_SKIPPED;
    }
    if (o.bench) {
        bench_backend(asked, &o);
        return 0;
    }
    machine_open(&reference, &cohl_backend_ref, 1);
    each_case(&o, differences_case);
    if (o.isa || o.only_ref)
        test_backend(asked, &o);
    else
        test_all_paths(&o);
    machine_close(&reference);
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
