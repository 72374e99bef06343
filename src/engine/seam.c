/* seam.c - frames at the joins of given and made film, so that no join shows.
 *
 * Corrections are kept as 16 bits a value, in 1/16 of a level, at the size of the film. */
#include "engine/seam.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 16,            /* of a level of 0..255 */
       BLUR_PASSES = 3,      /* box blurs that make a bell */
       COARSE_PART = 10,     /* the wide blur reaches 1/10 of the width */
       STILL_RADIUS = 2,
       DISSOLVE_PART = 2 };  /* detail that moves dissolves in 1/2 of the reach */
/* A decoded picture that changed by less than STILL levels stands still, by more than MOVED moves. */
static const float STILL = 4, MOVED = 14;

/* What one join gives to the frames near it. */
typedef struct correction {
    bool     set;
    int16_t *coarse, *fine;  /* [height, width, 3] */
    uint8_t *decoded;        /* the picture at the join, as it was decoded (plus the jump) */
} correction;

struct engine_seam {
    int    width, height, reach;
    bool   joins;
    size_t size;             /* values of a frame */
    engine_seam_sink sink;
    correction before, after;
    int    since;            /* made frames since the join before, held ones among them */
    bool   after_given;      /* the frame before was given */
    engine_ease ease[2];     /* the steps of what is given before and behind */
    int    over;             /* frames over which either join is eased           */
    cohl_frame *given, *decoded;      /* the last frame: as it came out, as it was decoded */
    bool   has_last;
    cohl_frame *shown;       /* the last frame that came out */
    bool   has_shown;
    cohl_frame **held;       /* [reach] made frames that wait for a given one */
    int    held_count;
    cohl_frame *out, *calm;
    engine_looking looking;
    bool   holds;
    engine_look look[2], own;/* of what is given before and behind; of the first made second */
    float *a, *b, *still;    /* scratch [height, width, 3] */
};

/* ---- memory -------------------------------------------------------------- */

static bool take_correction(correction *c, size_t size)
{
    c->coarse = malloc(size * sizeof *c->coarse);
    c->fine = malloc(size * sizeof *c->fine);
    c->decoded = malloc(size);
    return c->coarse && c->fine && c->decoded;
}

static void free_correction(correction *c)
{
    free(c->coarse);
    free(c->fine);
    free(c->decoded);
}

void engine_seam_close(engine_seam *s)
{
    if (!s)
        return;
    free_correction(&s->before);
    free_correction(&s->after);
    for (int i = 0; s->held && i < s->reach; i++)
        cohl_frame_free(s->held[i]);
    free(s->held);
    cohl_frame_free(s->given);
    cohl_frame_free(s->decoded);
    cohl_frame_free(s->out);
    cohl_frame_free(s->calm);
    cohl_frame_free(s->shown);
    free(s->a);
    free(s->b);
    free(s->still);
    free(s);
}

cohl_status engine_seam_open(engine_seam **out, int width, int height, const engine_seam_params *params,
                             engine_seam_sink sink, cohl_error *err)
{
    int reach = params->reach;
    engine_seam *s = calloc(1, sizeof *s);
    cohl_status st = COHL_OK;
    *out = NULL;
    if (!s)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for joins");
    s->width = width, s->height = height, s->reach = reach, s->joins = params->joins, s->sink = sink;
    s->holds = params->holds;
    memcpy(s->ease, params->ease, sizeof s->ease);
    memcpy(s->look, params->look, sizeof s->look);
    s->size = (size_t)width * (size_t)height * 3;
    s->held = calloc((size_t)reach, sizeof *s->held);
    s->a = malloc(s->size * sizeof *s->a);
    s->b = malloc(s->size * sizeof *s->b);
    s->still = malloc(s->size / 3 * sizeof *s->still);
    if (!s->held || !s->a || !s->b || !s->still || !take_correction(&s->before, s->size) ||
        !take_correction(&s->after, s->size))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for the joins of a film of %d x %d", width, height);
    if (!st) st = cohl_frame_new(&s->given, width, height, err);
    if (!st) st = cohl_frame_new(&s->decoded, width, height, err);
    if (!st) st = cohl_frame_new(&s->out, width, height, err);
    if (!st) st = cohl_frame_new(&s->calm, width, height, err);
    if (!st) st = cohl_frame_new(&s->shown, width, height, err);
    if (st)
        engine_seam_close(s);
    else
        *out = s;
    return st;
}

