/* making.c - a film of any length: what is given passes, what is not is made window by window.
 *
 * Frames are shown as soon as the window that holds them is made, so memory does not grow with the
 * film; a take that is made from its end is shown when all of it is. */
#include "engine/making.h"
#include "engine/decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Corrections at joins fade over so many seconds. */
static const double JOIN_SECONDS = 1.0;

typedef struct making {
    cohl_run    *run;
    making_sink  to;
    int          next;           /* the frame of the model that is shown next             */
    int          shown;          /* frames of the film that are                           */
    int          decoded;        /* latents of the take that are                          */
    engine_seam *seam;
    engine_decoder decoder;
    cohl_frame  *frame, *given;
    cohl_frame  *begin;          /* of a loop: its first frame, as it was shown           */
    float       *values;         /* [4, height, width, 3]                                 */
} making;

/* ---- shown --------------------------------------------------------------- */

/* The given picture at the moment of frame `shown` of the film, whose rate may be another. */
static cohl_status find_given(making *m, const reel_stretch *s, const cohl_frame **frame, cohl_error *err)
{
    const cohl_run *run = m->run;
    double since = m->shown / run->plan.fps - s->begin / run->plan.model_fps;
    return engine_clip_at(run->clip[s->clip], s->second + fmax(since, 0), frame, err);
}

/* Show the next frame of the model as often as the film's rate asks; NULL: it is given. */
static cohl_status show(making *m, const cohl_frame *made, cohl_error *err)
{
    cohl_run *run = m->run;
    const reel_stretch *s = reel_at(&run->reel, m->next);
    cohl_status st = COHL_OK;
    while (!st && m->shown < run->plan.frames && engine_shown(&run->plan, m->shown) == m->next) {
        const cohl_frame *frame = made;
        double began = cohl_clock_seconds();
        if (s->level == 0)
            st = find_given(m, s, &frame, err);
        if (!st)
            st = m->to.put(m->to.user, frame, err);
        run->report.deliver_seconds += cohl_clock_seconds() - began;
        m->shown++;
        if (!st)
            st = making_tell(run, "frames", m->shown, run->plan.frames, 1, err);
    }
    m->next++;
    return st;
}

/* From the joins: given and made frames of the take, in order. */
static cohl_status show_joined(void *user, const cohl_frame *frame, cohl_error *err)
{
    making *m = user;
    if (m->begin && m->next == 0)
        memcpy(m->begin->rgb, frame->rgb, cohl_frame_bytes(frame));
    return show(m, frame, err);
}

/* Given frames up to `end`. */
static cohl_status pass(making *m, int end, cohl_error *err)
{
    cohl_status st = COHL_OK;
    while (m->next < end && !st)
        st = show(m, NULL, err);
    return st;
}

/* ---- decoded ------------------------------------------------------------- */

/* Eight bits are cut, not rounded, as the published pipelines do. */
static void to_bytes(uint8_t *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)((fminf(fmaxf(values[i], -1), 1) + 1) / 2 * 255);
}

/* A latent frame to its one or four frames, in m->values. */
static cohl_status decode_latent(making *m, int latent, cohl_error *err)
{
    cohl_run *run = m->run;
    cohl_ctx_mark_t mark = cohl_ctx_mark(&run->ctx);
    cohl_tensor *piece = cohl_tensor_upload(&run->ctx, run->latent + (size_t)latent * making_frame_values(run), COHL_F32,
                                            4, (int64_t[]){ 1, run->height, run->width, run->channels });
    cohl_tensor_download(&run->ctx, m->values, piece ? engine_decoder_next(&m->decoder, piece) : NULL);
    cohl_ctx_release(&run->ctx, mark);
    cohl_status st = cohl_ctx_fine(&run->ctx) ? COHL_OK : cohl_ctx_status(&run->ctx, err);
    return st ? st : making_check_finite(run, "pixels", m->values,
                                         (size_t)reel_latent_count(latent) * cohl_frame_bytes(m->frame), err);
}

/* Is the film shown but for frames that wait for this one? */
static bool is_over(const making *m, int frame)
{
    const reel *reel = &m->run->reel;
    bool leads = reel->returns || reel_at(reel, reel->frames)->level == 0;
    return frame > reel->frames || (frame == reel->frames && !leads);
}

