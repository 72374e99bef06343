/* look.c - a film that is made in parts keeps its look. */
#include "engine/look.h"

#include <math.h>
#include <string.h>

#include "engine/steady.h"

/* Drift at most: a part of the film's deviation, of one of so many levels where the film is flatter; a factor of it. */
static const double SHIFT_MAX = 0.3, SHIFT_OF_LEAST = 40, FACTOR_MAX = 1.4;
/* No frame is scaled by more. */
static const double SCALE_MAX = 1.6;
/* What a look may change by from one frame to the next: levels, and a factor. */
static const double CALM_SHIFT = 2, CALM_FACTOR = 1.03;
/* The part of what was made lately that one frame is. */
static const double PART = 1.0 / 16;
/* Values of a frame in which nothing is seen deviate by less. */
static const double DEVIATION_LEAST = 1;
enum { LEVELS = 256, CHANNELS = 3, ROUNDS = 4 };

/* How often each level is there. */
typedef struct counts {
    int64_t of[CHANNELS][LEVELS], pixels;
} counts;

/* ---- measured ------------------------------------------------------------ */

static void count_levels(counts *out, const cohl_frame *frame)
{
    size_t size = cohl_frame_bytes(frame);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < size; i += CHANNELS)
        for (int c = 0; c < CHANNELS; c++)
            out->of[c][frame->rgb[i + (size_t)c]]++;
    out->pixels = (int64_t)(size / CHANNELS);
}

/* The look when each level is shown as `curve` says. */
static engine_look look_of(const counts *n, uint8_t curve[CHANNELS][LEVELS])
{
    engine_look look = { .frames = 1 };
    double squares = 0;
    for (int c = 0; c < CHANNELS; c++) {
        int64_t sum = 0, square = 0;
        for (int v = 0; v < LEVELS; v++) {
            sum += n->of[c][v] * curve[c][v];
            square += n->of[c][v] * curve[c][v] * curve[c][v];
        }
        look.mean[c] = (double)sum / (double)n->pixels;
        squares += (double)square / (double)n->pixels - look.mean[c] * look.mean[c];
    }
    look.deviation = sqrt(fmax(squares / CHANNELS, 0));
    return look;
}

static void plain_curve(uint8_t curve[CHANNELS][LEVELS])
{
    for (int c = 0; c < CHANNELS; c++)
        for (int v = 0; v < LEVELS; v++)
            curve[c][v] = (uint8_t)v;
}

void engine_look_add(engine_look *look, const cohl_frame *frame)
{
    counts n;
    uint8_t curve[CHANNELS][LEVELS];
    count_levels(&n, frame);
    plain_curve(curve);
    engine_look one = look_of(&n, curve);
    double part = 1.0 / ++look->frames;
    for (int c = 0; c < CHANNELS; c++)
        look->mean[c] += part * (one.mean[c] - look->mean[c]);
    look->deviation += part * (one.deviation - look->deviation);
}

engine_look engine_look_between(const engine_look *a, const engine_look *b, double part)
{
    if (!a->frames || !b->frames)
        return a->frames ? *a : *b;
    engine_look look = *a;
    for (int c = 0; c < CHANNELS; c++)
        look.mean[c] += part * (b->mean[c] - a->mean[c]);
    look.deviation += part * (b->deviation - a->deviation);
    return look;
}

/* ---- wanted -------------------------------------------------------------- */

static double bounded(double value, double most) { return fmin(fmax(value, -most), most); }

/* How a film looks that looks like `made` lately. */
static engine_look without_drift(const engine_look *made, const engine_look *film)
{
    engine_look look = *made;
    double deviation = fmax(film->deviation, DEVIATION_LEAST), wider = log(fmax(made->deviation, DEVIATION_LEAST) / deviation);
    double drift = SHIFT_MAX * fmax(deviation, SHIFT_OF_LEAST);
    for (int c = 0; c < CHANNELS; c++)
        look.mean[c] = film->mean[c] + engine_not_drift(made->mean[c] - film->mean[c], drift);
    look.deviation = deviation * exp(engine_not_drift(wider, log(fmax(FACTOR_MAX, 1 + drift / deviation))));
    return look;
}

/* As near to the wanted look as a frame after `last` may come. */
static engine_look calmed(const engine_look *wanted, const engine_look *last)
{
    engine_look look = *wanted;
    double before = fmax(last->deviation, DEVIATION_LEAST), wider = log(fmax(wanted->deviation, DEVIATION_LEAST) / before);
    for (int c = 0; c < CHANNELS; c++)
        look.mean[c] = last->mean[c] + bounded(wanted->mean[c] - last->mean[c], CALM_SHIFT);
    look.deviation = before * exp(bounded(wider, log(CALM_FACTOR)));
    return look;
}

/* ---- given to a frame ---------------------------------------------------- */

static void draw_curve(uint8_t curve[CHANNELS][LEVELS], const engine_look *from, const double mean[3], double factor)
{
    for (int c = 0; c < CHANNELS; c++)
        for (int v = 0; v < LEVELS; v++)
            curve[c][v] = (uint8_t)lrint(fmin(fmax(mean[c] + factor * (v - from->mean[c]), 0), 255));
}

/* The curve after which a frame has the wanted look; what it has, as far as whole levels allow. */
static engine_look find_curve(uint8_t curve[CHANNELS][LEVELS], const counts *n, const engine_look *own,
                              const engine_look *wanted)
{
    double mean[CHANNELS], factor = own->deviation > DEVIATION_LEAST ? wanted->deviation / own->deviation : 1;
    engine_look got = *own;
    memcpy(mean, wanted->mean, sizeof mean);
    factor = fmin(fmax(factor, 1 / SCALE_MAX), SCALE_MAX);
    for (int round = 0; round < ROUNDS; round++) {
        draw_curve(curve, own, mean, factor);
        got = look_of(n, curve);
        for (int c = 0; c < CHANNELS; c++)
            mean[c] += wanted->mean[c] - got.mean[c];
        if (got.deviation > DEVIATION_LEAST)
            factor = fmin(fmax(factor * wanted->deviation / got.deviation, 1 / SCALE_MAX), SCALE_MAX);
    }
    return got;
}

void engine_look_pass(engine_looking *looking, const cohl_frame *frame)
{
    *looking = (engine_looking){ 0 };
    engine_look_add(&looking->shown, frame);
}

void engine_look_hold(engine_looking *looking, const engine_look *film, cohl_frame *frame)
{
    counts n;
    uint8_t curve[CHANNELS][LEVELS];
    count_levels(&n, frame);
    plain_curve(curve);
    engine_look own = look_of(&n, curve), wanted = own;
    if (film->frames) {
        looking->made = engine_look_between(looking->made.frames ? &looking->made : film, &own, PART);
        wanted = without_drift(&looking->made, film);
    }
    if (looking->shown.frames)
        wanted = calmed(&wanted, &looking->shown);
    looking->shown = find_curve(curve, &n, &own, &wanted);
    for (size_t i = 0; i < cohl_frame_bytes(frame); i += CHANNELS)
        for (int c = 0; c < CHANNELS; c++)
            frame->rgb[i + (size_t)c] = curve[c][frame->rgb[i + (size_t)c]];
}
