/* golden_film.c - records of whole pipelines: token ids to text states, what is given of the film to
 * what the network is told, guided denoising, and frames. The run is cohl_sample_latents, as films
 * are made. A record that says "without_vae" begins at the image's latent and ends at the clip's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "model/condition.h"
#include "model/image_encoder.h"
#include "model/picture.h"
#include "model/sample.h"
#include "tensor/ops.h"

enum { FRAMES_MAX = 64, IDS_MAX = 1024 };

typedef struct pipeline {
    golden            *g;
    cohl_text_encoder *text;
    cohl_dit          *dit;
    cohl_vae          *vae;
    cohl_weights      *image_weights;
    cohl_image_encoder *image;      /* NULL where the record has none */
    int64_t            dim[4];      /* of the latent in the file: [C, F, H, W] */
    size_t             count;       /* values of a latent */
    double             tolerance;
    int32_t            id[IDS_MAX];
    int                length[2];   /* the prompt's ids, then its counterpart's */
    float             *start, *known, *condition, *tokens;   /* what the request points at */
    float              level[FRAMES_MAX];
} pipeline;

/* ---- networks ------------------------------------------------------------ */

static cohl_status load_vae(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    cohl_vae_config config;
    cohl_status st;

    if ((st = golden_vae_config(&config, g, "vae", err)) || (st = cohl_vae_new(&p->vae, &config, err)))
        return st;
    return golden_load(g, &p->vae->params, "vae.safetensors", err);
}

static cohl_status load_image(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    cohl_config *json = NULL;
    cohl_image_encoder_config config;
    cohl_status st = golden_config(&json, g, "clip", err);
    if (!st) st = cohl_image_encoder_config_read(&config, json, err);
    if (!st) st = golden_weights(&p->image_weights, g, "clip.safetensors", err);
    if (!st) st = cohl_image_encoder_open(&p->image, &config, g->ctx, p->image_weights,
                                          g->dtype, err);
    cohl_config_close(json);
    return st;
}

/* The networks by their parts of config.json. */
static cohl_status load_networks(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    cohl_config *text = NULL, *dit = NULL;
    cohl_text_encoder_config text_config;
    cohl_dit_config dit_config;
    cohl_status st;

    if ((st = golden_config(&text, g, "t5", err)))                              goto done;
    if ((st = golden_config(&dit, g, "dit", err)))                              goto done;
    if ((st = cohl_text_encoder_config_read(&text_config, text, err)))          goto done;
    if ((st = cohl_dit_config_read(&dit_config, dit, err)))                     goto done;
    if ((st = cohl_text_encoder_new(&p->text, &text_config, err)))              goto done;
    if ((st = cohl_dit_new(&p->dit, &dit_config, err)))                         goto done;
    if ((st = golden_load(g, &p->text->params, "t5.safetensors", err)))         goto done;
    if ((st = golden_load(g, &p->dit->params, "dit.safetensors", err)))         goto done;
    if (!json_is_true(json_object_get(g->config, "without_vae")) && (st = load_vae(p, err)))
        goto done;
    if (json_object_get(g->config, "clip"))
        st = load_image(p, err);
done:
    cohl_config_close(text);
    cohl_config_close(dit);
    return st;
}

static void free_pipeline(pipeline *p)
{
    cohl_text_encoder_free(p->text);
    cohl_dit_free(p->dit);
    cohl_vae_free(p->vae);
    cohl_image_encoder_close(p->image);
    cohl_weights_close(p->image_weights);
    free(p->start);
    free(p->known);
    free(p->condition);
    free(p->tokens);
}

/* ---- text ---------------------------------------------------------------- */

static const char *const BRANCHES[] = { "cond", "uncond" };

static void read_ids(pipeline *p)
{
    int count = 0;
    for (int i = 0; i < 2; i++) {
        const cohl_weight *w;
        float *ids = golden_values(p->g, &w, "ids_%s", BRANCHES[i]);
        float *mask = golden_values(p->g, NULL, "mask_%s", BRANCHES[i]);
        for (size_t k = 0; ids && k < w->count && count < IDS_MAX; k++)
            if (!mask || mask[k] != 0) {
                p->id[count++] = (int32_t)ids[k];
                p->length[i]++;
            }
        if (!p->length[i])
            cohl_ctx_fail(p->g->ctx, COHL_ERR_FORMAT, "no ids_%s", BRANCHES[i]);
        free(ids);
        free(mask);
    }
}

static void compare_text(pipeline *p)
{
    golden *g = p->g;
    cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
    int rows = p->length[0] + p->length[1], dim = p->text->config.dim;
    cohl_tensor *states = cohl_ctx_fine(g->ctx) ? cohl_text_encode(g->ctx, p->text, p->id, p->length, 2) : NULL;
    float *host = malloc((size_t)rows * (size_t)dim * sizeof *host), *at = host;
    cohl_tensor_download(g->ctx, host, states);
    for (int i = 0; i < 2 && states; at += (size_t)p->length[i++] * (size_t)dim) {
        float *want = golden_values(g, NULL, "ctx_%s", BRANCHES[i]);
        if (want)
            golden_compare(g, i ? "ctx_uncond" : "ctx_cond", at, want, (size_t)p->length[i] * (size_t)dim, p->tolerance, 1);
        free(want);
    }
    free(host);
    cohl_ctx_release(g->ctx, mark);
}

