/* golden_taehv.c - records of TAEHV: encode, and decode frame by frame. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "golden.h"
#include "model/taehv.h"
#include "tensor/ops.h"

/* A tensor [T, C, H, W] of the file, values times factor plus shift, on the device as [T, H, W, C]. */
static cohl_tensor *upload(golden *g, float factor, float shift, const char *format, int i)
{
    const cohl_weight *w;
    float *file = golden_values(g, &w, format, i);
    for (size_t k = 0; file && k < w->count; k++)
        file[k] = file[k] * factor + shift;
    cohl_tensor *x = file ? cohl_tensor_upload(g->ctx, file, COHL_F32, 4, w->dim) : NULL;
    free(file);
    return x ? cohl_permute(g->ctx, x, (int[]){ 0, 2, 3, 1 }) : NULL;
}

/* values * factor + shift within low..high against the file's. */
static void compare(golden *g, cohl_tensor *x, float factor, float shift, float low, float high, const char *name,
                    double tolerance)
{
    const cohl_weight *w;
    float *want = golden_values(g, &w, "%s", name);
    x = x ? cohl_permute(g->ctx, x, (int[]){ 0, 3, 1, 2 }) : NULL;
    if (!x || !want || (size_t)cohl_tensor_count(x) != w->count) {
        cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "%s is missing or has another size", name);
    } else {
        float *got = malloc(w->count * sizeof *got);
        cohl_tensor_download(g->ctx, got, x);
        for (size_t k = 0; k < w->count; k++)
            got[k] = fminf(fmaxf(got[k] * factor + shift, low), high);
        golden_compare(g, name, got, want, w->count, tolerance, 1);
        free(got);
    }
    free(want);
}

static cohl_tensor *decode(golden *g, const cohl_taehv *taehv, cohl_tensor *latent)
{
    cohl_taehv_stream *stream = NULL;
    cohl_tensor *part[64] = { 0 };
    int parts = 0;
    if (!latent || cohl_taehv_stream_open(&stream, g->ctx, taehv, &g->why))
        return NULL;
    for (int64_t at = 0; at < latent->dim[0] && parts < 64; at++)
        part[parts++] = cohl_taehv_stream_next(stream, cohl_slice(g->ctx, latent, 0, at, 1));
    cohl_taehv_stream_close(stream);
    return cohl_concat(g->ctx, part, parts, 0);
}

static void run_case(golden *g, const cohl_taehv *taehv, int i, double tolerance)
{
    char latent[48], recon[48];
    snprintf(latent, sizeof latent, "case%d.latent", i);
    snprintf(recon, sizeof recon, "case%d.recon", i);
    cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
    cohl_tensor *video = upload(g, 2, -1, "case%d.video", i);
    if (video)
        compare(g, cohl_taehv_encode(g->ctx, taehv, video), 1, 0, -1e30f, 1e30f, latent, tolerance);
    compare(g, decode(g, taehv, upload(g, 1, 0, "case%d.latent", i)), 0.5f, 0.5f, 0, 1, recon, tolerance);
    cohl_ctx_release(g->ctx, mark);
}

cohl_status golden_taehv(golden *g, cohl_error *err)
{
    cohl_weights *weights = NULL;
    cohl_taehv_config config;
    cohl_taehv *taehv = NULL;
    cohl_status st;
    double tolerance = golden_number(json_object_get(g->config, "tolerance"), "maxabs_f32", 2e-5);

    if ((st = golden_weights(&weights, g, "weights.safetensors", err)))      goto done;
    if ((st = cohl_taehv_config_infer(&config, weights, err)))               goto done;
    if ((st = cohl_taehv_new(&taehv, &config, err)))                         goto done;
    if ((st = golden_load(g, &taehv->params, "weights.safetensors", err)))   goto done;
    for (size_t i = 0; i < json_array_size(json_object_get(g->config, "cases")); i++)
        run_case(g, taehv, (int)i, tolerance);
    st = cohl_ctx_status(g->ctx, err);
done:
    cohl_taehv_free(taehv);
    cohl_weights_close(weights);
    return st;
}
