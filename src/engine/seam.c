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
/* Levels by which the mean colour of made film moves from one frame to the next, at most. */
static const float CALM = 2;
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
    int    since;            /* made frames since the join before */
    bool   after_given;      /* the frame before was given */
    cohl_frame *given, *decoded;      /* the last frame: as it came out, as it was decoded */
    bool   has_last;
    cohl_frame **held;       /* [reach] made frames that wait for a given one */
    int    held_count;
    cohl_frame *out, *calm;
    float  mean[3];          /* of the last frame, as decoded and calmed */
    bool   has_mean;
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
    free(s->a);
    free(s->b);
    free(s->still);
    free(s);
}

cohl_status engine_seam_open(engine_seam **out, int width, int height, int reach, bool joins, engine_seam_sink sink,
                             cohl_error *err)
{
    engine_seam *s = calloc(1, sizeof *s);
    cohl_status st = COHL_OK;
    *out = NULL;
    if (!s)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for joins");
    s->width = width, s->height = height, s->reach = reach, s->joins = joins, s->sink = sink;
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

/* values [height, width, channels] */
static void blur(float *values, float *scratch, int width, int height, int channels, int radius, int passes)
{
    size_t row = (size_t)width * (size_t)channels;
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < height; y++)
            for (int c = 0; c < channels; c++)
                box_line(scratch + (size_t)y * row + c, values + (size_t)y * row + c, width, (size_t)channels, radius);
        for (size_t x = 0; x < row; x++)
            box_line(values + x, scratch + x, height, row, radius);
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
static cohl_status put_made(engine_seam *s, const cohl_frame *frame, int before, int after, cohl_error *err)
{
    float reach = (float)s->reach + 1;
    float left = before ? fmaxf(0, 1 - (float)(before - 1) / reach) : 0;
    float right = after ? fmaxf(0, 1 - (float)(after - 1) / reach) : 0;
    if (before && after) {
        float at = (float)before / (float)(before + after);
        left = fminf(left, 1 - at), right = fminf(right, at);
    }
    if ((left <= 0 || !s->before.set) && (right <= 0 || !s->after.set))
        return s->sink.put(s->sink.user, frame, err);
    for (size_t i = 0; i < s->size; i++)
        s->a[i] = frame->rgb[i];
    add_correction(s, &s->before, frame, before, left);
    add_correction(s, &s->after, frame, after, right);
    for (size_t i = 0; i < s->size; i++)
        s->out->rgb[i] = (uint8_t)lrintf(fminf(fmaxf(s->a[i], 0), 255));
    return s->sink.put(s->sink.user, s->out, err);
}

/* ---- flashes ------------------------------------------------------------- */

static void measure_mean(float mean[3], const cohl_frame *frame)
{
    uint64_t sum[3] = { 0 };
    size_t size = cohl_frame_bytes(frame);
    for (size_t i = 0; i < size; i++)
        sum[i % 3] += frame->rgb[i];
    for (int c = 0; c < 3; c++)
        mean[c] = (float)((double)sum[c] / (double)(size / 3));
}

/* The frame, or what of it is left when its mean colour may not jump. */
static const cohl_frame *calm_down(engine_seam *s, const cohl_frame *frame)
{
    float mean[3], shift[3];
    bool jumps = false;
    measure_mean(mean, frame);
    for (int c = 0; c < 3; c++) {
        float calm = s->has_mean ? fminf(fmaxf(mean[c], s->mean[c] - CALM), s->mean[c] + CALM) : mean[c];
        shift[c] = calm - mean[c];
        jumps = jumps || shift[c] != 0;
        s->mean[c] = calm;
    }
    s->has_mean = true;
    if (!jumps)
        return frame;
    for (size_t i = 0; i < s->size; i++)
        s->calm->rgb[i] = (uint8_t)lrintf(fminf(fmaxf((float)frame->rgb[i] + shift[i % 3], 0), 255));
    return s->calm;
}

/* ---- frames in ----------------------------------------------------------- */

static void keep_last(engine_seam *s, const cohl_frame *shown, const cohl_frame *decoded)
{
    memcpy(s->given->rgb, shown->rgb, s->size);
    memcpy(s->decoded->rgb, decoded->rgb, s->size);
    s->has_last = true;
}

static cohl_status put_oldest(engine_seam *s, int after, cohl_error *err)
{
    cohl_frame *oldest = s->held[0];
    cohl_status st = put_made(s, oldest, s->before.set ? s->since - s->held_count + 1 : 0, after, err);
    memmove(s->held, s->held + 1, (size_t)(s->reach - 1) * sizeof *s->held);
    s->held[s->reach - 1] = oldest;
    s->held_count--;
    return st;
}

static cohl_status put_held(engine_seam *s, bool joins, cohl_error *err)
{
    cohl_status st = COHL_OK;
    while (s->held_count && !st)
        st = put_oldest(s, joins ? s->held_count : 0, err);
    return st;
}

cohl_status engine_seam_given(engine_seam *s, const cohl_frame *given, const cohl_frame *decoded, cohl_error *err)
{
    cohl_status st = COHL_OK;
    measure_mean(s->mean, decoded);
    s->has_mean = true;
    if (s->held_count) {
        set_correction(s, &s->after, given, decoded, s->held[s->held_count - 1]);
        st = put_held(s, true, err);
        s->after.set = false;
    }
    s->before.set = false;
    s->after_given = true;
    keep_last(s, given, decoded);
    return st ? st : s->sink.put(s->sink.user, given, err);
}

static cohl_status hold(engine_seam *s, const cohl_frame *decoded, cohl_error *err)
{
    cohl_status st = COHL_OK;
    if (s->held_count == s->reach)
        st = put_oldest(s, 0, err);
    cohl_frame **place = &s->held[s->held_count];
    if (!st && !*place)
        st = cohl_frame_new(place, s->width, s->height, err);
    if (st)
        return st;
    memcpy((*place)->rgb, decoded->rgb, s->size);
    s->held_count++;
    return COHL_OK;
}

cohl_status engine_seam_made(engine_seam *s, const cohl_frame *decoded, bool ends, cohl_error *err)
{
    if (s->joins)
        decoded = calm_down(s, decoded);
    if (s->has_last && s->after_given) {
        set_correction(s, &s->before, s->given, s->decoded, decoded);
        s->since = 0;
    }
    s->after_given = false;
    s->since++;
    keep_last(s, decoded, decoded);
    if (ends)
        return hold(s, decoded, err);
    return put_made(s, decoded, s->before.set ? s->since : 0, 0, err);
}

cohl_status engine_seam_flush(engine_seam *s, cohl_error *err)
{
    return put_held(s, false, err);
}
