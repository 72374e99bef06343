/* feature.c - local features: FAST-9 corners on a pyramid, turned and described by comparisons.
 *
 * All of it but the angle is arithmetic of integers, so that a picture has the same features on any machine. */
#include "protect/feature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "protect/plane.h"

enum {
    RADIUS = 15,                 /* of what is described: 31 x 31, as BRIEF's authors have it     */
    EDGE = RADIUS + 4,           /* corners nearer to a side have no whole surroundings           */
    CONTRAST = 8,                /* of a corner to its circle, of 255                             */
    CELL = 32,                   /* a part of a level: so many pixels across                      */
    CELL_MOST = 8,               /* corners kept in a part                                        */
    CORNERS_MOST = 16384,        /* looked at on a level                                          */
    PAIRS = 256,
};

/* The sixteen places of the circle, in order (Rosten and Drummond 2006, figure 1). */
static const int8_t circle[16][2] = { { 0, -3 }, { 1, -3 }, { 2, -2 }, { 3, -1 }, { 3, 0 }, { 3, 1 }, { 2, 2 },
                                      { 1, 3 }, { 0, 3 }, { -1, 3 }, { -2, 2 }, { -3, 1 }, { -3, 0 }, { -3, -1 },
                                      { -2, -2 }, { -1, -3 } };

typedef struct corner { int16_t x, y; float good; } corner;

struct cohl_feature_finder {
    int8_t    pair[COHL_FEATURE_TURNS][PAIRS][4];     /* x, y of one place and of the other */
    int8_t    half[RADIUS + 1];                       /* of the disc's rows                 */
    cohl_plane level[COHL_FEATURE_LEVELS], smooth;
    uint8_t  *mask;                                   /* of a row                           */
    float    *good;                                   /* of a level: Harris's measure, 0: no corner */
    size_t    good_room;
    corner    corner[CORNERS_MOST];
    int       corner_count;
};

float cohl_feature_size(int level)
{
    static const float sizes[COHL_FEATURE_LEVELS] = { 1, 1.25f, 1.5625f, 1.953125f, 2.44140625f };
    return sizes[level];
}

/* ---- the pattern of comparisons ----------------------------------------------- */

/* Nearly normal, with a deviation of a fifth of the side (Calonder et al., G II): a sum of four dice. */
static float draw(cohl_rng *rng)
{
    int sum = -2 * 1024;
    for (int i = 0; i < 4; i++)
        sum += (int)cohl_rng_below(rng, 1025);
    return (float)sum * (6.2f / 591);
}

static void draw_place(float place[2], cohl_rng *rng)
{
    do {
        place[0] = draw(rng), place[1] = draw(rng);
    } while (place[0] * place[0] + place[1] * place[1] > (RADIUS - 1) * (RADIUS - 1));
}

static void draw_pattern(cohl_feature_finder *f)
{
    cohl_rng rng = cohl_rng_make(256, 31);
    for (int i = 0; i < PAIRS; i++) {
        float place[2][2];
        draw_place(place[0], &rng);
        draw_place(place[1], &rng);
        for (int turn = 0; turn < COHL_FEATURE_TURNS; turn++) {
            double angle = 2 * M_PI * turn / COHL_FEATURE_TURNS, c = cos(angle), s = sin(angle);
            for (int k = 0; k < 2; k++) {
                f->pair[turn][i][2 * k] = (int8_t)lround(c * place[k][0] - s * place[k][1]);
                f->pair[turn][i][2 * k + 1] = (int8_t)lround(s * place[k][0] + c * place[k][1]);
            }
        }
    }
}

cohl_status cohl_feature_finder_new(cohl_feature_finder **out, cohl_error *err)
{
    cohl_feature_finder *f = *out = calloc(1, sizeof *f);
    if (!f)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for features");
    draw_pattern(f);
    for (int y = 0; y <= RADIUS; y++)
        f->half[y] = (int8_t)sqrt(RADIUS * RADIUS - y * y);
    return COHL_OK;
}

void cohl_feature_finder_free(cohl_feature_finder *f)
{
    if (!f)
        return;
    for (int i = 0; i < COHL_FEATURE_LEVELS; i++)
        cohl_plane_free(&f->level[i]);
    cohl_plane_free(&f->smooth);
    free(f->mask);
    free(f->good);
    free(f);
}

