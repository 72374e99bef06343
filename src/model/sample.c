/* sample.c - conditions in, latents out: one run of the transformer from noise. */
#include "model/sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/tokenizer.h"

typedef struct sampling {
    cohl_ctx                  *ctx;
    const cohl_sample_request *request;
    cohl_dit_clip             *clip;
    int    branches;                /* 2 with guidance */
    size_t count;                   /* values of a latent */
    float *pack;                    /* [branches, count] */
    float *times;                   /* [branches, frames] */
    float *camera;                  /* [branches, frames, camera_dim], or NULL */
} sampling;

static void free_sampling(sampling *s)
{
    free(s->pack);
    free(s->times);
    free(s->camera);
}

/* The same values for every branch. */
static void spread(float *out, const float *values, size_t count, int branches)
{
    for (int i = 0; i < branches; i++)
        memcpy(out + (size_t)i * count, values, count * sizeof *out);
}

static cohl_status take_memory(sampling *s, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    size_t branches = (size_t)s->branches, frames = (size_t)r->frames;
    size_t numbers = frames * (size_t)s->request->dit->config.camera_dim;
    s->pack = malloc(branches * s->count * sizeof *s->pack);
    s->times = malloc(branches * frames * sizeof *s->times);
    if (r->camera && numbers)
        s->camera = malloc(branches * numbers * sizeof *s->camera);
    if (!s->pack || !s->times || (r->camera && numbers && !s->camera))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents of %d x %d x %d", r->frames, r->height,
                         r->width);
    if (s->camera)
        spread(s->camera, r->camera, numbers, s->branches);
    return COHL_OK;
}

/* Both prompts' states, packed, and the clip that holds what no step changes. */
static cohl_status open_clip(sampling *s, cohl_error *err)
{
    static const int32_t empty[] = { COHL_TOKEN_END };
    const cohl_sample_request *r = s->request;
    const int32_t *negative = r->negative_id ? r->negative_id : empty;
    int length[2] = { r->id_count, r->negative_id ? r->negative_count : 1 };
    int total = length[0] + (s->branches > 1 ? length[1] : 0);
    int32_t *id = malloc((size_t)(length[0] + length[1]) * sizeof *id);

    if (!id)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d tokens", total);
    memcpy(id, r->id, (size_t)length[0] * sizeof *id);
    memcpy(id + length[0], negative, (size_t)length[1] * sizeof *id);
    cohl_tensor *states = cohl_text_encode(s->ctx, r->text, id, length, s->branches);
    free(id);
    cohl_dit_sample sample[2] = { { r->frames, r->height, r->width, 0, length[0] },
                                  { r->frames, r->height, r->width, length[0], length[1] } };
    if (cohl_ctx_fine(s->ctx))
        s->clip = cohl_dit_clip_open(s->ctx, r->dit, &(cohl_dit_request){
            .sample = sample, .sample_count = s->branches, .text = states, .camera = s->camera });
    return cohl_ctx_status(s->ctx, err);
}

/* v = without + guidance * (with - without). */
static void guide(float *v, const float *with, const float *without, float guidance, size_t count)
{
    for (size_t i = 0; i < count; i++)
        v[i] = without[i] + guidance * (with[i] - without[i]);
}

static cohl_status velocity(void *data, const float *x, const float *time, float *v, cohl_error *err)
{
    sampling *s = data;
    const cohl_sample_request *r = s->request;
    int channels = r->dit->config.in_dim;
    int64_t rows = (int64_t)s->branches * (int64_t)(s->count / (size_t)channels);
    cohl_ctx_mark_t mark = cohl_ctx_mark(s->ctx);

    spread(s->pack, x, s->count, s->branches);
    spread(s->times, time, (size_t)r->frames, s->branches);
    cohl_tensor *latent = cohl_tensor_upload(s->ctx, s->pack, COHL_F32, 2, (int64_t[]){ rows, channels });
    cohl_tensor *out = latent ? cohl_dit_forward(s->ctx, r->dit, s->clip, latent, s->times) : NULL;
    cohl_tensor_download(s->ctx, s->pack, out);
    cohl_ctx_release(s->ctx, mark);
    cohl_status st = cohl_ctx_fine(s->ctx) ? COHL_OK : cohl_ctx_status(s->ctx, err);
    if (st)
        return st;
    if (s->branches > 1)
        guide(v, s->pack, s->pack + s->count, r->guidance, s->count);
    else
        memcpy(v, s->pack, s->count * sizeof *v);
    return COHL_OK;
}

static cohl_status denoise(sampling *s, float *latent, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    cohl_arena arena;
    cohl_sampler sampler = {
        .schedule = r->schedule, .solver = r->solver, .frames = r->frames,
        .frame_size = s->count / (size_t)r->frames, .level = r->level, .known = r->known,
        .velocity = { velocity, s }, .observer = r->observer,
    };
    cohl_status st = cohl_arena_open(&arena, cohl_sampler_bytes(sampler.frames, sampler.frame_size), err);
    if (st)
        return st;
    const cohl_noise *noise = r->noise ? r->noise : cohl_noises[0];
    st = noise->fill(latent, &(cohl_noise_shape){ r->frames, r->height, r->width, r->dit->config.out_dim }, r->seed, err);
    if (!st)
        st = cohl_sample(&sampler, latent, &arena, err);
    cohl_arena_close(&arena);
    return st;
}

cohl_status cohl_sample_latents(cohl_ctx *ctx, const cohl_sample_request *request, float *latent, cohl_error *err)
{
    const cohl_dit_config *dit = &request->dit->config;
    sampling s = {
        .ctx = ctx, .request = request, .branches = request->guidance == 1 ? 1 : 2,
        .count = (size_t)request->frames * (size_t)request->height * (size_t)request->width * (size_t)dit->in_dim,
    };
    assert(dit->in_dim == dit->out_dim && dit->text_dim == request->text->config.dim);
    assert(!ctx->tape && request->id_count >= 1 && request->id_count <= dit->text_len);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_status st = take_memory(&s, err);
    if (!st) st = open_clip(&s, err);
    if (!st) st = denoise(&s, latent, err);
    cohl_ctx_release(ctx, mark);
    free_sampling(&s);
    return st;
}