/* ---- blurs --------------------------------------------------------------- */

/* The mean of 2 radius + 1 values along a line of `count`, `stride` apart; edges are repeated. */
static void box_line(float *out, const float *in, int count, size_t stride, int radius)
{
    float sum = 0, part = 1.0f / (float)(2 * radius + 1);
    for (int i = -radius; i <= radius; i++)
        sum += in[(size_t)(i < 0 ? 0 : i >= count ? count - 1 : i) * stride];
    for (int i = 0; i < count; i++) {
        int leaves = i - radius < 0 ? 0 : i - radius, enters = i + radius + 1 >= count ? count - 1 : i + radius + 1;
        out[(size_t)i * stride] = sum * part;
        sum += in[(size_t)enters * stride] - in[(size_t)leaves * stride];
    }
}

/* The same down columns [height, row], many side by side, as they lie in memory. */
static void box_columns(float *out, const float *in, int height, size_t row, int radius)
{
    enum { TOGETHER = 64 };
    float part = 1.0f / (float)(2 * radius + 1);
    for (size_t x = 0; x < row; x += TOGETHER) {
        size_t count = row - x < TOGETHER ? row - x : TOGETHER;
        float sum[TOGETHER] = { 0 };
        for (int y = -radius; y <= radius; y++)
            for (size_t c = 0; c < count; c++)
                sum[c] += in[(size_t)(y < 0 ? 0 : y >= height ? height - 1 : y) * row + x + c];
        for (int y = 0; y < height; y++) {
            size_t leaves = y - radius < 0 ? 0 : (size_t)(y - radius);
            size_t enters = y + radius + 1 >= height ? (size_t)height - 1 : (size_t)(y + radius + 1);
            for (size_t c = 0; c < count; c++) {
                out[(size_t)y * row + x + c] = sum[c] * part;
                sum[c] += in[enters * row + x + c] - in[leaves * row + x + c];
            }
        }
    }
}

/* values [height, width, channels] */
static void blur(float *values, float *scratch, int width, int height, int channels, int radius, int passes)
{
    size_t row = (size_t)width * (size_t)channels;
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < height; y++)
            for (int c = 0; c < channels; c++)
                box_line(scratch + (size_t)y * row + c, values + (size_t)y * row + c, width, (size_t)channels, radius);
        box_columns(values, scratch, height, row, radius);
    }
}

static int coarse_radius(const engine_seam *s)
{
    int radius = s->width / (COARSE_PART * 2);
    return radius < 1 ? 1 : radius;
}

static int16_t to_unit(float value)
{
    return (int16_t)lrintf(fminf(fmaxf(value * UNIT, -32767), 32767));
}

/* ---- a join -------------------------------------------------------------- */

/* shown - beside: the picture at the join as it is shown, and the made frame beside it as it is
 * decoded; shown - decoded: what the autoencoder lost of the former. */
static void set_correction(engine_seam *s, correction *c, const cohl_frame *shown, const cohl_frame *decoded,
                           const cohl_frame *beside)
{
    for (size_t i = 0; i < s->size; i++)
        s->a[i] = (float)shown->rgb[i] - (float)beside->rgb[i];
    blur(s->a, s->b, s->width, s->height, 3, coarse_radius(s), BLUR_PASSES);
    for (size_t i = 0; i < s->size; i++)
        c->coarse[i] = to_unit(s->a[i]);
    for (size_t i = 0; i < s->size; i++)
        s->a[i] = (float)shown->rgb[i] - (float)decoded->rgb[i];
    for (size_t i = 0; i < s->size; i++)
        c->fine[i] = (int16_t)(((int)shown->rgb[i] - (int)decoded->rgb[i]) * UNIT);
    blur(s->a, s->b, s->width, s->height, 3, coarse_radius(s), BLUR_PASSES);
    for (size_t i = 0; i < s->size; i++) {
        c->fine[i] = (int16_t)(c->fine[i] - to_unit(s->a[i]));
        /* as the made frames would show the same picture: less what the coarse part adds to them */
        float same = (float)decoded->rgb[i] + s->a[i] - (float)c->coarse[i] / UNIT;
        c->decoded[i] = (uint8_t)lrintf(fminf(fmaxf(same, 0), 255));
    }
    c->set = true;
}