/* ---- corners ------------------------------------------------------------------ */

/* 1 when they are a corner's contrast apart. */
static int apart(int a, int b) { return a - b > CONTRAST ? 1 : b - a > CONTRAST; }

/* Could be: nine of the sixteen in a row hold one end of each of two axes. */
static void mask_row(uint8_t *mask, const cohl_plane *p, int y)
{
    const uint8_t *row = p->at + (size_t)y * (size_t)p->width, *up = row - 3 * p->width, *down = row + 3 * p->width;
    for (int x = EDGE; x < p->width - EDGE; x++) {
        int c = row[x];
        mask[x] = (uint8_t)((apart(up[x], c) | apart(down[x], c)) & (apart(row[x - 3], c) | apart(row[x + 3], c)));
    }
}

/* Nine ones in a row on the ring of sixteen. */
static bool nine_in_a_row(uint32_t ring)
{
    ring |= ring << 16;
    ring &= ring >> 1;
    ring &= ring >> 2;
    ring &= ring >> 4;       /* eight in a row begin here */
    return ring & ring >> 1;
}

static bool is_corner(const uint8_t *at, const int offset[16])
{
    uint32_t light = 0, dark = 0;
    for (int i = 0; i < 16; i++) {
        light |= (uint32_t)(at[offset[i]] > *at + CONTRAST) << i;
        dark |= (uint32_t)(at[offset[i]] < *at - CONTRAST) << i;
    }
    return nine_in_a_row(light) || nine_in_a_row(dark);
}

/* det - 0.04 trace^2 of the gradients' moments over 7 x 7 (Harris and Stephens 1988). */
static float harris(const uint8_t *at, int width)
{
    int xx = 0, yy = 0, xy = 0;
    for (int y = -3; y <= 3; y++)
        for (int x = -3; x <= 3; x++) {
            const uint8_t *p = at + y * width + x;
            int dx = p[1] - p[-1], dy = p[width] - p[-width];
            xx += dx * dx, yy += dy * dy, xy += dx * dy;
        }
    float a = (float)xx, b = (float)yy, c = (float)xy;
    return a * b - c * c - 0.04f * (a + b) * (a + b);
}

static cohl_status make_room(cohl_feature_finder *f, const cohl_plane *p, cohl_error *err)
{
    size_t count = (size_t)p->width * (size_t)p->height;
    if (count > f->good_room) {
        free(f->good);
        free(f->mask);
        f->good = malloc(count * sizeof *f->good);
        f->mask = malloc(COHL_FEATURE_SIDE);
        f->good_room = f->good && f->mask ? count : 0;
        if (!f->good_room)
            return cohl_fail(err, COHL_ERR_MEMORY, "no memory to look for features");
    }
    memset(f->good, 0, count * sizeof *f->good);
    return COHL_OK;
}

static bool is_best_near(const float *good, int width)
{
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++)
            if (good[y * width + x] > *good || (good[y * width + x] == *good && (y < 0 || (y == 0 && x < 0))))
                return false;
    return true;
}

static int best_first(const void *a, const void *b)
{
    const corner *p = a, *q = b;
    if (p->good != q->good)
        return p->good < q->good ? 1 : -1;
    return p->y != q->y ? p->y - q->y : p->x - q->x;
}

static void measure_corners(cohl_feature_finder *f, const cohl_plane *p)
{
    int offset[16];
    for (int i = 0; i < 16; i++)
        offset[i] = circle[i][1] * p->width + circle[i][0];
    for (int y = EDGE; y < p->height - EDGE; y++) {
        mask_row(f->mask, p, y);
        for (int x = EDGE; x < p->width - EDGE; x++) {
            size_t i = (size_t)y * (size_t)p->width + (size_t)x;
            if (f->mask[x] && is_corner(p->at + i, offset))
                f->good[i] = harris(p->at + i, p->width);
        }
    }
}

