/* reuse.c - a step's network is skipped where what it will say can be foretold.
 *
 * Frames that move are those whose time is another than when the network was last asked; all others are
 * clean or wait. Of what moves all has one time, so the distances of any such frame are those of all. */
#include "diffusion/reuse.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The last two answers and their times; parts of the room. */
typedef struct seen { float *v1, *v0, *t1, *t0; } seen;

static size_t values(const cohl_reuse *r) { return (size_t)r->frames * r->frame_size; }

static seen seen_of(const cohl_reuse *r)
{
    float *v0 = r->room + values(r), *t1 = v0 + values(r);
    return (seen){ r->room, v0, t1, t1 + r->frames };
}

size_t cohl_reuse_values(int frames, size_t frame_size)
{
    return 2 * (size_t)frames * (frame_size + 1);
}

void cohl_reuse_forget(cohl_reuse *reuse)
{
    reuse->seen = 0;
    reuse->bend = -1;
}

/* Whether a frame can be foretold, and |t - t1| |t - t0|, by which the error grows: 0 where none moves,
 * which whole timesteps of many steps do, and says nothing. A frame that moves and stood still before has no slope. */
static bool reach(const cohl_reuse *r, const float *time, double *out)
{
    seen s = seen_of(r);
    *out = 0;
    for (int f = 0; f < r->frames && r->seen == 2; f++) {
        if (time[f] == s.t1[f])
            continue;
        if (s.t1[f] == s.t0[f])
            return false;
        *out = fmax(*out, fabs((double)time[f] - s.t1[f]) * fabs((double)time[f] - s.t0[f]));
    }
    return r->seen == 2;
}

/* How far frame f is beyond its last time, in steps of the two before. */
static double beyond(const seen *s, const float *time, int f)
{
    return time[f] == s->t1[f] ? 0 : ((double)time[f] - s->t1[f]) / ((double)s->t1[f] - s->t0[f]);
}

static void foretell(const cohl_reuse *r, const float *time, float *v)
{
    seen s = seen_of(r);
    for (int f = 0; f < r->frames; f++) {
        double part = beyond(&s, time, f);
        for (size_t i = (size_t)f * r->frame_size; i < (size_t)(f + 1) * r->frame_size; i++)
            v[i] = (float)(s.v1[i] + part * (s.v1[i] - (double)s.v0[i]));
    }
}

/* Relative root mean square of what would have been foretold of v, over the frames that moved. */
static double stray(const cohl_reuse *r, const float *time, const float *v)
{
    seen s = seen_of(r);
    double lost = 0, size = 0;
    for (int f = 0; f < r->frames; f++) {
        double part = beyond(&s, time, f);
        for (size_t i = (size_t)f * r->frame_size; part != 0 && i < (size_t)(f + 1) * r->frame_size; i++) {
            double d = s.v1[i] + part * (s.v1[i] - (double)s.v0[i]) - v[i];
            lost += d * d, size += (double)v[i] * v[i];
        }
    }
    return size > 0 ? sqrt(lost / size) : 0;
}

static void take(cohl_reuse *r, const float *time, const float *v)
{
    seen s = seen_of(r);
    memcpy(s.v0, s.v1, values(r) * sizeof *v);
    memcpy(s.t0, s.t1, (size_t)r->frames * sizeof *time);
    memcpy(s.v1, v, values(r) * sizeof *v);
    memcpy(s.t1, time, (size_t)r->frames * sizeof *time);
    r->seen += r->seen < 2;
}

static cohl_status reused(void *ctx, const float *x, const float *time, float *v, cohl_error *err)
{
    cohl_reuse *r = ctx;
    double far;
    bool known = reach(r, time, &far);
    if (known && far > 0 && r->bend >= 0 && r->bend * far <= r->threshold) {
        foretell(r, time, v);
        r->skipped++;
        return COHL_OK;
    }
    cohl_status st = r->inner.fn(r->inner.ctx, x, time, v, err);
    if (st)
        return st;
    if (known && far > 0)
        r->bend = stray(r, time, v) / far;
    take(r, time, v);
    r->asked++;
    return COHL_OK;
}

cohl_velocity cohl_reuse_velocity(cohl_reuse *reuse)
{
    assert(reuse->room && reuse->threshold > 0);
    if (!reuse->seen)
        reuse->bend = -1;
    return (cohl_velocity){ reused, reuse };
}
