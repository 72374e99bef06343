/* golden_ti2v.c - records of the whole image-to-video pipeline of Wan 2.2: token ids to text
 * states, the image to its latent, guided denoising around it, and frames. A record that says
 * "without_vae" begins at the image's latent and ends at the clip's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion/sampler.h"
#include "golden.h"
#include "model/dit.h"
#include "model/text_encoder.h"
#include "model/vae.h"
#include "tensor/ops.h"

typedef struct pipeline {
    golden            *g;
    cohl_text_encoder *text;
    cohl_dit          *dit;
    cohl_vae          *vae;
    cohl_dit_clip     *clip;
    int64_t            dim[4];      /* of the latent in the file: [C, F, H, W] */
    size_t             count;       /* values of a latent */
    float              scale;       /* of guidance */
    double             tolerance;
} pipeline;

static cohl_status load_vae(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    cohl_vae_config config;
    cohl_status st;

    if ((st = golden_vae_config(&config, g, "vae", err)) || (st = cohl_vae_new(&p->vae, &config, err)))
        return st;
    return golden_load(g, &p->vae->params, "vae.safetensors", err);
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
    if (!json_is_true(json_object_get(g->config, "without_vae")))
        st = load_vae(p, err);
done:
    cohl_config_close(text);
    cohl_config_close(dit);
    return st;
}

/* Both prompts' states, packed; compared with the records. */
static cohl_tensor *encode_text(pipeline *p, int *length)
{
    static const char *const names[] = { "cond", "uncond" };
    golden *g = p->g;
    int32_t id[1024];
    int count = 0, dim = p->text->config.dim;
    for (int i = 0; i < 2; i++) {
        const cohl_weight *w;
        float *ids = golden_values(g, &w, "ids_%s", names[i]), *mask = golden_values(g, NULL, "mask_%s", names[i]);
        length[i] = 0;
        for (size_t k = 0; ids && k < w->count && count < 1024; k++)
            if (!mask || mask[k] != 0) {
                id[count++] = (int32_t)ids[k];
                length[i]++;
            }
        free(ids);
        free(mask);
        if (!length[i])
            return cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "no ids_%s", names[i]);
    }
    cohl_tensor *states = cohl_text_encode(g->ctx, p->text, id, length, 2);
    float *host = malloc((size_t)count * (size_t)dim * sizeof *host), *at = host;
    cohl_tensor_download(g->ctx, host, states);
    for (int i = 0; i < 2 && states; at += (size_t)length[i++] * (size_t)dim) {
        float *want = golden_values(g, NULL, "ctx_%s", names[i]);
        if (want)
            golden_compare(g, i ? "ctx_uncond" : "ctx_cond", at, want, (size_t)length[i] * (size_t)dim, p->tolerance, 1);
        free(want);
    }
    free(host);
    return states;
}

/* The guided velocity: both prompts are two samples of one pack. */
static cohl_status velocity(void *data, const float *x, const float *time, float *v, cohl_error *err)
{
    pipeline *p = data;
    cohl_ctx *ctx = p->g->ctx;
    int64_t frames = p->dim[1], cells = p->dim[1] * p->dim[2] * p->dim[3];
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    float *both = malloc(2 * p->count * sizeof *both), *times = malloc(2 * (size_t)frames * sizeof *times);
    for (int i = 0; i < 2; i++) {
        memcpy(both + (size_t)i * p->count, x, p->count * sizeof *both);
        memcpy(times + i * frames, time, (size_t)frames * sizeof *times);
    }
    cohl_tensor *latent = cohl_tensor_upload(ctx, both, COHL_F32, 2, (int64_t[]){ 2 * cells, p->dim[0] });
    cohl_tensor_download(ctx, both, cohl_dit_forward(ctx, p->dit, p->clip, latent, times));
    for (size_t i = 0; i < p->count; i++)
        v[i] = both[p->count + i] + p->scale * (both[i] - both[p->count + i]);
    free(both);
    free(times);
    cohl_ctx_release(ctx, mark);
    return cohl_ctx_status(ctx, err);
}

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

