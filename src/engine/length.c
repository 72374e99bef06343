/* length.c - how long a film is, at which rate, and what of it is given. */
#include "engine/engine.h"

#include <math.h>

#include "base/text.h"
#include "engine/given.h"

enum { TOKENS_MAX = 1 << 16 };   /* the transformer's, in one window */

int engine_shown(const cohl_plan *plan, int index)
{
    return (int)floor(index * plan->model_fps / plan->fps + 0.5);
}

static cohl_status plan_rate(cohl_plan *plan, const cohl_request *r, const cohl_film_abilities *can, cohl_error *err)
{
    plan->model_fps = can->fps;
    plan->fps = r->fps == 0 ? can->fps : r->fps;
    if (!(plan->fps >= 1 && plan->fps <= 240))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%g frames a second, expected 1 to 240", plan->fps);
    if (plan->fps != can->fps)
        engine_note(plan, "%s films at %g frames a second; for %g, some are %s, none is blended", can->name, can->fps,
                    plan->fps, plan->fps > can->fps ? "shown twice" : "left out");
    return COHL_OK;
}

/* ---- how many frames ----------------------------------------------------- */

static bool goes_on(const cohl_film_abilities *can) { return can->known->by_time || can->known->by_condition; }

/* Frames at plan->fps that were asked for; 0: nobody said. */
static cohl_status count_asked(int *out, const cohl_plan *plan, const cohl_request *r, const cohl_film_abilities *can,
                               cohl_error *err)
{
    double once = (can->frames_max - 1) / can->fps, most = goes_on(can) ? fmax(once, REEL_SECONDS_MAX) : once;
    double count = r->seconds ? floor(r->seconds * plan->fps + 0.5) : r->frames;
    if (r->frames && r->seconds)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%d frames and %g seconds: expected one of the two", r->frames,
                         r->seconds);
    *out = 0;
    if (!r->frames && !r->seconds)
        return COHL_OK;
    if (!(count >= 1))
        return cohl_fail(err, COHL_ERR_ARGUMENT, r->seconds ? "%g seconds make no frame, expected more than 0"
                         : "%g frames, expected at least 1", r->seconds ? r->seconds : count);
    if (!((count - 1) / plan->fps <= most + 0.49 / can->fps) && goes_on(can))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%.15g frames last %.4g s; %s makes at most %.4g s", count,
                         count / plan->fps, can->name, most);
    if (!((count - 1) / plan->fps <= most + 0.49 / can->fps))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%.15g frames last %.4g s; %s films at most %d frames at %g a "
                         "second, %.4g s, and cannot go on from them (known = %s)", count, count / plan->fps,
                         can->name, can->frames_max, can->fps, can->frames_max / can->fps, can->known->name);
    *out = (int)count;
    return COHL_OK;
}

/* The same in frames of the model. */
static int count_made(const cohl_plan *plan, const cohl_request *r, const reel_request *q, const reel_limits *limits,
                      int asked)
{
    if (r->given == COHL_GIVEN_FILL || (r->given == COHL_GIVEN_REMIX && !asked))
        return 0;
    if (r->given && !asked)
        return reel_usual_frames(q, limits);
    if (r->given)
        return (int)fmax(1, floor(asked * plan->model_fps / plan->fps + 0.5));
    int usual = (int)floor((limits->latents_max - 1) * COHL_VAE_TIME / plan->model_fps * plan->fps + 1e-9) + 1;
    return engine_shown(plan, (asked ? asked : usual) - 1) + 1;
}

/* ---- what is given ------------------------------------------------------- */

static cohl_status check_combination(const cohl_request *r, const cohl_film_abilities *can, cohl_error *err)
{
    const given_kind *kind = given_kind_of(r->given);
    if (r->given && !kind)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "there is no way %d of giving film", (int)r->given);
    if (kind && (r->image || r->last_image))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a first or last picture and a film to %s: expected one of the two",
                         kind->name);
    if (r->loop && (r->last_image || (kind && r->given != COHL_GIVEN_EXTEND)))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a loop that is also to %s: expected words, a first picture or a film "
                         "to extend, since a loop's end is its beginning", kind ? kind->does : "end in a picture");
    for (int i = 0; kind && i < kind->clips; i++)
        if (!r->clip[i] || !*r->clip[i])
            return cohl_fail(err, COHL_ERR_ARGUMENT, "to %s, expected %s", kind->does,
                             kind->clips == 1 ? "a film" : "two films");
    if (kind && kind->remakes && !(r->strength > 0 && r->strength <= 1))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "strength is %g, expected more than 0 (nothing changes) to 1 (nothing "
                         "stays)", r->strength);
    if (r->given == COHL_GIVEN_FILL && (r->frames || r->seconds))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a length and a gap to fill: the gap says how long");
    return given_allowed(r, can->name, can->known, err);
}