/* Frame `frame` of the model as it was decoded, in m->frame, to the joins. */
static cohl_status join_frame(making *m, int frame, cohl_error *err)
{
    const reel *reel = &m->run->reel;
    const reel_stretch *s = reel_at(reel, frame);
    if (is_over(m, frame))
        return COHL_OK;
    if (reel->returns && frame == reel->frames)
        return engine_seam_given(m->seam, m->begin, m->frame, err);
    if (s->level > 0) {
        bool ends = reel->returns || s + 1 < reel->stretch + reel->stretch_count;
        return engine_seam_made(m->seam, m->frame, ends ? s->begin + s->count - frame : 0, err);
    }
    cohl_status st = making_given(m->run, frame, m->given, err);
    return st ? st : engine_seam_given(m->seam, m->given, m->frame, err);
}

/* Decode up to latent `end`; the last frame of latent `anchor` is where the next window begins. */
static cohl_status decode_to(making *m, int end, int anchor, cohl_error *err)
{
    cohl_run *run = m->run;
    size_t pixels = cohl_frame_bytes(m->frame);
    cohl_status st = COHL_OK;
    making_begin_stage(run);
    double delivered = run->report.deliver_seconds;
    for (; m->decoded < end && !st; m->decoded++) {
        int j = m->decoded, first = reel_latent_first(&run->reel, j), count = reel_latent_count(j);
        st = decode_latent(m, j, err);
        for (int i = 0; i < count && !st; i++) {
            to_bytes(m->frame->rgb, m->values + (size_t)i * pixels, pixels);
            st = join_frame(m, first + i, err);
        }
        if (j == anchor && !st) {
            bool is_given = reel_at(&run->reel, first + count - 1)->level == 0;
            memcpy(run->anchor->rgb, (is_given ? m->given : m->frame)->rgb, pixels);
        }
    }
    run->report.decode_seconds += making_end_stage(run) - (run->report.deliver_seconds - delivered);
    return st;
}

/* ---- the film ------------------------------------------------------------ */

static cohl_status make_take(making *m, cohl_error *err)
{
    const reel *reel = &m->run->reel;
    int count = reel->window_count, known = m->run->reel.latents;
    cohl_status st = COHL_OK;
    for (int i = count - 1; i >= 0 && reel->backwards && !st; i--)
        st = making_window(m->run, i, err);
    if (reel->backwards)
        return st ? st : decode_to(m, known, -1, err);
    for (int i = 0; i < count && !st; i++) {
        const reel_window *w = &reel->window[i];
        st = making_window(m->run, i, err);
        if (!st)
            st = decode_to(m, w->begin + w->count, i + 1 < count ? reel->window[i + 1].begin : -1, err);
    }
    return st;
}

/* What is remade from film changes as that film does. One window after a picture is as the model has it. */
bool making_holds(const cohl_run *run)
{
    const reel *reel = &run->reel;
    const reel_stretch *made = reel_at(reel, reel->made_begin);
    return made->level >= 1 && (reel->window_count > 1 || run->look[0].frames || run->look[1].frames);
}

static cohl_status open_making(making *m, cohl_error *err)
{
    const cohl_run *run = m->run;
    int width = run->plan.width, height = run->plan.height, reach = (int)(run->reel.fps * JOIN_SECONDS + 0.5);
    cohl_status st;
    if ((st = cohl_frame_new(&m->frame, width, height, err)) || (st = cohl_frame_new(&m->given, width, height, err)))
        return st;
    if (run->reel.returns && (st = cohl_frame_new(&m->begin, width, height, err)))
        return st;
    if (!(m->values = malloc(COHL_VAE_TIME * cohl_frame_bytes(m->frame) * sizeof *m->values)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for frames of %d x %d", width, height);
    bool joins = run->reel.window_count > 1 || run->reel.stretch_count > 1 || run->reel.returns;
    engine_seam_params seam = { .reach = reach > 0 ? reach : 1, .joins = joins, .holds = making_holds(run),
                                .ease = { run->ease[0], run->ease[1] }, .look = { run->look[0], run->look[1] } };
    st = engine_seam_open(&m->seam, width, height, &seam, (engine_seam_sink){ show_joined, m }, err);
    return st ? st : engine_decoder_open(&m->decoder, (cohl_ctx *)&run->ctx, run->engine->model, run->plan.fast_decoder, err);
}

cohl_status making_film(cohl_run *run, making_sink to, cohl_error *err)
{
    making m = { .run = run, .to = to };
    cohl_status st = making_encode(run, err);
    if (!st) st = open_making(&m, err);
    if (!st) st = pass(&m, run->reel.first, err);
    if (!st) st = make_take(&m, err);
    if (!st) st = engine_seam_flush(m.seam, err);
    if (!st) st = pass(&m, run->reel.frames, err);
    engine_decoder_close(&m.decoder);
    engine_seam_close(m.seam);
    cohl_frame_free(m.frame);
    cohl_frame_free(m.given);
    cohl_frame_free(m.begin);
    free(m.values);
    return st;
}
