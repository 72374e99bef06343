/* reel.c - the plan of a film: what of it is given, what is made, and in which windows. */
#include "engine/reel.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

enum { GROUP = 4 };      /* frames of a latent frame but the first */

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }
static int groups_of(int frames) { return (frames + GROUP - 1) / GROUP; }
static int whole_groups(int frames) { return groups_of(frames) * GROUP; }

reel_limits reel_limits_make(double fps, int frames_min, int frames_max, const cohl_known_kind *known)
{
    return (reel_limits){ .fps = fps, .latents_min = (frames_min - 1) / GROUP + 1,
                          .latents_max = (frames_max - 1) / GROUP + 1,
                          .knows_first = known->by_time || known->by_condition,
                          .knows_any = (known->by_time || known->by_condition) && known->anywhere,
                          .holds = known->by_time };
}

/* About a second of film, but never half of a window: the rest is what it makes. */
int reel_context(const reel_limits *limits)
{
    int usual = 1 + (int)(limits->fps / GROUP + 0.5), half = (limits->latents_max - 1) / 2;
    if (!limits->knows_any)
        return limits->knows_first ? 1 : 0;
    return most(1, least(usual, half));
}

/* Groups behind the made ones. */
static int context_after(const reel_limits *limits) { return most(1, reel_context(limits) - 1); }

int reel_usual_frames(const reel_request *q, const reel_limits *limits)
{
    int latents = limits->latents_max;
    if (q->given == COHL_GIVEN_BLEND)
        return most(2, (int)(limits->fps + 0.5));
    if (q->given == COHL_GIVEN_EXTEND || q->given == COHL_GIVEN_BETWEEN)
        latents -= q->picture[0] ? 1 : reel_context(limits);
    if (q->given == COHL_GIVEN_EXTEND_BEFORE || q->given == COHL_GIVEN_BETWEEN || (q->given && q->loop))
        latents -= context_after(limits);
    bool first = !q->given || q->given == COHL_GIVEN_EXTEND_BEFORE;
    return most(1, first ? (latents - 1) * GROUP + 1 : latents * GROUP);
}

/* ---- stretches ----------------------------------------------------------- */

static int frames_of(double seconds, double fps) { return (int)floor(seconds * fps + 1e-3); }

static void add(reel *r, float level, int count, int clip, double second)
{
    assert(r->stretch_count < REEL_STRETCHES_MAX);
    if (count < 1)
        return;
    r->stretch[r->stretch_count++] = (reel_stretch){ .begin = r->frames, .count = count, .level = level, .clip = clip,
                                                     .second = second, .into = REEL_NONE };
    r->frames += count;
}

static void add_given(reel *r, int count, int clip, double second) { add(r, 0, count, clip, second); }
static void add_made(reel *r, int count) { add(r, 1, count, REEL_NONE, 0); }

/* Given pictures at both ends, or text alone. A last picture lasts for its whole group; a loop is
 * whole groups, so that the one after its last is its first again. */
static void lay_plain(reel *r, const reel_request *q, const reel_limits *limits)
{
    int shortest = most(limits->latents_min, context_after(limits) + 1) * GROUP;
    int total = q->loop ? whole_groups(most(q->frames, shortest)) : q->frames;
    int last = q->picture[1] ? (total - 2) / GROUP * GROUP + 1 : total;
    if (q->picture[0])
        add_given(r, 1, 0, 0);
    add_made(r, last - r->frames);
    if (q->picture[1])
        add_given(r, total - last, 1, 0);
}

static cohl_status lay_gap(reel *r, const reel_request *q, int clip_frames, cohl_error *err)
{
    double begin = floor(q->gap_begin * r->fps + 0.5), end = floor(q->gap_end * r->fps + 0.5);
    double last = clip_frames / r->fps;
    if (!(q->gap_begin >= 0 && q->gap_end > q->gap_begin))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the gap is %g-%g, expected two seconds of the film, the first before "
                         "the second, such as 2.0-3.5", q->gap_begin, q->gap_end);
    if (begin >= clip_frames || end > clip_frames)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the gap %g-%g lies outside the film, which lasts %.4g s",
                         q->gap_begin, q->gap_end, last);
    if (begin == 0 && end == clip_frames)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the gap %g-%g is all of the film; expected some of it to be left",
                         q->gap_begin, q->gap_end);
    if (end == begin)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the gap %g-%g holds no frame; one lasts %.4g s", q->gap_begin,
                         q->gap_end, 1 / r->fps);
    add_given(r, (int)begin, 0, 0);
    add_made(r, (int)(end - begin));
    add_given(r, clip_frames - (int)end, 0, end / r->fps);
    return COHL_OK;
}