/* still [height, width]: 1 where the frame shows what stood at the join, 0 where it moved. */
static void find_still(engine_seam *s, const correction *c, const cohl_frame *frame)
{
    size_t pixels = s->size / 3;
    for (size_t i = 0; i < pixels; i++) {
        float most = 0;
        for (int k = 0; k < 3; k++)
            most = fmaxf(most, fabsf((float)frame->rgb[3 * i + (size_t)k] - (float)c->decoded[3 * i + (size_t)k]));
        s->still[i] = most;
    }
    blur(s->still, s->b, s->width, s->height, 1, STILL_RADIUS, 1);
    for (size_t i = 0; i < pixels; i++)
        s->still[i] = fminf(fmaxf((MOVED - s->still[i]) / (MOVED - STILL), 0), 1);
}

/* a += weight * correction. Detail of what moves does not vanish from one frame to the next, which
 * would be seen: it dissolves where it was. */
static void add_correction(engine_seam *s, const correction *c, const cohl_frame *frame, int distance, float weight)
{
    if (!c->set || weight <= 0)
        return;
    float dissolve = 1 - (float)(distance - 1) * DISSOLVE_PART / (float)s->reach;
    find_still(s, c, frame);
    for (size_t i = 0; i < s->size; i++)
        s->a[i] += weight / UNIT * ((float)c->coarse[i] + fmaxf(s->still[i / 3], dissolve) * (float)c->fine[i]);
}

/* `before` and `after`: frames to the join on either side, 1 = beside it; 0 = there is none. */
static void correct(engine_seam *s, cohl_frame *frame, int before, int after)
{
    float reach = (float)s->reach + 1;
    float left = before ? fmaxf(0, 1 - (float)(before - 1) / reach) : 0;
    float right = after ? fmaxf(0, 1 - (float)(after - 1) / reach) : 0;
    if (before && after) {
        float at = (float)before / (float)(before + after);
        left = fminf(left, 1 - at), right = fminf(right, at);
    }
    if ((left <= 0 || !s->before.set) && (right <= 0 || !s->after.set))
        return;
    for (size_t i = 0; i < s->size; i++)
        s->a[i] = frame->rgb[i];
    add_correction(s, &s->before, frame, before, left);
    add_correction(s, &s->after, frame, after, right);
    for (size_t i = 0; i < s->size; i++)
        frame->rgb[i] = (uint8_t)lrintf(fminf(fmaxf(s->a[i], 0), 255));
}

static cohl_status put(engine_seam *s, const cohl_frame *frame, cohl_error *err)
{
    memcpy(s->shown->rgb, frame->rgb, s->size);
    s->has_shown = true;
    return s->sink.put(s->sink.user, frame, err);
}

/* A made frame near the join before it, if there is one. */
static cohl_status put_made(engine_seam *s, cohl_frame *frame, int before, cohl_error *err)
{
    correct(s, frame, before, 0);
    if (s->has_shown)
        engine_ease_frame(&s->ease[0], frame, s->shown, before, s->over);
    return put(s, frame, err);
}

/* ---- the film's look ----------------------------------------------------- */

/* What a made frame is held to, `until` frames (0: none follows) before the next given one. */
static engine_look look_here(const engine_seam *s, int until)
{
    if (!s->holds)
        return (engine_look){ 0 };
    if (!s->look[0].frames && !s->look[1].frames)
        return s->own.frames < s->reach ? (engine_look){ 0 } : s->own;
    return engine_look_between(&s->look[0], &s->look[1], until ? (double)s->since / (s->since + until) : 0);
}

/* A made frame as the film looks, in s->calm. */
static const cohl_frame *calm_down(engine_seam *s, const cohl_frame *frame, int until)
{
    const engine_look film = look_here(s, until);
    memcpy(s->calm->rgb, frame->rgb, s->size);
    engine_look_hold(&s->looking, &film, s->calm);
    if (s->own.frames < s->reach)
        engine_look_add(&s->own, s->calm);
    return s->calm;
}

/* ---- frames in ----------------------------------------------------------- */

static void keep_last(engine_seam *s, const cohl_frame *shown, const cohl_frame *decoded)
{
    memcpy(s->given->rgb, shown->rgb, s->size);
    memcpy(s->decoded->rgb, decoded->rgb, s->size);
    s->has_last = true;
}

