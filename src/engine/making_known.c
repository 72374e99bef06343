/* making_known.c - what is given, as latents.
 *
 * The autoencoder is causal: what a frame's latent is depends on the frames before it. Given frames
 * at the begin of the take are encoded as they are. Those behind what is to be made have no past
 * yet: the first of them stands in for it, as a still. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/making.h"

/* With two groups before it, the causal layers have seen as much as they ever look at. */
enum { CONTEXT_GROUPS = 2 };

/* ---- pictures ------------------------------------------------------------ */

static void fade(cohl_frame *out, const cohl_frame *to, float part)
{
    for (size_t i = 0; i < cohl_frame_bytes(out); i++)
        out->rgb[i] = (uint8_t)((float)out->rgb[i] * (1 - part) + (float)to->rgb[i] * part + 0.5f);
}

cohl_status making_given(cohl_run *run, int frame, cohl_frame *out, cohl_error *err)
{
    const reel_stretch *s = reel_at(&run->reel, frame);
    const cohl_frame *found;
    double since = (frame - s->begin) / run->reel.fps;
    cohl_status st = engine_clip_at(run->source[s->clip], s->second + since, &found, err);
    if (st)
        return st;
    memcpy(out->rgb, found->rgb, cohl_frame_bytes(out));
    if (s->into == REEL_NONE)
        return COHL_OK;
    st = engine_clip_at(run->source[s->into], s->into_second + since, &found, err);
    if (!st)
        fade(out, found, (float)(frame - s->begin + 1) / (float)(s->count + 1));
    return st;
}

/* ---- the encoder, piece by piece ----------------------------------------- */

static void to_values(float *out, const cohl_frame *frame)
{
    for (size_t i = 0; i < cohl_frame_bytes(frame); i++)
        out[i] = (float)frame->rgb[i] / 127.5f - 1;
}

/* `count` frames in values -> their latent, if it is wanted. */
static cohl_status encode_piece(cohl_run *run, cohl_vae_stream *stream, const float *values, int count, float *latent,
                                cohl_error *err)
{
    cohl_ctx_mark_t mark = cohl_ctx_mark(&run->ctx);
    cohl_tensor *piece = cohl_tensor_upload(&run->ctx, values, COHL_F32, 4,
                                            (int64_t[]){ count, run->plan.height, run->plan.width, 3 });
    cohl_tensor *coded = piece ? cohl_vae_stream_next(stream, piece) : NULL;
    if (latent)
        cohl_tensor_download(&run->ctx, latent, coded);
    cohl_ctx_release(&run->ctx, mark);
    return cohl_ctx_fine(&run->ctx) ? COHL_OK : cohl_ctx_status(&run->ctx, err);
}

static cohl_status open_stream(cohl_run *run, cohl_vae_stream **stream, cohl_error *err)
{
    cohl_vae_stream_close(*stream);
    *stream = NULL;
    return cohl_vae_stream_open(stream, &run->ctx, run->engine->model->vae, COHL_VAE_ENCODE, err);
}

cohl_status making_encode_first(cohl_run *run, const cohl_frame *frame, float *latent, cohl_error *err)
{
    cohl_vae_stream *stream = NULL;
    float *values = malloc(cohl_frame_bytes(frame) * sizeof *values);
    cohl_status st = values ? open_stream(run, &stream, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory to encode a "
                                                                         "frame");
    if (!st) {
        to_values(values, frame);
        st = encode_piece(run, stream, values, 1, latent, err);
    }
    cohl_vae_stream_close(stream);
    free(values);
    return st;
}

/* ---- all that is given --------------------------------------------------- */

typedef struct encoding {
    cohl_run        *run;
    cohl_vae_stream *stream;
    cohl_frame      *frame;
    float           *values;     /* [4, height, width, 3] */
    int              next;       /* the latent that would go on from what the stream has seen */
    cohl_frame      *last;       /* the given frame before, to measure the film's own steps    */
    int              last_at;
    engine_steps     steps[2];   /* of what is given before and behind what is made            */
} encoding;

/* A step of the given film, from the frame before of the same stretch, and how it looks there. */
static void measure_step(encoding *e, int frame)
{
    const reel *reel = &e->run->reel;
    const reel_stretch *s = reel_at(reel, frame);
    if (s->level > 0)
        return;
    if (e->last_at == frame - 1 && e->last_at >= s->begin) {
        engine_steps_add(&e->steps[s->begin >= reel->made_end], e->last, e->frame);
        engine_look_add(&e->run->look[s->begin >= reel->made_end], e->frame);
    }
    memcpy(e->last->rgb, e->frame->rgb, cohl_frame_bytes(e->frame));
    e->last_at = frame;
}

