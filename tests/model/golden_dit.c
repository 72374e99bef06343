/* golden_dit.c - records of the Wan transformer: one case alone, and all cases as one pack. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "model/dit.h"
#include "tensor/ops.h"

enum { CASES_MAX = 32 };

/* One case on the host, cells channels last. */
typedef struct dit_case {
    int64_t  dim[4];                      /* of x (and y) in the file: [C, F, H, W] */
    float   *latent, *text, *out, *time;  /* [cells, C], [length, text_dim], as in the file, [tokens] */
    float   *image, *control;             /* [image_tokens, image_dim], [cells, control_dim], or NULL */
    int      length, cells, tokens, image_tokens;
    float    control_scale;
} dit_case;

static void free_case(dit_case *c)
{
    free(c->latent);
    free(c->text);
    free(c->out);
    free(c->time);
    free(c->image);
    free(c->control);
}

/* "case0.x", or plain "x" in a record of one case. */
static float *case_values(const golden *g, const cohl_weight **w, int i, const char *what)
{
    float *found = golden_values(g, w, "case%d.%s", i, what);
    return found || i ? found : golden_values(g, w, "%s", what);
}

/* The file has one time for all or one a token; here it is always one a token. */
static float *token_times(const golden *g, int i, int tokens)
{
    const cohl_weight *w;
    float *given = case_values(g, &w, i, "t"), *out = malloc((size_t)tokens * sizeof *out);
    for (int k = 0; k < tokens && given && out; k++)
        out[k] = given[w->count == (size_t)tokens ? k : 0];
    free(given);
    return out;
}

/* x, with the conditioning channels y behind its own where the record has them. */
static float *read_latent(const golden *g, int i, int64_t *dim)
{
    const cohl_weight *x, *y;
    float *own = case_values(g, &x, i, "x"), *more = case_values(g, &y, i, "y"), *all = NULL;
    if (own && x->rank == 4) {
        size_t extra = more ? y->count : 0;
        all = malloc((x->count + extra) * sizeof *all);
        memcpy(all, own, x->count * sizeof *all);
        if (more)
            memcpy(all + x->count, more, extra * sizeof *all);
        memcpy(dim, x->dim, 4 * sizeof *dim);
        dim[0] += more ? y->dim[0] : 0;
    }
    free(own);
    free(more);
    return all;
}

/* What some networks are given beside text: an image's tokens, a control latent. */
static void read_conditions(dit_case *c, const golden *g, int i)
{
    const cohl_weight *image, *control;
    float *file = case_values(g, &control, i, "vace_context");
    c->image = case_values(g, &image, i, "clip_fea");
    c->image_tokens = c->image ? (int)image->dim[1] : 0;
    c->control = file ? golden_channels_last(file, control->dim) : NULL;
    c->control_scale = (float)golden_number(json_array_get(json_object_get(g->config, "cases"), (size_t)i), "scale", 1);
    free(file);
}

static bool read_case(dit_case *c, const golden *g, int i)
{
    const cohl_weight *text;
    int64_t dim[4] = { 0 };
    float *file = read_latent(g, i, dim);
    *c = (dit_case){ .text = case_values(g, &text, i, "context"),
                     .out = case_values(g, NULL, i, "out") };
    if (file && c->text && c->out && text->rank == 2) {
        memcpy(c->dim, dim, sizeof dim);
        c->latent = golden_channels_last(file, dim);
        c->length = (int)text->dim[0];
        c->cells = (int)(dim[1] * dim[2] * dim[3]);
        c->tokens = c->cells / 4;
        c->time = token_times(g, i, c->tokens);
        read_conditions(c, g, i);
    }
    free(file);
    return c->latent && c->time;
}

/* Times for each latent frame, where the tokens of each frame agree. */
static bool frame_times(const dit_case *c, float *out)
{
    int frames = (int)c->dim[1], each = c->tokens / frames;
    for (int f = 0; f < frames; f++)
        for (int k = 0; k < each; k++)
            if (c->time[f * each + k] != c->time[f * each])
                return false;
            else
                out[f] = c->time[f * each];
    return true;
}

/* The output of one case as the file has it: [C, F, H, W]. */
static void compare(golden *g, const dit_case *c, const float *velocity, const char *how, int i, int channels)
{
    char what[64];
    double largest = 1;
    int64_t dim[4] = { channels, c->dim[1], c->dim[2], c->dim[3] };
    size_t count = (size_t)c->cells * (size_t)channels;
    float *got = golden_channels_first(velocity, dim);
    for (size_t k = 0; k < count; k++)
        largest = fmax(largest, fabsf(c->out[k]));
    snprintf(what, sizeof what, "case%d.out, %s", i, how);
    double tolerance = golden_number(json_object_get(g->config, "tolerance"), "out_maxabs_f32", 2e-5);
    golden_compare(g, what, got, c->out, count, tolerance * largest, 1);
    free(got);
}

