/* sample.c - conditions in, latents out: one run of the transformer from noise. */
#include "model/sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion/reuse.h"
#include "model/tokenizer.h"
#include "tensor/ops.h"

enum { BRANCHES_MAX = 2 };

/* A network and how it is guided. */
typedef struct expert { const cohl_dit *dit; float guidance; } expert;

typedef struct sampling {
    cohl_ctx                  *ctx;
    const cohl_sample_request *request;
    size_t cells, count;            /* of a latent; its values */
    float *pack;                    /* [branches, cells, in_dim] */
    float *times;                   /* [branches, frames] */
    float *camera;                  /* [branches, frames, camera_dim], or NULL */
    int    length[BRANCHES_MAX];    /* rows of the states: the prompt's, its counterpart's */
    cohl_tensor    *states;
    cohl_ctx_mark_t open;           /* where the clip began */
    expert          now;            /* whose clip is open; dit NULL before the first */
    cohl_dit_clip  *clip;
    cohl_reuse      reuse;
} sampling;

static int branches(const expert *e) { return e->guidance == 1 ? 1 : BRANCHES_MAX; }

/* ---- memory -------------------------------------------------------------- */

static void free_sampling(sampling *s)
{
    free(s->pack);
    free(s->times);
    free(s->camera);
    free(s->reuse.room);
}

/* The same values for every branch. */
static void spread(float *out, const float *values, size_t count, int branches)
{
    for (int i = 0; i < branches; i++)
        memcpy(out + (size_t)i * count, values, count * sizeof *out);
}

static cohl_status open_reuse(sampling *s, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    size_t size = s->count / (size_t)r->frames;
    s->reuse = (cohl_reuse){ .threshold = r->reuse, .frames = r->frames, .frame_size = size,
                             .room = malloc(cohl_reuse_values(r->frames, size) * sizeof(float)) };
    return s->reuse.room ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for the velocities of two steps");
}

static cohl_status take_memory(sampling *s, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    size_t frames = (size_t)r->frames, numbers = frames * (size_t)r->dit->config.camera_dim;
    s->pack = malloc(BRANCHES_MAX * s->cells * (size_t)r->dit->config.in_dim * sizeof *s->pack);
    s->times = malloc(BRANCHES_MAX * frames * sizeof *s->times);
    if (r->camera && numbers)
        s->camera = malloc(BRANCHES_MAX * numbers * sizeof *s->camera);
    if (!s->pack || !s->times || (r->camera && numbers && !s->camera))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for latents of %d x %d x %d", r->frames, r->height,
                         r->width);
    if (s->camera)
        spread(s->camera, r->camera, numbers, BRANCHES_MAX);
    return r->reuse > 0 ? open_reuse(s, err) : COHL_OK;
}

/* ---- what no step changes ------------------------------------------------ */

static bool guided(const cohl_sample_request *r)
{
    return r->guidance != 1 || (r->low_dit && r->low_guidance != 1);
}

/* Rows of the states: the prompt's, its counterpart's. */
static void count_rows(const cohl_sample_request *r, int length[BRANCHES_MAX])
{
    length[0] = r->id_count, length[1] = r->negative_id ? r->negative_count : 1;
}

int cohl_sample_rows(const cohl_sample_request *r)
{
    int length[BRANCHES_MAX];
    count_rows(r, length);
    return length[0] + (guided(r) ? length[1] : 0);
}

/* Both prompts' states, packed. */
static cohl_tensor *work_out(cohl_ctx *ctx, const cohl_sample_request *r)
{
    static const int32_t empty[] = { COHL_TOKEN_END };
    int length[BRANCHES_MAX];
    count_rows(r, length);
    int32_t *id = malloc((size_t)(length[0] + length[1]) * sizeof *id);
    if (!id)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for %d tokens", length[0] + length[1]);
    memcpy(id, r->id, (size_t)length[0] * sizeof *id);
    memcpy(id + length[0], r->negative_id ? r->negative_id : empty, (size_t)length[1] * sizeof *id);
    cohl_tensor *states = cohl_text_encode(ctx, r->text, id, length, guided(r) ? BRANCHES_MAX : 1);
    free(id);
    return states;
}