/* The steps of a whole film that is given, if it is short: its median may be less than that of what moves at a join. */
static cohl_status measure_whole(encoding *e, const engine_clip *clip, engine_ease *out, cohl_error *err)
{
    engine_clip *again;
    engine_steps steps = { 0 };
    const cohl_frame *frame;
    int frames = (int)(engine_clip_seconds(clip) * e->run->reel.fps + 1e-3);
    if (frames > ENGINE_EASE_STEPS_MAX)
        return COHL_OK;
    cohl_status st = engine_clip_again(&again, clip, err);
    for (int i = 0; i < frames && !st; i++)
        if (!(st = engine_clip_at(again, i / e->run->reel.fps, &frame, err))) {
            if (i)
                engine_steps_add(&steps, e->last, frame);
            memcpy(e->last->rgb, frame->rgb, cohl_frame_bytes(frame));
        }
    engine_clip_close(again);
    *out = engine_steps_median(&steps);
    return st;
}

/* A join may step as the film does beside it, and as it does as a whole. Where nothing is given on one side,
 * the other's stand for both. */
static cohl_status keep_steps(encoding *e, cohl_error *err)
{
    const reel *reel = &e->run->reel;
    engine_ease *ease = e->run->ease;
    cohl_status st = COHL_OK;
    for (int i = 0; i < 2 && !st; i++) {
        const reel_stretch *s = reel_at(reel, i ? reel->made_end : reel->made_begin - 1);
        engine_ease whole = { 0 };
        ease[i] = engine_steps_median(&e->steps[i]);
        if (ease[i].step > 0 && s->level == 0)
            st = measure_whole(e, e->run->source[s->clip], &whole, err);
        if (whole.step > 0) {
            ease[i].step = fmin(ease[i].step, whole.step);
            ease[i].colour = fmin(ease[i].colour, whole.colour);
        }
    }
    for (int i = 0; i < 2; i++)
        if (ease[i].step <= 0)
            ease[i] = ease[1 - i];
    return st;
}

/* The past of a latent that has none: its first frame, as a still. */
static cohl_status pretend_past(encoding *e, int latent, cohl_error *err)
{
    cohl_run *run = e->run;
    size_t size = cohl_frame_bytes(e->frame);
    int groups = latent < CONTEXT_GROUPS ? latent : CONTEXT_GROUPS;
    cohl_status st = open_stream(run, &e->stream, err);
    if (!st && latent)
        st = making_given(run, reel_latent_first(&run->reel, latent), e->frame, err);
    for (int i = 0; i < COHL_VAE_TIME && latent && !st; i++)
        to_values(e->values + (size_t)i * size, e->frame);
    for (int piece = 0; piece < groups && !st; piece++)
        st = encode_piece(run, e->stream, e->values, piece ? COHL_VAE_TIME : 1, NULL, err);
    return st;
}

static cohl_status encode_latent(encoding *e, int latent, cohl_error *err)
{
    cohl_run *run = e->run;
    size_t size = cohl_frame_bytes(e->frame);
    int first = reel_latent_first(&run->reel, latent), count = reel_latent_count(latent);
    cohl_status st = latent == e->next ? COHL_OK : pretend_past(e, latent, err);
    for (int i = 0; i < count && !st; i++)
        if (!(st = making_given(run, first + i, e->frame, err))) {
            to_values(e->values + (size_t)i * size, e->frame);
            measure_step(e, first + i);
        }
    e->next = latent + 1;
    return st ? st : encode_piece(run, e->stream, e->values, count, run->latent + (size_t)latent * making_frame_values(run),
                                  err);
}

cohl_status making_encode(cohl_run *run, cohl_error *err)
{
    encoding e = { .run = run, .next = -1, .last_at = -2 };
    int count = 0, done = 0;
    cohl_status st = cohl_frame_new(&e.frame, run->plan.width, run->plan.height, err);
    making_begin_stage(run);
    if (!st) st = cohl_frame_new(&e.last, run->plan.width, run->plan.height, err);
    if (!st && !(e.values = malloc(COHL_VAE_TIME * cohl_frame_bytes(e.frame) * sizeof *e.values)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for frames of %d x %d", run->plan.width, run->plan.height);
    for (int j = 0; j < run->reel.latents; j++)
        count += run->level[j] < 1;
    for (int j = 0; j < run->reel.latents && !st; j++) {
        if (run->level[j] >= 1)
            continue;
        st = encode_latent(&e, j, err);
        done++;
        if (!st)
            st = making_tell(run, "pictures", done, count, 1, err);
    }
    if (!st) st = keep_steps(&e, err);
    cohl_vae_stream_close(e.stream);
    cohl_frame_free(e.frame);
    cohl_frame_free(e.last);
    free(e.values);
    run->report.picture_seconds += making_end_stage(run);
    return st;
}