/* ---- what is given ------------------------------------------------------- */

/* Values of io's `image` [3, H, W] as [H, W, 3], or NULL. */
static float *read_image(pipeline *p, int *width, int *height)
{
    const cohl_weight *w;
    float *file = golden_values(p->g, &w, "image"), *rgb = NULL;
    if (file && w->rank == 3) {
        *height = (int)w->dim[1], *width = (int)w->dim[2];
        rgb = golden_channels_last(file, (int64_t[]){ 3, 1, *height, *width });
    }
    free(file);
    return rgb;
}

/* The image's latent as frame 0 of a clip of zeros, which stays as it is. */
static void hold_image(pipeline *p)
{
    golden *g = p->g;
    int width, height;
    cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
    cohl_tensor *latent = golden_upload(g, "image_latent");
    float *rgb = p->vae ? read_image(p, &width, &height) : NULL;
    if (rgb) {
        latent = cohl_vae_encode(g->ctx, p->vae,
                                 cohl_tensor_upload(g->ctx, rgb, COHL_F32, 4, (int64_t[]){ 1, height, width, 3 }));
        golden_compare_clip(g, latent, "image_latent", p->tolerance, 1);
    }
    p->known = calloc(p->count, sizeof *p->known);
    cohl_tensor_download(g->ctx, p->known, latent);
    p->level[0] = 0;
    free(rgb);
    cohl_ctx_release(g->ctx, mark);
}

/* Ours [rows, channels] against io's [channels, rows ...]. */
static void compare_channels(pipeline *p, const char *name, const float *ours)
{
    const cohl_weight *w;
    float *want = golden_values(p->g, &w, "%s", name);
    if (want) {
        int64_t dim[4] = { w->dim[0], 1, 1, (int64_t)w->count / w->dim[0] };
        float *got = golden_channels_first(ours, dim);
        golden_compare(p->g, name, got, want, w->count, p->tolerance, 1);
        free(got);
    }
    free(want);
}

static void compare_tokens(pipeline *p, const float *rgb, int width, int height)
{
    golden *g = p->g;
    const cohl_weight *w;
    float *want = golden_values(g, &w, "clip_fea");
    cohl_tensor *tokens = cohl_image_encode(g->ctx, p->image, rgb, width, height);
    if (tokens && want && w->count == (size_t)cohl_tensor_count(tokens)) {
        p->tokens = malloc(w->count * sizeof *p->tokens);
        cohl_tensor_download(g->ctx, p->tokens, tokens);
        golden_compare(g, "clip_fea", p->tokens, want, w->count, p->tolerance, 1);
    }
    free(want);
}

/* The image as tokens, and as the first frame of a grey clip beside the sample. */
static cohl_status show_image(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    int width = 0, height = 0, space = cohl_vae_space(&p->vae->config);
    int film_height = (int)p->dim[2] * space, film_width = (int)p->dim[3] * space;
    const float *frame[1 + FRAMES_MAX * COHL_VAE_TIME] = { 0 };
    float *rgb = read_image(p, &width, &height), *fitted = malloc((size_t)film_height * (size_t)film_width * 3 * sizeof *fitted);
    int channels = cohl_condition_image_channels(p->vae->config.z_dim);
    p->condition = malloc(p->count / (size_t)p->dim[0] * (size_t)channels * sizeof *p->condition);
    if (!rgb || !fitted || !p->condition) {
        free(rgb);
        free(fitted);
        return cohl_fail(err, COHL_ERR_FORMAT, "io.safetensors has no image [3, H, W]");
    }
    compare_tokens(p, rgb, width, height);
    cohl_picture_resize(fitted, film_width, film_height, rgb, width, height);
    compare_channels(p, "cond_frame", fitted);
    frame[0] = fitted;
    cohl_given_clip clip = { 1 + COHL_VAE_TIME * ((int)p->dim[1] - 1), film_width, film_height, frame };
    cohl_status st = cohl_condition_image(g->ctx, p->vae, &clip, p->condition, err);
    if (!st)
        compare_channels(p, "y", p->condition);
    free(rgb);
    free(fitted);
    return st;
}

/* ---- the run ------------------------------------------------------------- */

/* Two passes a step; the latent holds the steps before too. */
static void compare_latent(pipeline *p, const char *name, const float *x, int steps)
{
    float *want = golden_values(p->g, NULL, "%s", name), *ours = golden_channels_first(x, p->dim);
    if (want)
        golden_compare(p->g, name, ours, want, p->count, p->tolerance, 2 * steps);
    free(ours);
    free(want);
}