/* Those of the first case: a pack is made of cases that have none. */
static void add_conditions(cohl_dit_request *request, cohl_ctx *ctx, const cohl_dit_config *config, const dit_case *c)
{
    if (c->image)
        request->image = cohl_tensor_upload(ctx, c->image, COHL_F32, 2, (int64_t[]){ c->image_tokens, config->image_dim });
    if (c->control)
        request->control = cohl_tensor_upload(ctx, c->control, COHL_F32, 2,
                                              (int64_t[]){ c->cells, config->control_dim });
    request->control_scale = c->control_scale;
}

static void run(golden *g, const cohl_dit *dit, const dit_case *c, int count, const char *how, int first,
                bool per_token)
{
    cohl_ctx *ctx = g->ctx;
    const cohl_dit_config *config = &dit->config;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_dit_sample sample[CASES_MAX];
    cohl_tensor *latent[CASES_MAX], *text[CASES_MAX];
    int rows = 0, cells = 0, times = 0;
    for (int i = 0; i < count; i++) {
        sample[i] = (cohl_dit_sample){ (int)c[i].dim[1], (int)c[i].dim[2], (int)c[i].dim[3], rows, c[i].length };
        latent[i] = cohl_tensor_upload(ctx, c[i].latent, COHL_F32, 2, (int64_t[]){ c[i].cells, config->in_dim });
        text[i] = cohl_tensor_upload(ctx, c[i].text, COHL_F32, 2, (int64_t[]){ c[i].length, config->text_dim });
        rows += c[i].length;
        cells += c[i].cells;
    }
    cohl_dit_request request = { .sample = sample, .sample_count = count, .text = cohl_concat(ctx, text, count, 0),
                                 .time_per_token = per_token };
    add_conditions(&request, ctx, config, c);
    cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &request);
    float *time = malloc((size_t)cells * sizeof *time);
    for (int i = 0; i < count; i++) {
        if (per_token)
            memcpy(time + times, c[i].time, (size_t)c[i].tokens * sizeof *time);
        else
            frame_times(&c[i], time + times);
        times += per_token ? c[i].tokens : sample[i].frames;
    }
    cohl_tensor *velocity = cohl_dit_forward(ctx, dit, clip, cohl_concat(ctx, latent, count, 0), time);
    float *host = malloc((size_t)cells * (size_t)config->out_dim * sizeof *host), *at = host;
    cohl_tensor_download(ctx, host, velocity);
    for (int i = 0; i < count && velocity; i++, at += (size_t)c[i - 1].cells * (size_t)config->out_dim)
        compare(g, &c[i], at, how, first + i, config->out_dim);
    free(time);
    free(host);
    cohl_ctx_release(ctx, mark);
}

static cohl_status run_cases(golden *g, const cohl_dit *dit, cohl_error *err)
{
    int count = (int)json_array_size(json_object_get(g->config, "cases")), read = 0;
    count += json_object_get(g->config, "case") != NULL;
    dit_case c[CASES_MAX] = { 0 };
    float times[4096];
    bool by_frame = true;
    if (count > CASES_MAX)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "more than %d cases", CASES_MAX);
    while (read < count && read_case(&c[read], g, read))
        by_frame = frame_times(&c[read], times) && by_frame, read++;
    for (int i = 0; i < read; i++) {
        run(g, dit, &c[i], 1, "a time for each token", i, true);
        if (by_frame)
            run(g, dit, &c[i], 1, "a time for each frame", i, false);
    }
    if (by_frame && read == count && count > 1 && !c->image && !c->control)
        run(g, dit, c, count, "all cases packed", 0, false);
    for (int i = 0; i < count; i++)
        free_case(&c[i]);
    if (read < count)
        return cohl_fail(err, COHL_ERR_FORMAT, "case%d has no x, t, context or out", read);
    return cohl_ctx_status(g->ctx, err);
}

cohl_status golden_dit(golden *g, cohl_error *err)
{
    cohl_config *json = NULL;
    cohl_dit_config config;
    cohl_dit *dit = NULL;
    cohl_status st;

    if ((st = golden_config(&json, g, NULL, err)))                       goto done;
    if ((st = cohl_dit_config_read(&config, json, err)))                 goto done;
    if ((st = cohl_dit_new(&dit, &config, err)))                         goto done;
    if ((st = golden_load(g, &dit->params, "weights.safetensors", err))) goto done;
    st = run_cases(g, dit, err);
done:
    cohl_dit_free(dit);
    cohl_config_close(json);
    return st;
}
