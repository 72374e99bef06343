/* golden_latent.c - a clip of real latents: its statistics, and what the autoencoder's stream makes of
 * them against the whole clip at once. There are no weights with it, so those of the record beside it
 * (wan-vae-tiny) decode a corner of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "golden.h"
#include "tensor/ops.h"

enum { CORNER = 6, PIECES_MAX = 64 };

/* Mean and deviation of each channel and of all, as config.json rounds them: the error is at most
 * half a unit of its last place. */
static void compare_statistics(golden *g, const float *x, const int64_t *dim)
{
    static const char *const keys[] = { "channel_mean", "channel_std" };
    int64_t channels = dim[0], cells = dim[1] * dim[2] * dim[3];
    float *got[2] = { malloc((size_t)channels * sizeof **got), malloc((size_t)channels * sizeof **got) };
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < cells; i++)
            sum += x[c * cells + i], squares += (double)x[c * cells + i] * x[c * cells + i];
        got[0][c] = (float)(sum / (double)cells);
        got[1][c] = (float)sqrt((squares - sum * sum / (double)cells) / (double)(cells - 1));
    }
    for (int k = 0; k < 2; k++) {
        float *want = malloc((size_t)channels * sizeof *want);
        for (int64_t c = 0; c < channels; c++)
            want[c] = (float)json_number_value(json_array_get(json_object_get(g->config, keys[k]), (size_t)c));
        golden_compare(g, keys[k], got[k], want, (size_t)channels, 6e-5, 1);
        free(want);
        free(got[k]);
    }
}

static cohl_tensor *corner(golden *g)
{
    cohl_tensor *x = cohl_slice(g->ctx, golden_upload(g, "latent"), 1, 0, CORNER);
    return cohl_slice(g->ctx, x, 2, 0, CORNER);
}

static cohl_tensor *in_pieces(golden *g, const cohl_vae *vae, cohl_tensor *latent)
{
    cohl_vae_stream *stream = NULL;
    cohl_tensor *part[PIECES_MAX];
    int parts = 0;
    if (!latent || cohl_vae_stream_open(&stream, g->ctx, vae, COHL_VAE_DECODE, &g->why))
        return NULL;
    for (int64_t at = 0; at < latent->dim[0] && parts < PIECES_MAX; at++)
        part[parts++] = cohl_vae_stream_next(stream, cohl_slice(g->ctx, latent, 0, at, 1));
    cohl_vae_stream_close(stream);
    return cohl_concat(g->ctx, part, parts, 0);
}

static void compare_decoding(golden *g, const cohl_vae *vae)
{
    cohl_tensor *latent = corner(g), *whole = cohl_vae_decode(g->ctx, vae, latent), *pieces = in_pieces(g, vae, latent);
    if (!whole || !pieces)
        return;
    size_t count = (size_t)cohl_tensor_count(whole);
    float *want = malloc(count * sizeof *want), *got = malloc(count * sizeof *got);
    cohl_tensor_download(g->ctx, want, whole);
    cohl_tensor_download(g->ctx, got, pieces);
    golden_compare(g, "pieces of the decoding", got, want, count, 3e-5, 1);
    free(want);
    free(got);
}

/* The record beside this one, as far as an autoencoder needs it. */
static cohl_status decode(golden *g, const char *folder, cohl_error *err)
{
    char *path = cohl_path_join(folder, "config.json");
    golden beside = *g;
    cohl_vae_config config;
    cohl_vae *vae = NULL;
    cohl_status st = COHL_OK;
    json_t *json = path ? json_load_file(path, 0, NULL) : NULL;
    beside.folder = folder, beside.config = json;
    free(path);
    if (!json)
        return cohl_fail(err, COHL_ERR_IO, "%s: no such record", folder);
    if (!(st = golden_vae_config(&config, &beside, NULL, err)) && !(st = cohl_vae_new(&vae, &config, err)) &&
        !(st = golden_load(&beside, &vae->params, "weights.safetensors", err)))
        compare_decoding(g, vae);
    cohl_vae_free(vae);
    json_decref(json);
    return st;
}

cohl_status golden_latent(golden *g, cohl_error *err)
{
    const cohl_weight *w;
    float *x = golden_values(g, &w, "latent");
    char *folder = cohl_path_join(g->folder, "../wan-vae-tiny");
    cohl_status st = COHL_OK;
    if (!x || w->rank != 4 || !folder)
        st = cohl_fail(err, COHL_ERR_FORMAT, "latent.safetensors has no latent [C, F, H, W]");
    else
        compare_statistics(g, x, w->dim);
    if (!st)
        st = decode(g, folder, err);
    free(folder);
    free(x);
    return st ? st : cohl_ctx_status(g->ctx, err);
}