/* The end of one and the start of the other, laid over each other. */
static cohl_status lay_blend(reel *r, const reel_request *q, const int *clip_frames, cohl_error *err)
{
    int shorter = least(clip_frames[0], clip_frames[1]);
    if (q->frames < 2 || q->frames > shorter)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the films are blended over %.4g s, expected %.4g to %.4g: the shorter "
                         "of them", q->frames / r->fps, 2 / r->fps, shorter / r->fps);
    int kept = clip_frames[0] - q->frames;
    add_given(r, kept, 0, 0);
    add(r, (float)q->strength, q->frames, 0, kept / r->fps);
    r->stretch[r->stretch_count - 1].into = 1;
    add_given(r, clip_frames[1] - q->frames, 1, q->frames / r->fps);
    return COHL_OK;
}

static cohl_status lay(reel *r, const reel_request *q, const reel_limits *limits, cohl_error *err)
{
    int clip_frames[2], made = q->frames;
    for (int i = 0; i < 2; i++)
        clip_frames[i] = q->picture[i] ? 1 : most(1, frames_of(q->clip_seconds[i], r->fps));
    switch (q->given) {
    case COHL_GIVEN_NOTHING:
        lay_plain(r, q, limits);
        return COHL_OK;
    case COHL_GIVEN_EXTEND:
        add_given(r, clip_frames[0], 0, 0);
        add_made(r, q->loop ? whole_groups(made) : made);
        if (q->loop) {      /* where it goes, though it is not shown again */
            int frames = r->frames;
            add_given(r, clip_frames[0], 0, 0);
            r->frames = frames;
        }
        return COHL_OK;
    case COHL_GIVEN_EXTEND_BEFORE:
        add_made(r, whole_groups(made - 1) + 1);
        add_given(r, clip_frames[0], 0, 0);
        return COHL_OK;
    case COHL_GIVEN_FILL:
        return lay_gap(r, q, clip_frames[0], err);
    case COHL_GIVEN_BETWEEN:
        add_given(r, clip_frames[0], 0, 0);
        add_made(r, whole_groups(made));
        add_given(r, clip_frames[1], 1, 0);
        return COHL_OK;
    case COHL_GIVEN_BLEND:
        return lay_blend(r, q, clip_frames, err);
    case COHL_GIVEN_REMIX:
        add(r, (float)q->strength, made ? least(made, clip_frames[0]) : clip_frames[0], 0, 0);
        return COHL_OK;
    }
    return COHL_OK;
}

const reel_stretch *reel_at(const reel *r, int frame)
{
    int i = 0;
    while (i + 1 < r->stretch_count && frame >= r->stretch[i + 1].begin)
        i++;
    return &r->stretch[i];
}

/* ---- the take ------------------------------------------------------------ */

int reel_latent_first(const reel *r, int latent) { return latent ? r->first + GROUP * (latent - 1) + 1 : r->first; }
int reel_latent_count(int latent) { return latent ? GROUP : 1; }

float reel_level(const reel *r, int latent)
{
    float level = 0;
    int first = reel_latent_first(r, latent);
    if (latent >= r->latents - r->returns)
        return 1;
    for (int f = first; f < first + reel_latent_count(latent); f++) {
        const reel_stretch *s = reel_at(r, f);
        level = s->level > level ? s->level : level;
    }
    return level;
}

/* Latent frames of `frames` frames that may be known before the made ones. */
static int context_of(int frames, int context)
{
    return frames < 1 ? 0 : least(context, (frames - 1) / GROUP + 1);
}

static void find_made(reel *r)
{
    r->made_begin = r->frames, r->made_end = 0;
    for (int i = 0; i < r->stretch_count; i++)
        if (r->stretch[i].level > 0) {
            r->made_begin = least(r->made_begin, r->stretch[i].begin);
            r->made_end = most(r->made_end, r->stretch[i].begin + r->stretch[i].count);
        }
}

static int frames_before(int latents) { return latents ? (latents - 1) * GROUP + 1 : 0; }

