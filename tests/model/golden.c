/* golden.c - reading records and comparing with them. */
#include "golden.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static double largest_difference(const float *got, const float *want, size_t count)
{
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)got[i] - want[i]);
        if (!(d <= worst))
            worst = isnan(d) ? INFINITY : d;
    }
    return worst;
}

static double relative_rms(const float *got, const float *want, size_t count)
{
    double difference = 0, size = 1e-30;
    for (size_t i = 0; i < count; i++) {
        double d = (double)got[i] - want[i];
        difference += d * d;
        size += (double)want[i] * want[i];
    }
    return isnan(difference) ? INFINITY : sqrt(difference / size);
}

void golden_compare(golden *g, const char *what, const float *got, const float *want, size_t count,
                    double tolerance, int passes)
{
    double error = g->dtype != COHL_F32 ? relative_rms(got, want, count) : largest_difference(got, want, count);
    if (g->dtype != COHL_F32)
        tolerance = (g->dtype == COHL_Q8 ? 0.04 : 0.015) * passes;
    if (!g->compared++ || error / tolerance > g->error / g->tolerance) {
        g->error = error;
        g->tolerance = tolerance;
        snprintf(g->worst_text, sizeof g->worst_text, "%s", what);
        g->worst = g->worst_text;
    }
}

static float *values(const golden *g, const cohl_weight **weight, const char *name)
{
    const cohl_weight *w = cohl_safetensors_find(g->io, name);
    float *out = w ? malloc((w->count + 1) * sizeof *out) : NULL;
    if (out)
        cohl_weight_read_f32(w, 0, w->count, out);
    if (weight)
        *weight = w;
    return out;
}

float *golden_values(const golden *g, const cohl_weight **weight, const char *format, ...)
{
    char name[96];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return values(g, weight, name);
}

static float *turned(const float *x, const int64_t *dim, bool last)
{
    int64_t channels = dim[0], cells = dim[1] * dim[2] * dim[3];
    float *out = malloc((size_t)(channels * cells) * sizeof *out);
    for (int64_t c = 0; c < channels && out; c++)
        for (int64_t i = 0; i < cells; i++)
            *(last ? &out[i * channels + c] : &out[c * cells + i]) = last ? x[c * cells + i] : x[i * channels + c];
    return out;
}

float *golden_channels_last(const float *x, const int64_t *dim) { return turned(x, dim, true); }
float *golden_channels_first(const float *x, const int64_t *dim) { return turned(x, dim, false); }

cohl_tensor *golden_upload(const golden *g, const char *format, ...)
{
    char name[96];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const cohl_weight *w;
    float *file = values(g, &w, name), *ours = file ? golden_channels_last(file, w->dim) : NULL;
    cohl_tensor *t = NULL;
    if (ours)
        t = cohl_tensor_upload(g->ctx, ours, COHL_F32, 4, (int64_t[]){ w->dim[1], w->dim[2], w->dim[3], w->dim[0] });
    free(file);
    free(ours);
    return t;
}

void golden_compare_clip(golden *g, const cohl_tensor *got, const char *name, double tolerance, int passes)
{
    const cohl_weight *w;
    float *want = values(g, &w, name);
    if (!got || !want || got->rank != 4 || (size_t)cohl_tensor_count(got) != w->count) {
        cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "%s is missing or has another size", name);
        free(want);
        return;
    }
    float *ours = malloc(w->count * sizeof *ours);
    cohl_tensor_download(g->ctx, ours, got);
    float *theirs = golden_channels_last(want, w->dim);
    golden_compare(g, name, ours, theirs, w->count, tolerance, passes);
    free(theirs);
    free(ours);
    free(want);
}

double golden_number(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

cohl_status golden_config(cohl_config **out, const golden *g, const char *key, cohl_error *err)
{
    const json_t *object = key ? json_object_get(g->config, key) : g->config;
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!text)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: config.json has no \"%s\"", g->folder, key ? key : "");
    cohl_status st = cohl_config_parse(out, g->folder, text, strlen(text), err);
    free(text);
    return st;
}

cohl_status golden_weights(cohl_weights **out, const golden *g, const char *file, cohl_error *err)
{
    char *path = cohl_path_join(g->folder, file), *manifest = cohl_path_join(g->folder, "manifest.tsv");
    const json_t *seed = json_object_get(g->config, "hash_seed");
    cohl_status st;
    if (!cohl_file_exists(path) && cohl_file_exists(manifest))
        st = cohl_weights_open_procedural(out, manifest, (uint64_t)json_integer_value(seed), err);
    else
        st = cohl_weights_open(out, path, err);
    free(path);
    free(manifest);
    return st;
}

cohl_status golden_load(golden *g, cohl_params *params, const char *file, cohl_error *err)
{
    cohl_params_use use = { .dtype = g->dtype };
    cohl_weights *weights;
    cohl_status st = golden_weights(&weights, g, file, err);
    if (st)
        return st;
    if (!(st = cohl_params_alloc(params, g->ctx, &use, err)))
        st = cohl_params_load(params, weights, COHL_SURPLUS_REFUSED, err);
    cohl_weights_close(weights);
    return st;
}