cohl_status cohl_sample_states(cohl_ctx *ctx, const cohl_sample_request *r, float *states, cohl_error *err)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor_download(ctx, states, work_out(ctx, r));
    cohl_ctx_release(ctx, mark);
    return cohl_ctx_fine(ctx) ? COHL_OK : cohl_ctx_status(ctx, err);
}

static cohl_status take_text(sampling *s, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    count_rows(r, s->length);
    s->states = !r->states ? work_out(s->ctx, r)
              : cohl_tensor_upload(s->ctx, r->states, COHL_F32, 2, (int64_t[]){ cohl_sample_rows(r), r->dit->config.text_dim });
    return cohl_ctx_status(s->ctx, err);
}

/* The control latent of every branch. */
static cohl_tensor *upload_control(sampling *s, int count)
{
    const cohl_sample_request *r = s->request;
    int64_t width = r->dit->config.control_dim, cells = (int64_t)s->cells;
    cohl_tensor *one = cohl_tensor_upload(s->ctx, r->control, COHL_F32, 2, (int64_t[]){ cells, width });
    return count > 1 && one ? cohl_concat(s->ctx, (cohl_tensor *[]){ one, one }, 2, 0) : one;
}

/* The clip of an expert in place of the one before, whose keys are given back. */
static cohl_status open_clip(sampling *s, expert e, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    cohl_dit_sample sample[] = { { r->frames, r->height, r->width, 0, s->length[0] },
                                 { r->frames, r->height, r->width, s->length[0], s->length[1] } };
    cohl_dit_request request = { .sample = sample, .sample_count = branches(&e), .text = s->states,
                                 .camera = s->camera, .control_scale = r->control_scale };
    cohl_ctx_release(s->ctx, s->open);
    if (s->now.dit)
        cohl_shelf_yield(s->now.dit->shelf, e.dit->shelf);
    s->now = e;
    if (e.dit->config.image_dim)
        request.image = cohl_tensor_upload(s->ctx, r->image, COHL_F32, 2,
                                           (int64_t[]){ r->image_tokens, e.dit->config.image_dim });
    if (r->control && e.dit->config.control_count)
        request.control = upload_control(s, branches(&e));
    if (cohl_ctx_fine(s->ctx))
        s->clip = cohl_dit_clip_open(s->ctx, e.dit, &request);
    return cohl_ctx_status(s->ctx, err);
}

/* Whose step it is: the noisiest frame's level tells, since the others are known or wait. */
static expert choose(const sampling *s, const float *time)
{
    const cohl_sample_request *r = s->request;
    float most = 0;
    for (int f = 0; f < r->frames; f++)
        most = time[f] > most ? time[f] : most;
    return r->low_dit && most < 1000 * r->boundary ? (expert){ r->low_dit, r->low_guidance }
                                                   : (expert){ r->dit, r->guidance };
}

/* ---- a step -------------------------------------------------------------- */

/* v = without + guidance * (with - without). */
static void guide(float *v, const float *with, const float *without, float guidance, size_t count)
{
    for (size_t i = 0; i < count; i++)
        v[i] = without[i] + guidance * (with[i] - without[i]);
}

/* The sample, and behind each cell's channels those of the condition. */
static void fill_pack(sampling *s, const float *x)
{
    const cohl_sample_request *r = s->request;
    size_t in = (size_t)r->dit->config.in_dim, out = (size_t)r->dit->config.out_dim, more = in - out;
    for (size_t i = 0; i < s->cells; i++) {
        memcpy(s->pack + i * in, x + i * out, out * sizeof *x);
        if (more)
            memcpy(s->pack + i * in + out, r->condition + i * more, more * sizeof *x);
    }
    if (branches(&s->now) > 1)
        memcpy(s->pack + s->cells * in, s->pack, s->cells * in * sizeof *x);
}