/* x: noise in, latent out; `known` holds the image's latent in frame 0. */
static cohl_status denoise(pipeline *p, float *x, const float *known, cohl_error *err)
{
    static cohl_schedule schedule;
    const json_t *config = p->g->config;
    float level[64];
    cohl_arena arena;
    cohl_status st = cohl_schedule_make(&schedule, cohl_schedule_kind_find("unipc"),
                                        (int)golden_number(config, "steps", 0), golden_number(config, "shift", 5), err);
    if (st)
        return st;
    for (int f = 0; f < 64; f++)
        level[f] = f ? 1 : 0;
    cohl_sampler sampler = {
        .schedule = &schedule, .solver = cohl_solver_find("unipc"), .frames = (int)p->dim[1],
        .frame_size = p->count / (size_t)p->dim[1], .level = level, .known = known,
        .velocity = { velocity, p }, .observer = { after_step, p },
    };
    if ((st = cohl_arena_open(&arena, cohl_sampler_bytes(sampler.frames, sampler.frame_size), err)))
        return st;
    st = cohl_sample(&sampler, x, &arena, err);
    cohl_arena_close(&arena);
    return st;
}

static cohl_tensor *encode_image(pipeline *p)
{
    golden *g = p->g;
    cohl_tensor *image = NULL;
    const cohl_weight *w;
    float *file = golden_values(g, &w, "image");
    if (file && w->rank == 3) {
        float *rgb = golden_channels_last(file, (int64_t[]){ 3, 1, w->dim[1], w->dim[2] });
        image = cohl_tensor_upload(g->ctx, rgb, COHL_F32, 4, (int64_t[]){ 1, w->dim[1], w->dim[2], 3 });
        free(rgb);
    }
    free(file);
    cohl_tensor *latent = cohl_vae_encode(g->ctx, p->vae, image);
    golden_compare_clip(g, latent, "image_latent", p->tolerance, 1);
    return latent;
}

/* The image's latent as frame 0 of a clip of zeros. */
static float *known_frames(pipeline *p)
{
    float *known = calloc(p->count, sizeof *known);
    cohl_tensor_download(p->g->ctx, known, p->vae ? encode_image(p) : golden_upload(p->g, "image_latent"));
    return known;
}

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

static cohl_status run(pipeline *p, cohl_error *err)
{
    golden *g = p->g;
    const cohl_weight *w;
    int length[2];
    float *noise = golden_values(g, &w, "noise");
    if (!noise || w->rank != 4 || w->dim[1] > 64) {
        free(noise);
        return cohl_fail(err, COHL_ERR_FORMAT, "io.safetensors has no noise [C, F, H, W] of at most 64 frames");
    }
    memcpy(p->dim, w->dim, sizeof p->dim);
    p->count = w->count;
    float *x = golden_channels_last(noise, w->dim), *known = known_frames(p);
    cohl_tensor *states = encode_text(p, length);
    int f = (int)w->dim[1], h = (int)w->dim[2], v = (int)w->dim[3];
    cohl_dit_sample sample[2] = { { f, h, v, 0, length[0] }, { f, h, v, length[0], length[1] } };
    p->clip = cohl_dit_clip_open(g->ctx, p->dit, &(cohl_dit_request){ .sample = sample, .sample_count = 2,
                                                                      .text = states });
    cohl_status st = cohl_ctx_status(g->ctx, err);
    if (!st)
        st = denoise(p, x, known, err);
    if (!st && p->vae)
        decode(p, x);
    free(noise);
    free(known);
    free(x);
    return st ? st : cohl_ctx_status(g->ctx, err);
}

cohl_status golden_ti2v(golden *g, cohl_error *err)
{
    pipeline p = { .g = g, .scale = (float)golden_number(g->config, "guide_scale", 5),
                   .tolerance = golden_number(json_object_get(g->config, "tolerance"), "latent", 1e-4) };
    cohl_status st = load_networks(&p, err);
    if (!st)
        st = run(&p, err);
    cohl_text_encoder_free(p.text);
    cohl_dit_free(p.dit);
    cohl_vae_free(p.vae);
    return st;
}