static cohl_status after_step(void *data, int step, int steps, const float *x, const float *clean, cohl_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "step%d.latent", step - 1);
    compare_latent(data, name, x, step);
    if (step == steps)
        compare_latent(data, "latent_final", x, step);
    return COHL_OK;
}

static cohl_status sample(pipeline *p, float *x, cohl_error *err)
{
    const json_t *config = p->g->config;
    cohl_schedule schedule;
    cohl_status st = cohl_schedule_make(&schedule, cohl_schedule_kind_find("unipc"),
                                        (int)golden_number(config, "steps", 0), golden_number(config, "shift", 5), err);
    if (st)
        return st;
    cohl_sample_request r = {
        .text = p->text, .dit = p->dit, .id = p->id, .id_count = p->length[0],
        .negative_id = p->id + p->length[0], .negative_count = p->length[1],
        .frames = (int)p->dim[1], .height = (int)p->dim[2], .width = (int)p->dim[3],
        .schedule = &schedule, .solver = cohl_solver_find("unipc"),
        .guidance = (float)golden_number(config, "guide_scale", 5), .start = p->start,
        .level = p->known ? p->level : NULL, .known = p->known, .condition = p->condition,
        .image = p->tokens, .image_tokens = p->image ? cohl_image_encoder_tokens(p->image) : 0,
        .observer = { after_step, p },
    };
    return cohl_sample_latents(p->g->ctx, &r, x, err);
}

/* ---- frames -------------------------------------------------------------- */

/* Eight-bit values are cut, not rounded: floor((clamp(x) + 1) / 2 * 255). One level apart counts
 * as equal. */
static void compare_bytes(pipeline *p, const cohl_tensor *rgb)
{
    float *want = golden_values(p->g, NULL, "frames_u8");
    size_t count = (size_t)cohl_tensor_count(rgb);
    float *got = malloc(count * sizeof *got);
    cohl_tensor_download(p->g->ctx, got, rgb);
    for (size_t i = 0; i < count && want; i++) {
        got[i] = floorf((fminf(fmaxf(got[i], -1), 1) + 1) / 2 * 255);
        got[i] = fabsf(got[i] - want[i]) <= 1 ? want[i] : got[i];
    }
    if (want)
        golden_compare(p->g, "frames_u8", got, want, count, 0.5, 2 * (int)golden_number(p->g->config, "steps", 1) + 1);
    free(got);
    free(want);
}

static void decode(pipeline *p, const float *x)
{
    const json_t *tolerance = json_object_get(p->g->config, "tolerance");
    int passes = 2 * (int)golden_number(p->g->config, "steps", 1) + 1;
    cohl_tensor *latent = cohl_tensor_upload(p->g->ctx, x, COHL_F32, 4,
                                             (int64_t[]){ p->dim[1], p->dim[2], p->dim[3], p->dim[0] });
    cohl_tensor *rgb = cohl_vae_decode(p->g->ctx, p->vae, latent);
    golden_compare_clip(p->g, rgb, "video_raw", golden_number(tolerance, "video", 1e-4), passes);
    if (rgb)
        compare_bytes(p, rgb);
}

static cohl_status read_noise(pipeline *p, cohl_error *err)
{
    const cohl_weight *w;
    float *noise = golden_values(p->g, &w, "noise");
    if (noise && w->rank == 4 && w->dim[1] <= FRAMES_MAX) {
        memcpy(p->dim, w->dim, sizeof p->dim);
        p->count = w->count;
        p->start = golden_channels_last(noise, w->dim);
    }
    free(noise);
    for (int f = 0; f < FRAMES_MAX; f++)
        p->level[f] = 1;
    return p->start ? COHL_OK : cohl_fail(err, COHL_ERR_FORMAT, "io.safetensors has no noise [C, F, H, W] of at most "
                                          "%d frames", FRAMES_MAX);
}

static cohl_status run(golden *g, bool held, bool shown, cohl_error *err)
{
    pipeline p = { .g = g, .tolerance = golden_number(json_object_get(g->config, "tolerance"), "latent", 1e-4) };
    cohl_status st = load_networks(&p, err);
    if (!st) st = read_noise(&p, err);
    if (!st) {
        read_ids(&p);
        compare_text(&p);
        if (held)
            hold_image(&p);
    }
    if (!st && shown)
        st = show_image(&p, err);
    if (!st)
        st = cohl_ctx_status(g->ctx, err);
    float *x = st ? NULL : malloc(p.count * sizeof *x);
    if (x && !(st = sample(&p, x, err)) && p.vae)
        decode(&p, x);
    free(x);
    free_pipeline(&p);
    return st ? st : cohl_ctx_status(g->ctx, err);
}

cohl_status golden_t2v(golden *g, cohl_error *err)  { return run(g, false, false, err); }
cohl_status golden_i2v(golden *g, cohl_error *err)  { return run(g, false, true, err); }
cohl_status golden_ti2v(golden *g, cohl_error *err) { return run(g, true, false, err); }