static cohl_status find_corners(cohl_feature_finder *f, const cohl_plane *p, cohl_error *err)
{
    cohl_status st = make_room(f, p, err);
    f->corner_count = 0;
    if (st)
        return st;
    measure_corners(f, p);
    for (int y = EDGE; y < p->height - EDGE; y++)
        for (int x = EDGE; x < p->width - EDGE && f->corner_count < CORNERS_MOST; x++) {
            const float *good = f->good + (size_t)y * (size_t)p->width + x;
            if (*good > 0 && is_best_near(good, p->width))
                f->corner[f->corner_count++] = (corner){ (int16_t)x, (int16_t)y, *good };
        }
    qsort(f->corner, (size_t)f->corner_count, sizeof *f->corner, best_first);
    return COHL_OK;
}

/* ---- what a corner looks like ---------------------------------------------------- */

/* Towards the centroid of light in the disc. */
static int turn_of(const cohl_feature_finder *f, const uint8_t *at, int width)
{
    int across = 0, down = 0;
    for (int y = -RADIUS; y <= RADIUS; y++) {
        const uint8_t *row = at + y * width;
        int half = f->half[y < 0 ? -y : y], sum = 0;
        for (int x = -half; x <= half; x++) {
            across += x * row[x];
            sum += row[x];
        }
        down += y * sum;
    }
    double turns = atan2(down, across) / (2 * M_PI) * COHL_FEATURE_TURNS;
    return ((int)lround(turns) + COHL_FEATURE_TURNS) % COHL_FEATURE_TURNS;
}

static void describe(cohl_feature *out, const cohl_feature_finder *f, const uint8_t *at, int width)
{
    const int8_t (*pair)[4] = f->pair[out->turn];
    for (int i = 0; i < PAIRS; i++) {
        int one = at[pair[i][1] * width + pair[i][0]], other = at[pair[i][3] * width + pair[i][2]];
        out->bits[i / 64] |= (uint64_t)(one < other) << i % 64;
    }
}

/* The best corners of a level, at most so many, and not all in one part of it. */
static void keep_corners(cohl_feature_list *out, cohl_feature_finder *f, int level, int most)
{
    const cohl_plane *p = &f->level[level], *smooth = &f->smooth;
    uint8_t taken[COHL_FEATURE_SIDE / CELL + 1][COHL_FEATURE_SIDE / CELL + 1] = { { 0 } };
    for (int i = 0; i < f->corner_count && most > 0 && out->count < COHL_FEATURES_MOST; i++) {
        const corner *c = &f->corner[i];
        uint8_t *count = &taken[c->y / CELL][c->x / CELL];
        if (*count == CELL_MOST)
            continue;
        size_t at = (size_t)c->y * (size_t)p->width + (size_t)c->x;
        float size = cohl_feature_size(level);
        cohl_feature *feature = &out->feature[out->count++];
        *feature = (cohl_feature){ .x = (uint16_t)(16 * size * ((float)c->x + 0.5f)),
                                   .y = (uint16_t)(16 * size * ((float)c->y + 0.5f)), .level = (uint8_t)level,
                                   .turn = (uint8_t)turn_of(f, p->at + at, p->width) };
        describe(feature, f, smooth->at + at, p->width);
        ++*count, most--;
    }
}

/* ---- a picture --------------------------------------------------------------------- */

cohl_status cohl_feature_find(cohl_feature_list *out, cohl_feature_finder *f, const cohl_frame *frame, bool mirrored,
                              cohl_error *err)
{
    /* of COHL_FEATURES_MOST: nearly even, for what is small in a frame is met by the smallest levels */
    static const int share[COHL_FEATURE_LEVELS] = { 105, 90, 80, 70, 55 };
    cohl_status st = cohl_plane_of(&f->level[0], frame, COHL_FEATURE_SIDE, mirrored, err);
    if (st)
        return st;
    out->width = f->level[0].width, out->height = f->level[0].height, out->count = 0;
    out->contrast = cohl_plane_contrast(&f->level[0]);
    cohl_plane_means(out->luma, 32, &f->level[0]);
    for (int i = 0; i < COHL_FEATURE_LEVELS && !st; i++) {
        if (i && (st = cohl_plane_smaller(&f->level[i], &f->level[i - 1], err)))
            break;
        if (f->level[i].width <= 2 * EDGE || f->level[i].height <= 2 * EDGE)
            break;
        if ((st = find_corners(f, &f->level[i], err)) || (st = cohl_plane_smooth(&f->smooth, &f->level[i], err)))
            break;
        keep_corners(out, f, i, share[i]);
    }
    return st;
}