/* Where the take begins, and how long it is; at least the model's shortest film. */
static void lay_take(reel *r, const reel_request *q, const reel_limits *limits)
{
    const reel_stretch *last = &r->stretch[r->stretch_count - 1];
    int before = context_of(r->made_begin, reel_context(limits)), made = r->made_end - r->made_begin;
    bool leads = last->level == 0 && last->begin >= r->made_begin, turns = q->loop && !leads;
    int groups = before ? groups_of(made) : groups_of(made - 1) + 1;
    int after = leads || turns ? context_after(limits) : 0, shortest = limits->latents_min;
    if (leads && q->picture[1])
        after = 1;
    while (before + groups + after < shortest && before < context_of(r->made_begin, shortest))
        before++;
    if (before + groups + after < shortest && leads && !q->picture[1])
        after = shortest - before - groups;
    r->first = r->made_begin - frames_before(before);
    r->latents = most(before + groups + after, shortest);
    r->returns = turns ? after : 0;
    r->backwards = leads && !before;
}

/* ---- windows ------------------------------------------------------------- */

/* `count` windows of about the same length, each knowing `overlap` latent frames of its neighbour. */
static void cut_evenly(reel *r, int count, int overlap)
{
    int made = r->latents - overlap;
    for (int i = 0; i < count; i++) {
        int begin = (int)((int64_t)made * i / count), end = (int)((int64_t)made * (i + 1) / count) + overlap;
        r->window[i] = (reel_window){ begin, end - begin };
    }
    r->window_count = count;
}

/* A loop's first window must hold what returns, and leave half of the film to lead back. */
static void cut_loop(reel *r, int overlap, const reel_limits *limits)
{
    int first = (r->latents - r->returns + 1) / 2;
    first = most(most(first, limits->latents_min), most(overlap, r->returns + 1));
    first = most(first, r->latents + overlap - limits->latents_max);
    r->window[0] = (reel_window){ 0, first };
    r->window[1] = (reel_window){ first - overlap, r->latents - first + overlap };
    r->window_count = 2;
}

static void mirror(reel *r)
{
    for (int i = 0; i < r->window_count; i++)
        r->window[i].begin = r->latents - r->window[i].begin - r->window[i].count;
    for (int i = 0, j = r->window_count - 1; i < j; i++, j--) {
        reel_window held = r->window[i];
        r->window[i] = r->window[j], r->window[j] = held;
    }
}

/* How much a window knows of its neighbour. One that is told of film beside the sample knows the
 * frame from which it goes on: latents that were made are nothing it could be told of. */
static int overlap_of(const reel *r, const reel_limits *limits)
{
    int overlap = reel_context(limits);
    if (!limits->holds)
        return least(overlap, 1);
    if (r->backwards)
        overlap = context_after(limits) + 1;
    if (r->returns)
        overlap = most(1, least(overlap, (r->latents - r->returns) / 4));
    return overlap;
}

static cohl_status cut(reel *r, const reel_limits *limits, cohl_error *err)
{
    int longest = limits->latents_max, overlap = overlap_of(r, limits);
    bool once = r->latents <= longest;
    if (!limits->holds && (r->returns || (r->backwards && !once)))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: this model is told of film, and what it would have to know is "
                         "only made then", r->returns ? "a loop without a film to extend"
                         : "film that leads to a film and is longer than one window");
    if (!once && (!overlap || overlap >= longest))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%.4g s is longer than the %.4g s that this model films at once, "
                         "and it cannot go on from frames that are known", r->frames / r->fps,
                         ((longest - 1) * GROUP + 1) / r->fps);
    int count = once ? 1 : (r->latents - overlap + longest - overlap - 1) / (longest - overlap);
    if (count > REEL_WINDOWS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%.4g s would take %d windows, expected at most %d",
                         r->frames / r->fps, count, REEL_WINDOWS_MAX);
    if (r->returns && count < 3)
        cut_loop(r, overlap, limits);
    else
        cut_evenly(r, count, count > 1 ? overlap : 0);
    if (r->backwards)
        mirror(r);
    for (int i = 0; i < r->window_count; i++)
        r->window_most = most(r->window_most, r->window[i].count);
    return COHL_OK;
}

cohl_status reel_plan(reel *out, const reel_request *q, const reel_limits *limits, cohl_error *err)
{
    cohl_status st;
    *out = (reel){ .fps = limits->fps };
    if ((st = lay(out, q, limits, err)))
        return st;
    find_made(out);
    lay_take(out, q, limits);
    return cut(out, limits, err);
}