static cohl_status forward(sampling *s, const float *time, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    int64_t rows = branches(&s->now) * (int64_t)s->cells;
    cohl_ctx_mark_t mark = cohl_ctx_mark(s->ctx);
    spread(s->times, time, (size_t)r->frames, branches(&s->now));
    cohl_tensor *latent = cohl_tensor_upload(s->ctx, s->pack, COHL_F32, 2, (int64_t[]){ rows, r->dit->config.in_dim });
    cohl_tensor *out = latent ? cohl_dit_forward(s->ctx, s->now.dit, s->clip, latent, s->times) : NULL;
    cohl_tensor_download(s->ctx, s->pack, out);
    cohl_ctx_release(s->ctx, mark);
    return cohl_ctx_fine(s->ctx) ? COHL_OK : cohl_ctx_status(s->ctx, err);
}

static cohl_status network(void *data, const float *x, const float *time, float *v, cohl_error *err)
{
    sampling *s = data;
    if (s->request->count)
        s->request->count->passes++;
    expert e = choose(s, time);
    cohl_status st = e.dit == s->now.dit ? COHL_OK : open_clip(s, e, err);
    if (st)
        return st;
    fill_pack(s, x);
    if ((st = forward(s, time, err)))
        return st;
    if (branches(&e) > 1)
        guide(v, s->pack, s->pack + s->count, e.guidance, s->count);
    else
        memcpy(v, s->pack, s->count * sizeof *v);
    return COHL_OK;
}

/* The network, or what is foretold of it; what one expert said does not foretell the other. */
static cohl_status velocity(void *data, const float *x, const float *time, float *v, cohl_error *err)
{
    sampling *s = data;
    if (s->request->count)
        s->request->count->steps++;
    if (!s->reuse.room)
        return network(s, x, time, v, err);
    if (choose(s, time).dit != s->now.dit)
        cohl_reuse_forget(&s->reuse);
    s->reuse.inner = (cohl_velocity){ network, s };
    const cohl_velocity reused = cohl_reuse_velocity(&s->reuse);
    return reused.fn(reused.ctx, x, time, v, err);
}

/* ---- the run ------------------------------------------------------------- */

static cohl_status begin(const sampling *s, float *latent, cohl_error *err)
{
    const cohl_sample_request *r = s->request;
    const cohl_noise *noise = r->noise ? r->noise : cohl_noises[0];
    if (!r->start)
        return noise->fill(latent, &(cohl_noise_shape){ r->frames, r->height, r->width, r->dit->config.out_dim },
                           r->seed, err);
    memcpy(latent, r->start, s->count * sizeof *latent);
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
    if (!(st = begin(s, latent, err)))
        st = cohl_sample(&sampler, latent, &arena, err);
    cohl_arena_close(&arena);
    return st;
}

static void check(const cohl_sample_request *r)
{
    const cohl_dit_config *dit = &r->dit->config;
    assert(dit->text_dim == r->text->config.dim && r->id_count >= 1 && r->id_count <= dit->text_len);
    assert(dit->in_dim == dit->out_dim || (dit->in_dim > dit->out_dim && r->condition));
    assert(!dit->image_dim || r->image);
    assert(!r->low_dit || (r->low_dit->config.in_dim == dit->in_dim && r->low_dit->config.out_dim == dit->out_dim));
}

cohl_status cohl_sample_latents(cohl_ctx *ctx, const cohl_sample_request *request, float *latent, cohl_error *err)
{
    size_t cells = (size_t)request->frames * (size_t)request->height * (size_t)request->width;
    sampling s = { .ctx = ctx, .request = request, .cells = cells,
                   .count = cells * (size_t)request->dit->config.out_dim };
    check(request);
    assert(!ctx->tape);
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_status st = take_memory(&s, err);
    if (!st) st = take_text(&s, err);
    s.open = cohl_ctx_mark(ctx);
    if (!st) st = denoise(&s, latent, err);
    cohl_ctx_release(ctx, mark);
    free_sampling(&s);
    return st;
}