/* Tell by what rule a film becomes frames of this one. */
static void note_fit(cohl_plan *plan, const char *path, const engine_clip *clip)
{
    int width, height;
    double shortest, longest;
    engine_clip_size(clip, &width, &height);
    engine_clip_spacing(clip, &shortest, &longest);
    if ((int64_t)width * plan->height != (int64_t)height * plan->width)
        engine_note(plan, "%.120s is %dx%d: scaled to cover %dx%d, its middle kept", path, width, height, plan->width,
                    plan->height);
    double seconds = engine_clip_seconds(clip), fps = engine_clip_pictures(clip) / seconds;
    if (engine_clip_is_picture(clip))
        return;
    if (longest - shortest > 0.25 * longest)
        engine_note(plan, "%.120s has pictures that last %.3g to %.3g s: each moment shows the one of that moment", path,
                    shortest, longest);
    else if (fabs(fps - plan->fps) > 0.02 * plan->fps)
        engine_note(plan, "%.120s has %.4g pictures a second: each moment shows the one of that moment", path, fps);
}

static cohl_status open_clips(reel_request *q, cohl_plan *plan, const cohl_request *r, engine_clip *clip[2],
                              cohl_error *err)
{
    const given_kind *kind = given_kind_of(r->given);
    for (int i = 0; kind && i < kind->clips; i++) {
        cohl_status st = engine_clip_open(&clip[i], r->clip[i], plan->width, plan->height, err);
        if (st)
            return st;
        q->picture[i] = engine_clip_is_picture(clip[i]);
        q->clip_seconds[i] = engine_clip_seconds(clip[i]);
        if (q->picture[i] && (r->given == COHL_GIVEN_FILL || r->given == COHL_GIVEN_BLEND))
            return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: a picture; to %s, expected a film", r->clip[i], kind->does);
        note_fit(plan, r->clip[i], clip[i]);
    }
    q->picture[0] = q->picture[0] || r->image;
    q->picture[1] = q->picture[1] || r->last_image;
    return COHL_OK;
}

/* ---- all of it ----------------------------------------------------------- */

static cohl_status check_made(const cohl_plan *plan, const reel *reel, const cohl_film_abilities *can, cohl_error *err)
{
    double made = (reel->made_end - reel->made_begin) / reel->fps;
    int tokens = engine_window_latents(plan) * (plan->width / can->grid) * (plan->height / can->grid);
    double most = fmax(REEL_SECONDS_MAX, can->frames_max / can->fps);
    if (made > most + 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%.4g s would be made anew; %s makes at most %.4g s: say how many "
                         "seconds", made, can->name, most);
    if (tokens > TOKENS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%dx%d for %d frames is %d tokens, expected at most %d: make it "
                         "smaller or shorter", plan->width, plan->height, plan->window_frames, tokens, TOKENS_MAX);
    return COHL_OK;
}

cohl_status engine_plan_length(cohl_plan *plan, const cohl_request *r, const cohl_film_abilities *can, reel *reel,
                               engine_clip *clip[2], cohl_error *err)
{
    reel_request q = { .given = r->given, .gap_begin = r->gap_begin, .gap_end = r->gap_end, .strength = r->strength,
                       .loop = r->loop };
    reel_limits limits = reel_limits_make(can->fps, can->frames_min, can->frames_max, can->known);
    int asked;
    cohl_status st;
    if ((st = plan_rate(plan, r, can, err)) || (st = check_combination(r, can, err)) ||
        (st = count_asked(&asked, plan, r, can, err)) || (st = open_clips(&q, plan, r, clip, err)))
        return st;
    q.frames = count_made(plan, r, &q, &limits, asked);
    if (r->last_image && q.frames < (r->image ? 6 : 2))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "a %slast picture needs a film of %d frames of the model at least, this has %d",
                         r->image ? "first and a " : "", r->image ? 6 : 2, q.frames);
    if ((st = reel_plan(reel, &q, &limits, err)))
        return st;
    plan->asked_frames = r->given == COHL_GIVEN_FILL ? 0 : asked;
    plan->frames = (int)ceil((reel->frames - 0.5) * plan->fps / plan->model_fps);
    if (!r->given && asked && !r->loop)
        plan->frames = asked;
    plan->seconds = plan->frames / plan->fps;
    plan->model_frames = (reel->latents - 1) * COHL_VAE_TIME + 1;
    plan->windows = reel->window_count;
    plan->window_frames = (reel->window_most - 1) * COHL_VAE_TIME + 1;
    return check_made(plan, reel, can, err);
}
