/* golden_text.c - records of the UMT5 encoder: each case's prompts packed, and the table of
 * relative positions; with the parameters held, and layer by layer out of the file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "model/text_encoder.h"

enum { PROMPTS_MAX = 64 };

/* rel_bucket holds the bucket of the offsets -n to n. */
static void compare_buckets(golden *g, const cohl_text_encoder_config *c)
{
    const cohl_weight *w;
    float *want = golden_values(g, &w, "rel_bucket"), *got = want ? malloc(w->count * sizeof *got) : NULL;
    if (got) {
        int reach = (int)(w->count / 2);
        for (int i = 0; i < (int)w->count; i++)
            got[i] = (float)cohl_text_bucket(i - reach, c->num_buckets, c->max_distance);
        golden_compare(g, "rel_bucket", got, want, w->count, 1e-9, 1);
    }
    free(got);
    free(want);
}

/* The real tokens of ids [prompts, width], packed; mask NULL = all are real. */
static int pack(int32_t *out, int *length, const float *ids, const float *mask, int prompts, int width)
{
    int count = 0;
    for (int b = 0; b < prompts; b++) {
        length[b] = 0;
        for (int k = b * width; k < (b + 1) * width; k++)
            if (!mask || mask[k] != 0) {
                out[count++] = (int32_t)ids[k];
                length[b]++;
            }
    }
    return count;
}

/* states [rows, dim] against want [prompts, want_width, dim]: the rows of real tokens. */
static void compare(golden *g, int i, const char *how, const float *states, const float *want, const int *length, int prompts,
                    int want_width, int dim)
{
    char what[48];
    size_t rows = 0;
    double largest = 1;
    snprintf(what, sizeof what, "case%d.out, %s", i, how);
    for (int b = 0; b < prompts; b++)
        rows += (size_t)length[b];
    float *real = malloc(rows * (size_t)dim * sizeof *real), *at = real;
    for (int b = 0; b < prompts; b++) {
        memcpy(at, want + (size_t)b * (size_t)want_width * (size_t)dim, (size_t)length[b] * (size_t)dim * sizeof *at);
        at += (size_t)length[b] * (size_t)dim;
    }
    for (size_t k = 0; k < rows * (size_t)dim; k++)
        largest = fmax(largest, fabsf(real[k]));
    double tolerance = golden_number(json_object_get(g->config, "tolerance"), "out_maxabs_f32", 2e-5);
    golden_compare(g, what, states, real, rows * (size_t)dim, tolerance * largest, 1);
    free(real);
}

/* "case0.ids", or plain "ids" in a record of one case. */
static float *case_values(const golden *g, const cohl_weight **w, int i, const char *what)
{
    float *found = golden_values(g, w, "case%d.%s", i, what);
    return found || i ? found : golden_values(g, w, "%s", what);
}

static void run_case(golden *g, const cohl_text_encoder *encoder, int i)
{
    const cohl_weight *shape, *out_shape;
    const char *how = encoder->weights ? "layer by layer" : "held";
    float *ids = case_values(g, &shape, i, "ids"), *mask = case_values(g, NULL, i, "mask");
    float *want = case_values(g, &out_shape, i, "out");
    int length[PROMPTS_MAX], dim = encoder->config.dim;
    if (ids && want && shape->rank == 2 && shape->dim[0] <= PROMPTS_MAX) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
        int prompts = (int)shape->dim[0];
        int32_t *packed = malloc(shape->count * sizeof *packed);
        int rows = pack(packed, length, ids, mask, prompts, (int)shape->dim[1]);
        float *states = malloc((size_t)rows * (size_t)dim * sizeof *states);
        cohl_tensor *x = cohl_text_encode(g->ctx, encoder, packed, length, prompts);
        cohl_tensor_download(g->ctx, states, x);
        if (x)
            compare(g, i, how, states, want, length, prompts, (int)out_shape->dim[out_shape->rank - 2], dim);
        free(states);
        free(packed);
        cohl_ctx_release(g->ctx, mark);
    } else {
        cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "case%d has no ids or no out", i);
    }
    free(ids);
    free(mask);
    free(want);
}

static cohl_status run_cases(golden *g, const cohl_text_encoder_config *config, bool held, cohl_error *err)
{
    size_t cases = json_array_size(json_object_get(g->config, "cases"));
    cohl_text_encoder *encoder = NULL;
    cohl_weights *weights = NULL;
    cohl_status st = cohl_text_encoder_new(&encoder, config, err);
    if (!st && held)
        st = golden_load(g, &encoder->params, "weights.safetensors", err);
    else if (!st && !(st = golden_weights(&weights, g, "weights.safetensors", err)))
        st = cohl_text_encoder_stream(encoder, g->ctx, weights, g->dtype, NULL, err);
    for (size_t i = 0; !st && i < (cases ? cases : 1); i++)
        run_case(g, encoder, (int)i);
    cohl_text_encoder_free(encoder);
    cohl_weights_close(weights);
    return st ? st : cohl_ctx_status(g->ctx, err);
}

cohl_status golden_text_encoder(golden *g, cohl_error *err)
{
    enum { VOCAB_HELD = 100000 };   /* a real one is too large to hold for a test */
    cohl_config *json = NULL;
    cohl_text_encoder_config config;
    cohl_status st = golden_config(&json, g, NULL, err);
    if (!st)
        st = cohl_text_encoder_config_read(&config, json, err);
    cohl_config_close(json);
    if (st)
        return st;
    compare_buckets(g, &config);
    if (config.vocab < VOCAB_HELD)
        st = run_cases(g, &config, true, err);
    return st ? st : run_cases(g, &config, false, err);
}