/* Frames from the join before to held frame i, 1 = beside it; 0 = there is none. */
static int place_of(const engine_seam *s, int i) { return s->before.set ? s->since - s->held_count + 1 + i : 0; }

static cohl_status put_oldest(engine_seam *s, cohl_error *err)
{
    cohl_frame *oldest = s->held[0];
    cohl_status st = put_made(s, oldest, place_of(s, 0), err);
    memmove(s->held, s->held + 1, (size_t)(s->reach - 1) * sizeof *s->held);
    s->held[s->reach - 1] = oldest;
    s->held_count--;
    return st;
}

/* All that waited for a given frame: drawn towards what stood before, then towards what comes. */
static cohl_status put_held(engine_seam *s, const cohl_frame *given, cohl_error *err)
{
    int count = s->held_count;
    cohl_status st = COHL_OK;
    for (int i = 0; i < count; i++) {
        const cohl_frame *beside = i ? s->held[i - 1] : s->has_shown ? s->shown : NULL;
        correct(s, s->held[i], place_of(s, i), count - i);
        if (beside)
            engine_ease_frame(&s->ease[0], s->held[i], beside, place_of(s, i), s->over);
    }
    int far = count - s->over > 0 ? count - s->over : 0;
    engine_ease_begin(&s->ease[1]);
    engine_ease_way(&s->ease[1], given, far ? s->held[far - 1] : s->has_shown ? s->shown : s->held[0]);
    for (int i = count - 1; i >= far; i--)
        engine_ease_frame(&s->ease[1], s->held[i], i + 1 < count ? s->held[i + 1] : given, count - i, s->over);
    for (int i = 0; i < count && !st; i++)
        st = put(s, s->held[i], err);
    s->held_count = 0;
    return st;
}

cohl_status engine_seam_given(engine_seam *s, const cohl_frame *given, const cohl_frame *decoded, cohl_error *err)
{
    cohl_status st = COHL_OK;
    engine_look_pass(&s->looking, decoded);
    if (s->held_count) {
        set_correction(s, &s->after, given, decoded, s->held[s->held_count - 1]);
        st = put_held(s, given, err);
        s->after.set = false;
    }
    s->before.set = false;
    s->after_given = true;
    keep_last(s, given, decoded);
    return st ? st : put(s, given, err);
}

static cohl_status hold(engine_seam *s, const cohl_frame *decoded, cohl_error *err)
{
    cohl_status st = COHL_OK;
    if (s->held_count == s->reach)
        st = put_oldest(s, err);
    cohl_frame **place = &s->held[s->held_count];
    if (!st && !*place)
        st = cohl_frame_new(place, s->width, s->height, err);
    if (st)
        return st;
    memcpy((*place)->rgb, decoded->rgb, s->size);
    s->held_count++;
    return COHL_OK;
}

/* Where made film lies between two joins, each has half of it. */
static void begin_made(engine_seam *s, int until, const cohl_frame *decoded)
{
    if (s->has_last && s->after_given) {
        set_correction(s, &s->before, s->given, s->decoded, decoded);
        engine_ease_begin(&s->ease[0]);
        engine_ease_way(&s->ease[0], s->given, decoded);
    }
    s->over = !until ? s->reach : !s->before.set ? until : (until + 1) / 2;
    s->over = s->over < s->reach ? s->over : s->reach;
}

cohl_status engine_seam_made(engine_seam *s, const cohl_frame *decoded, int until, cohl_error *err)
{
    if (s->after_given || !s->has_last)
        s->since = 0;
    if (s->joins)
        decoded = calm_down(s, decoded, until);
    if (s->after_given || !s->has_last)
        begin_made(s, until, decoded);
    s->after_given = false;
    keep_last(s, decoded, decoded);
    cohl_status st = until ? hold(s, decoded, err) : COHL_OK;
    s->since++;
    if (until)
        return st;
    memcpy(s->out->rgb, decoded->rgb, s->size);
    return put_made(s, s->out, s->before.set ? s->since : 0, err);
}

cohl_status engine_seam_flush(engine_seam *s, cohl_error *err)
{
    cohl_status st = COHL_OK;
    while (s->held_count && !st)
        st = put_oldest(s, err);
    return st;
}
