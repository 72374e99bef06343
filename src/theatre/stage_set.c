/* stage_set.c - the sets: ground, rings of hills and props of the eight settings.
 *
 * Props stand behind and beside the acting space (more than about 4.5 m from the
 * middle, none tall in front of it), where neither an actor nor a camera on its way
 * round meets them. Backgrounds are calm: few tones, little contrast. */
#include "theatre/stage.h"

#include "base/rng.h"

typedef struct decorator {
    stage   *st;
    cohl_rng rng;
} decorator;

static float between(decorator *d, float lo, float hi)
{
    return lo + (hi - lo) * (float)cohl_rng_uniform(&d->rng);
}

/* A pose on the ground at `angle` (0 behind the stage, + to the right) and `radius` from
 * the middle, its -z towards the middle. */
static pose pose_round(float angle, float radius, float y)
{
    pose p = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 0, y, STAGE_MIDDLE_Z } };
    return pose_move(pose_turn_y(p, angle), 0, 0, radius);
}

/* Anywhere between these angles and radii. A statement draws once: the order in which a
 * call's arguments are worked out differs between machines. */
static pose pose_strewn(decorator *d, float angle_lo, float angle_hi, float radius_lo, float radius_hi)
{
    float radius = between(d, radius_lo, radius_hi);
    return pose_round(between(d, angle_lo, angle_hi), radius, 0);
}

/* How a far flat of this paint looks: lit from the front, hazed by its distance. */
static vec3 far_colour(const stage *st, vec3 paint, float distance)
{
    float far = distance * distance;
    vec3 light = v3_along(v3_mix(st->world.below, st->world.above, 0.6f), 0.55f, st->world.key);
    light = v3_add(light, st->world.fill);
    return v3_mix(v3_mul(paint, light), st->haze, far / (far + st->haze_far * st->haze_far));
}

static ring *add_ring(decorator *d, float radius, vec3 paint)
{
    stage *st = d->st;
    ring *r = &st->ring[st->ring_count++];
    r->radius = radius;
    r->paint = far_colour(st, paint, radius);
    r->foot = v3_mix(r->paint, far_colour(st, v3_scale(paint, 0.8f), radius), 0.7f);
    r->edge = v3_mix(r->paint, far_colour(st, v3_mix(paint, v3(1, 1, 1), 0.35f), radius), 0.7f);
    r->rim = radius * 0.006f;
    r->windows = r->stepped = 0;
    r->top = 0;
    return r;
}

/* Rolling crests: low + high * smooth noise with `count` and then twice as many waves. */
static void roll_hills(decorator *d, ring *r, float low, float high, int count)
{
    float knot[2][64];
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 64; i++) knot[k][i] = between(d, 0, 1);
    for (int i = 0; i < RING_STEPS; i++) {
        float sum = 0;
        for (int k = 0; k < 2; k++) {
            int waves = count << k;
            float at = (float)i * (float)waves / RING_STEPS, f = at - (float)(int)at;
            float a = knot[k][(int)at % waves], b = knot[k][((int)at + 1) % waves];
            sum += (a + (b - a) * f * f * (3 - 2 * f)) * (k ? 0.3f : 0.7f);
        }
        r->height[i] = low + high * sum;
        r->top = maxf(r->top, r->height[i]);
    }
}

/* Turn a crest into pointed tops, `width` steps each. */
static void point_tops(decorator *d, ring *r, int width, float high)
{
    float tall = 0;
    r->top = 0;
    for (int i = 0; i < RING_STEPS; i++) {
        int at = i % width;
        if (!at) tall = high * between(d, 0.6f, 1);
        float f = 2 * (float)at / (float)width - 1;
        r->height[i] += tall * (1 - absf(f));
        r->top = maxf(r->top, r->height[i]);
    }
}

static brush set_brush(decorator *d, vec3 paint) { return brush_make(d->st, 0, paint); }

static void add_clouds(decorator *d, int count, float low)
{
    stage *st = d->st;
    vec3 white = v3_mix(v3_mix(v3(0.96f, 0.96f, 0.98f), st->sky.horizon, 0.35f),
                        st->sky.zenith, st->sky.stars ? 0.88f : 0.05f);
    for (int i = 0; i < count; i++) {
        brush b = set_brush(d, white);
        b.glow = 1;
        b = brush_mark(b, PATTERN_RIM, v3_mix(white, v3(1, 1, 1), st->sky.stars ? 0.04f : 0.5f), 0);
        float angle = (float)i * 6.2831853f / (float)count + between(d, -0.25f, 0.25f);
        float high = low + between(d, 0, 9);
        pose p = pose_round(angle, between(d, 52, 62), high);
        p = pose_move(p, 1.2f * cohl_exact_sinf(0.05f * st->seconds + (float)i), 0, 0);
        float size = between(d, 4, 6.5f);
        put_card(b, p, CUT_CLOUD, size, size * 0.55f, 0);
    }
}

static void add_bush(decorator *d, pose p, vec3 leaf, float size)
{
    brush b = set_brush(d, leaf);
    put_ball(b, p, 0, 0.28f * size, 0, 0.5f * size, 0.42f * size, 0.45f * size);
    put_ball(b, p, 0.42f * size, 0.2f * size, 0.1f * size, 0.34f * size, 0.3f * size, 0.34f * size);
}

static void add_round_tree(decorator *d, pose p, vec3 leaf, float size)
{
    put_cone(set_brush(d, paint_rgb(128, 98, 74)), p, v3(0, 0, 0), v3(0, 1.1f * size, 0), 0.13f * size, 0.09f * size);
    put_ball(set_brush(d, leaf), p, 0, 1.6f * size, 0, 0.75f * size, 0.85f * size, 0.75f * size);
    put_ball(set_brush(d, leaf), p, 0.4f * size, 1.25f * size, -0.1f * size, 0.45f * size, 0.45f * size, 0.45f * size);
}

static void add_rock(decorator *d, pose p, vec3 stone, float size)
{
    put_ball(set_brush(d, stone), p, 0, 0.15f * size, 0, 0.6f * size, 0.38f * size, 0.45f * size);
    put_ball(set_brush(d, v3_scale(stone, 0.92f)), p, 0.4f * size, 0.05f * size, -0.2f * size,
             0.35f * size, 0.26f * size, 0.3f * size);
}

/* Take part of the tint out of the lamps: white must look white even at sunset. */
static void whiten(lamps *l, float share)
{
    vec3 *lamp[3] = { &l->above, &l->key, &l->fill };
    for (int i = 0; i < 3; i++) {
        float grey = 0.35f * lamp[i]->x + 0.45f * lamp[i]->y + 0.20f * lamp[i]->z;
        *lamp[i] = v3_mix(*lamp[i], v3(grey, grey, grey), share);
    }
}

/* ---- the white hill village ---- */

static void add_cottage(decorator *d, pose p, float size, int kind)
{
    brush wall = brush_mark(set_brush(d, paint_rgb(244, 240, 232)), PATTERN_WINDOWS,
                            paint_rgb(120, 150, 186), 2);
    float w = 1.0f * size, h = 0.85f * size;
    put(wall, SHAPE_BOX, pose_scale(pose_move(p, 0, h - 0.5f * size, 0), w, h + 0.5f * size, 0.8f * size), 2);
    if (kind == 0) {
        pose roof = pose_move(p, 0, 2 * h, 0);
        put(set_brush(d, paint_rgb(206, 118, 88)), SHAPE_PYRAMID,
            pose_scale(roof, 1.18f * w, 0.75f * size, 0.98f * size), 0);
    } else if (kind == 1) {
        put_ball(set_brush(d, paint_rgb(92, 138, 196)), p, 0, 2 * h, 0, 0.72f * w, 0.7f * size, 0.7f * size);
    } else {
        put_box(set_brush(d, paint_rgb(232, 226, 216)), p, 0, 2 * h, 0, 1.06f * w, 0.1f * size, 0.88f * size);
    }
}

static void add_chapel(decorator *d, pose p)
{
    brush wall = set_brush(d, paint_rgb(250, 248, 242)), blue = set_brush(d, paint_rgb(92, 138, 196));
    put_box(wall, p, 0, 1.2f, 0, 1.4f, 2.2f, 1.2f);
    put_ball(blue, p, 0, 3.4f, 0, 1.2f, 1.2f, 1.1f);
    put_box(wall, p, 2.0f, 1.6f, 0, 0.55f, 2.6f, 0.55f);
    put(blue, SHAPE_PYRAMID, pose_scale(pose_move(p, 2.0f, 4.2f, 0), 0.75f, 1.2f, 0.75f), 0);
    put_box(set_brush(d, paint_rgb(110, 130, 160)), p, 2.0f, 3.5f, -0.55f, 0.22f, 0.34f, 0.05f);
}

/* A hill at `angle`, with terraces of houses that look down at the stage. */
static void add_hill_village(decorator *d, float angle, float distance, float wide, float tall, int rows)
{
    pose hill = pose_round(angle, distance, -0.35f * tall);
    put_ball(set_brush(d, paint_rgb(186, 196, 136)), hill, 0, 0, 0, wide, 1.35f * tall, 0.55f * wide);
    for (int row = 0; row < rows; row++) {
        float up = 0.06f + 0.26f * (float)row, half = wide * (0.66f - 0.17f * (float)row);
        int count = 4 - row;
        for (int i = 0; i < count; i++) {
            float x = half * (2 * ((float)i + 0.5f + 0.4f * (float)(row & 1)) / (float)count - 1) +
                      between(d, -0.4f, 0.4f);
            float y = up * tall + 0.35f * tall;
            float u = x / wide, v = y / (1.35f * tall), rest = 1 - u * u - v * v;
            if (rest <= 0) continue;
            pose p = pose_move(hill, x, y, -0.55f * wide * sqrtf(rest) + 0.3f);
            int kind = (int)cohl_rng_below(&d->rng, 3);
            add_cottage(d, p, between(d, 0.95f, 1.25f), kind);
        }
    }
    if (rows > 2 && wide > 14) add_chapel(d, pose_move(hill, 0.04f * wide, 1.22f * tall, -0.6f));
}

static void add_cypress(decorator *d, pose p, float size)
{
    put_cone(set_brush(d, paint_rgb(128, 98, 74)), p, v3(0, 0, 0), v3(0, 0.4f * size, 0), 0.08f * size, 0.08f * size);
    put_ball(set_brush(d, paint_rgb(84, 128, 92)), p, 0, 1.45f * size, 0, 0.34f * size, 1.25f * size, 0.34f * size);
}

static void set_village(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(226, 212, 180), .paint2 = paint_rgb(208, 200, 156),
                           .path = paint_rgb(242, 234, 212), .paths = 1, .mottle = 0.35f, .shore = 1e9f };
    if (!st->lit_windows) whiten(&st->world, 0.3f);
    add_hill_village(d, 0.04f, 26, 15, 5.4f, 3);
    add_hill_village(d, 0.98f, 25, 11, 5.0f, 3);
    add_hill_village(d, -0.92f, 25, 12, 5.2f, 3);
    add_hill_village(d, 2.0f, 26, 12, 5.0f, 2);
    add_hill_village(d, -2.0f, 26, 12, 5.0f, 2);
    add_hill_village(d, 3.14f, 28, 13, 5.0f, 2);
    static const float cypress[7][2] = { { -0.75f, 8.4f }, { -0.9f, 9.4f }, { 0.78f, 8.8f }, { 1.25f, 7.4f },
                                         { -1.35f, 7.6f }, { 1.9f, 11 }, { -2.0f, 11 } };
    for (int i = 0; i < 7; i++) {
        float size = between(d, 0.9f, 1.25f);
        add_cypress(d, pose_round(cypress[i][0] + between(d, -0.08f, 0.08f), cypress[i][1], 0), size);
    }
    for (int i = 0; i < 6; i++)   /* a low white wall behind the square */
        put_box(set_brush(d, paint_rgb(240, 234, 222)), pose_round(-0.75f + 0.3f * (float)i, 8.6f, 0),
                0, 0.22f, 0, 1.05f, 0.26f, 0.16f);
    roll_hills(d, add_ring(d, 42, paint_rgb(168, 190, 150)), 2.5f, 6, 9);
    roll_hills(d, add_ring(d, 60, paint_rgb(150, 176, 190)), 5, 9, 7);
    add_clouds(d, 9, 15);
}

/* ---- meadow ---- */

static void add_fence(decorator *d, float radius)
{
    brush wood = set_brush(d, paint_rgb(198, 168, 130));
    for (int i = -7; i <= 7; i++) {
        pose p = pose_round(0.15f * (float)i, radius, 0);
        put_box(wood, p, 0, 0.32f, 0, 0.06f, 0.36f, 0.05f);
        if (i == 7) break;
        pose rail = pose_round(0.15f * ((float)i + 0.5f), radius, 0);
        put_box(wood, rail, 0, 0.50f, 0, 0.075f * radius, 0.05f, 0.025f);
        put_box(wood, rail, 0, 0.26f, 0, 0.075f * radius, 0.05f, 0.025f);
    }
}

static void add_flowers(decorator *d, int count)
{
    static const uint8_t petal[4][3] = { { 255, 250, 240 }, { 250, 214, 120 }, { 240, 170, 190 }, { 210, 190, 240 } };
    for (int i = 0; i < count; i++) {
        const uint8_t *c = petal[cohl_rng_below(&d->rng, 4)];
        pose p = pose_strewn(d, -3.14f, 3.14f, 4.3f, 9);
        float h = between(d, 0.14f, 0.26f);
        put_limb(set_brush(d, paint_rgb(120, 164, 84)), p, v3(0, 0, 0), v3(0, h, 0), 0.018f);
        put_ball(set_brush(d, paint_rgb(c[0], c[1], c[2])), p, 0, h, 0, 0.075f, 0.06f, 0.075f);
    }
}

static void set_meadow(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(154, 200, 96), .paint2 = paint_rgb(182, 214, 116),
                           .dot = paint_rgb(244, 244, 214), .dots = 1, .mottle = 0.4f, .shore = 1e9f };
    add_fence(d, 7.2f);
    add_flowers(d, 34);
    static const float tree[9][2] = { { -0.55f, 13 }, { 0.5f, 15 }, { 0.95f, 11 }, { -1.1f, 11 }, { 1.5f, 14 },
                                      { -1.7f, 13 }, { 2.3f, 14 }, { -2.5f, 15 }, { 3.1f, 14 } };
    for (int i = 0; i < 9; i++) {
        float size = between(d, 1.0f, 1.5f);
        add_round_tree(d, pose_round(tree[i][0] + between(d, -0.12f, 0.12f), tree[i][1], 0),
                       paint_rgb(128, 176, 92), size);
    }
    for (int i = 0; i < 8; i++) {
        float size = between(d, 0.7f, 1.1f);
        add_bush(d, pose_strewn(d, -1.9f, 1.9f, 8.2f, 10), paint_rgb(138, 186, 96), size);
    }
    roll_hills(d, add_ring(d, 26, paint_rgb(158, 204, 102)), 0.6f, 3.4f, 7);
    roll_hills(d, add_ring(d, 38, paint_rgb(132, 188, 108)), 2.5f, 5.5f, 6);
    roll_hills(d, add_ring(d, 58, paint_rgb(120, 172, 150)), 6, 9, 7);
    add_clouds(d, 10, 15);
}

/* ---- beach ---- */

static void add_palm(decorator *d, pose p, float size)
{
    vec3 leaf = paint_rgb(104, 168, 96);
    vec3 from = v3(0, 0, 0);
    for (int i = 1; i <= 4; i++) {
        vec3 to = v3(0.035f * size * (float)(i * i), 0.75f * size * (float)i, 0);
        put_cone(set_brush(d, paint_rgb(176, 140, 100)), p, from, to, 0.15f * size, 0.11f * size);
        from = to;
    }
    for (int i = 0; i < 7; i++) {
        pose frond = pose_turn_y(pose_move(p, from.x, from.y, from.z), 0.9f * (float)i);
        frond = pose_turn_x(frond, 0.35f);
        put_ball(set_brush(d, leaf), frond, 0, 0, 0.55f * size, 0.17f * size, 0.05f * size, 0.62f * size);
        frond = pose_turn_x(pose_move(frond, 0, 0, 1.05f * size), 0.6f);
        put_ball(set_brush(d, leaf), frond, 0, 0, 0.3f * size, 0.14f * size, 0.045f * size, 0.42f * size);
    }
}

static void add_parasol(decorator *d, pose p)
{
    put_limb(set_brush(d, paint_rgb(240, 234, 220)), p, v3(0, 0, 0), v3(0.1f, 1.7f, 0), 0.035f);
    put_cone(brush_mark(set_brush(d, paint_rgb(240, 236, 226)), PATTERN_HOOPS, paint_rgb(120, 176, 206), 4), p,
             v3(0.09f, 1.45f, 0), v3(0.11f, 1.95f, 0), 1.0f, 0.02f);
}

/* Rows of cut-paper waves that slide against each other. */
static void add_waves(decorator *d, float shore)
{
    stage *st = d->st;
    for (int i = 0; i < 5; i++) {
        float z = shore + 1.6f + (float)i * (1.5f + 0.55f * (float)i);
        float slide = 0.35f * cohl_exact_sinf(0.9f * st->seconds + 2.0f * (float)i);
        float bob = 0.05f * cohl_exact_sinf(1.4f * st->seconds + 1.3f * (float)i), tall = 0.22f + 0.04f * (float)i;
        brush b = set_brush(d, v3_scale(st->ground.water, 0.98f - 0.05f * (float)i));
        b = brush_mark(b, PATTERN_RIM, v3_mix(st->ground.water, v3(1, 1, 1), 0.38f), 0);
        pose p = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { slide + 0.7f * (float)i, tall * 0.55f + bob, z } };
        put_card(b, p, CUT_WAVE, 46, tall, 20.0f - 2.2f * (float)i);
    }
}

static void set_beach(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(244, 222, 166), .paint2 = paint_rgb(236, 208, 148),
                           .water = paint_rgb(64, 172, 196), .foam = paint_rgb(250, 252, 250),
                           .mottle = 0.5f, .shore = 10.2f };
    if (!st->lit_windows) st->haze_far = 110;
    add_waves(d, 10.2f);
    static const float palm[3][2] = { { -1.05f, 6.6f }, { -1.5f, 8.2f }, { 1.62f, 8.0f } };
    for (int i = 0; i < 3; i++) {
        float size = i ? between(d, 1.05f, 1.25f) : between(d, 1.0f, 1.15f);
        float aside = i == 1 ? 0 : between(d, -0.1f, 0.1f);
        add_palm(d, pose_round(palm[i][0] + aside, palm[i][1], 0), size);
    }
    add_palm(d, pose_round(2.3f, 13, 0), 1.3f);
    add_palm(d, pose_round(-2.4f, 13, 0), 1.2f);
    add_palm(d, pose_round(3.0f, 12, 0), 1.2f);
    add_parasol(d, pose_round(1.16f + between(d, -0.06f, 0.06f), 5.7f, 0));
    for (int i = 0; i < 5; i++) {
        float size = between(d, 0.5f, 0.9f);
        add_rock(d, pose_strewn(d, 1.5f, 4.7f, 7, 11), paint_rgb(206, 186, 152), size);
    }
    pose island = pose_round(0.55f, 44, -0.3f);
    put_ball(set_brush(d, paint_rgb(150, 190, 150)), island, 0, 0, 0, 6, 2.6f, 2);
    island = pose_round(-0.62f, 50, -0.3f);
    put_ball(set_brush(d, paint_rgb(150, 190, 160)), island, 0, 0, 0, 9, 3.4f, 2);
    ring *r = add_ring(d, 30, paint_rgb(232, 208, 152));
    roll_hills(d, r, 1.5f, 3.5f, 10);
    ring *far = add_ring(d, 46, paint_rgb(150, 188, 130));
    roll_hills(d, far, 3, 6, 9);
    for (int i = 0; i < RING_STEPS; i++) {   /* open to the sea behind the stage */
        float land = absf((float)i - 0.25f * RING_STEPS) / RING_STEPS;
        land = minf(land, 1 - land);
        float open = 9 * (1 - stepf(0.16f, 0.26f, land));
        r->height[i] -= open;
        far->height[i] -= open * 1.4f;
    }
    add_clouds(d, 9, 14);
}

/* ---- desert ---- */

static void add_cactus(decorator *d, pose p, float size)
{
    brush b = set_brush(d, paint_rgb(98, 150, 92));
    p = pose_scale(p, size, size, size);
    put_limb(b, p, v3(0, 0, 0), v3(0, 1.9f, 0), 0.24f);
    put_limb(b, p, v3(0, 0.8f, 0), v3(0.6f, 0.9f, 0), 0.14f);
    put_limb(b, p, v3(0.6f, 0.9f, 0), v3(0.62f, 1.5f, 0), 0.14f);
    put_limb(b, p, v3(0, 1.1f, 0), v3(-0.55f, 1.2f, 0), 0.13f);
    put_limb(b, p, v3(-0.55f, 1.2f, 0), v3(-0.57f, 1.75f, 0), 0.13f);
    put_ball(set_brush(d, paint_rgb(240, 150, 170)), p, 0, 2.15f, 0, 0.11f, 0.09f, 0.11f);
}

static void set_desert(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(232, 186, 120), .paint2 = paint_rgb(222, 172, 106),
                           .ripples = 1, .mottle = 0.25f, .shore = 1e9f };
    static const float cactus[8][2] = { { -0.72f, 7.4f }, { 0.9f, 7.0f }, { 0.35f, 12 }, { -0.25f, 15 }, { -1.5f, 8 },
                                        { 1.65f, 8.5f }, { 2.5f, 13 }, { -2.6f, 13 } };
    for (int i = 0; i < 8; i++) {
        float size = between(d, 0.85f, 1.25f);
        add_cactus(d, pose_round(cactus[i][0] + between(d, -0.1f, 0.1f), cactus[i][1], 0), size);
    }
    for (int i = 0; i < 9; i++) {
        float size = between(d, 0.4f, 0.9f);
        add_rock(d, pose_strewn(d, -3.1f, 3.1f, 7, 11), paint_rgb(206, 150, 108), size);
    }
    for (int i = 0; i < 7; i++) {
        float middle = -2.7f + 0.9f * (float)i;
        pose dune = pose_strewn(d, middle - 0.2f, middle + 0.2f, 17, 20);
        float tall = between(d, 1.4f, 2.2f);
        put_ball(set_brush(d, paint_rgb(238, 194, 128)), dune, 0, -0.3f, 0, between(d, 6, 9), tall, 3.0f);
    }
    roll_hills(d, add_ring(d, 32, paint_rgb(236, 184, 116)), 1.2f, 4.5f, 6);
    ring *mesa = add_ring(d, 48, paint_rgb(206, 132, 92));
    roll_hills(d, mesa, -5, 22, 9);
    for (int i = 0; i < RING_STEPS; i++) mesa->height[i] = minf(mesa->height[i], 8);
    mesa->top = 8;
    roll_hills(d, add_ring(d, 62, paint_rgb(220, 168, 140)), 4, 6, 6);
    add_clouds(d, 4, 17);
}

/* ---- snow ---- */

static void add_fir(decorator *d, pose p, float size)
{
    vec3 leaf = paint_rgb(78, 132, 110);
    put_cone(set_brush(d, paint_rgb(120, 92, 72)), p, v3(0, 0, 0), v3(0, 0.5f * size, 0), 0.12f * size, 0.12f * size);
    for (int i = 0; i < 3; i++) {
        float y = (0.35f + 0.62f * (float)i) * size, r = (0.80f - 0.2f * (float)i) * size;
        put_cone(set_brush(d, leaf), p, v3(0, y, 0), v3(0, y + 0.95f * size, 0), r, 0.02f);
        put_cone(set_brush(d, paint_rgb(244, 248, 252)), p, v3(0, y + 0.42f * size, 0),
                 v3(0, y + 0.99f * size, 0), r * 0.60f, 0.02f);
    }
}

static void set_snow(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(238, 243, 250), .paint2 = paint_rgb(222, 231, 244),
                           .mottle = 0.3f, .shore = 1e9f };
    if (!st->lit_windows) whiten(&st->world, 0.5f);
    static const float fir[15][2] = { { -0.62f, 7.8f }, { -0.95f, 8.6f }, { 0.7f, 8.2f }, { 1.1f, 7.6f }, { 0.25f, 14 },
                                      { -0.2f, 15 }, { 0.5f, 13 }, { -0.42f, 12 }, { 1.6f, 9 }, { -1.6f, 9 }, { 2.1f, 12 },
                                      { -2.1f, 12 }, { 2.7f, 13 }, { -2.7f, 13 }, { 3.14f, 14 } };
    for (int i = 0; i < 15; i++) {
        float size = between(d, 0.9f, 1.3f);
        add_fir(d, pose_round(fir[i][0] + between(d, -0.07f, 0.07f), fir[i][1], 0), size);
    }
    for (int i = 0; i < 9; i++) {
        pose drift = pose_round(-3.0f + 0.7f * (float)i, between(d, 9, 17), 0);
        float tall = between(d, 0.4f, 0.7f);
        put_ball(set_brush(d, paint_rgb(240, 245, 251)), drift, 0, -0.15f, 0, between(d, 1.5f, 3), tall, 1.4f);
    }
    roll_hills(d, add_ring(d, 24, paint_rgb(236, 242, 250)), 0.6f, 2.4f, 7);
    ring *wood = add_ring(d, 34, paint_rgb(120, 158, 156));
    roll_hills(d, wood, 1.5f, 2.0f, 6);
    point_tops(d, wood, 5, 2.4f);
    ring *peaks = add_ring(d, 60, paint_rgb(206, 220, 240));
    roll_hills(d, peaks, 4, 7, 6);
    point_tops(d, peaks, 32, 8);
    peaks->rim = 1.4f;
    add_clouds(d, 6, 18);
}

/* ---- forest ---- */

static void set_forest(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(140, 150, 84), .paint2 = paint_rgb(164, 140, 92),
                           .mottle = 0.6f, .shore = 1e9f };
    for (int i = 0; i < 30; i++) {
        float angle = -2.95f + 0.203f * (float)i + between(d, -0.07f, 0.07f);
        float radius = absf(angle) < 1.7f ? (i & 1 ? between(d, 7.2f, 9) : between(d, 11, 15)) : between(d, 11.5f, 17);
        pose p = pose_round(angle, radius, 0);
        float r = between(d, 0.26f, 0.40f);
        float lean = between(d, -0.4f, 0.4f), bright = between(d, 0.8f, 1.2f);
        put_cone(set_brush(d, v3_scale(paint_rgb(150, 110, 80), bright)), p, v3(0, 0, 0),
                 v3(lean, 9, 0), r, 0.7f * r);
        put_cone(set_brush(d, paint_rgb(140, 102, 74)), p, v3(0, 0, 0), v3(0, 0.4f, 0), 1.5f * r, r);
        float s = between(d, 1.6f, 2.3f);
        float high = (radius < 10 ? 5.0f : 6.6f) + between(d, 0, 0.7f);
        put_ball(set_brush(d, v3_scale(paint_rgb(98, 148, 78), between(d, 0.85f, 1.2f))), p, 0,
                 high, 0, s, 0.62f * s, s);
    }
    for (int i = 0; i < 12; i++) {
        float size = between(d, 0.6f, 1.0f);
        add_bush(d, pose_strewn(d, -2.0f, 2.0f, 6.6f, 10), paint_rgb(96, 142, 80), size);
    }
    for (int i = 0; i < 8; i++) {   /* toadstools */
        pose p = pose_strewn(d, -1.8f, 1.8f, 4.8f, 6.6f);
        put_cone(set_brush(d, paint_rgb(240, 232, 214)), p, v3(0, 0, 0), v3(0, 0.18f, 0), 0.06f, 0.05f);
        put_ball(set_brush(d, paint_rgb(196, 120, 92)), p, 0, 0.19f, 0, 0.15f, 0.09f, 0.15f);
    }
    roll_hills(d, add_ring(d, 24, paint_rgb(112, 158, 92)), 1.8f, 2.0f, 24);
    ring *far = add_ring(d, 34, paint_rgb(92, 140, 100));
    roll_hills(d, far, 3.0f, 2.0f, 14);
    point_tops(d, far, 6, 2.6f);
}

/* ---- city ---- */

static void add_street_lamp(decorator *d, pose p)
{
    brush iron = set_brush(d, paint_rgb(84, 88, 100)), light = set_brush(d, paint_rgb(255, 238, 176));
    light.glow = d->st->lit_windows ? 1 : 0.4f;
    put_cone(iron, p, v3(0, 0, 0), v3(0, 0.25f, 0), 0.14f, 0.08f);
    put_limb(iron, p, v3(0, 0.2f, 0), v3(0, 2.6f, 0), 0.05f);
    put_limb(iron, p, v3(0, 2.6f, 0), v3(0, 2.75f, -0.35f), 0.045f);
    put_ball(light, p, 0, 2.62f, -0.42f, 0.16f, 0.16f, 0.16f);
}

static void add_block(decorator *d, float angle, float radius, float wide)
{
    static const uint8_t wall[5][3] = { { 200, 172, 156 }, { 186, 188, 200 }, { 212, 202, 176 }, { 170, 180, 190 }, { 196, 184, 196 } };
    const uint8_t *c = wall[cohl_rng_below(&d->rng, 5)];
    float floors = (float)(2 + (int)cohl_rng_below(&d->rng, 4)), h = 0.62f * floors;
    brush b = brush_mark(set_brush(d, paint_rgb(c[0], c[1], c[2])), PATTERN_WINDOWS,
                         paint_rgb(112, 134, 166), 4);
    pose p = pose_round(angle, radius, 0);
    put(b, SHAPE_BOX, pose_scale(pose_move(p, 0, h, 0), wide, h, wide * 0.8f), floors);
    put_box(set_brush(d, v3_scale(b.paint, 0.75f)), p, 0, 2 * h, 0, wide * 1.05f, 0.14f, wide * 0.86f);
}

static void set_city(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(168, 168, 174), .paint2 = paint_rgb(158, 158, 166),
                           .tiles = 1, .mottle = 0.4f, .shore = 1e9f };
    for (int i = 0; i < 13; i++) {
        float angle = -3.0f + 0.483f * (float)i;
        float wide = between(d, 2.0f, 2.6f), radius = between(d, 15.5f, 17.5f);
        add_block(d, angle + between(d, -0.05f, 0.05f), radius, wide);
        wide = between(d, 2.4f, 3.4f);
        add_block(d, angle + 0.24f, between(d, 23, 27), wide);
    }
    static const float lamp[7][2] = { { -0.8f, 7.2f }, { 0.85f, 7.2f }, { -1.6f, 8 }, { 1.6f, 8 }, { 0, 10.5f }, { 2.5f, 11 }, { -2.5f, 11 } };
    for (int i = 0; i < 7; i++) add_street_lamp(d, pose_round(lamp[i][0], lamp[i][1], 0));
    for (int i = 0; i < 16; i++)   /* the kerb behind the street */
        put_box(set_brush(d, paint_rgb(206, 204, 204)), pose_round(-1.65f + 0.22f * (float)i, 9.4f, 0), 0, 0.04f, 0.6f, 1.06f, 0.1f, 0.7f);
    ring *far = add_ring(d, 36, paint_rgb(150, 158, 180));
    far->stepped = 1;
    float tall = 0;
    for (int i = 0; i < RING_STEPS; i++) {
        if (i % 9 == 0) tall = between(d, 4, 10.5f);
        far->height[i] = tall;
    }
    far->top = 10.5f;
    add_clouds(d, 7, 17);
}

/* ---- moon ---- */

static void set_moon(decorator *d)
{
    stage *st = d->st;
    st->ground = (ground){ .paint = paint_rgb(186, 184, 182), .paint2 = paint_rgb(168, 166, 168),
                           .craters = 1, .mottle = 0.4f, .shore = 1e9f };
    st->sky.zenith = v3_mix(v3_scale(st->sky.zenith, 0.03f), paint_rgb(10, 10, 26), 0.8f);
    st->sky.horizon = v3_mix(v3_scale(st->sky.horizon, 0.10f), paint_rgb(20, 20, 44), 0.6f);
    st->sky.stars = 1;
    st->sky.horizon = v3_mix(st->sky.horizon, st->sky.glow, 0.12f);
    st->haze = st->sky.horizon;
    st->haze_far = 90;
    pose earth = pose_round(-0.22f, 75, 19);
    brush sea = set_brush(d, paint_rgb(70, 140, 220)), land = set_brush(d, paint_rgb(110, 180, 110));
    sea.glow = land.glow = 0.75f;
    put_ball(sea, earth, 0, 0, 0, 6.5f, 6.5f, 6.5f);
    put_ball(land, earth, -1.8f, 1.6f, -4.2f, 3.0f, 2.2f, 2.2f);
    put_ball(land, earth, 2.4f, -2.2f, -4.3f, 2.2f, 2.4f, 1.6f);
    put_ball(brush_dip(sea, paint_rgb(244, 248, 252)), earth, 0, 5.2f, -1.2f, 3.4f, 1.3f, 3.4f);
    for (int i = 0; i < 16; i++) {
        float size = between(d, 0.4f, 1.2f);
        add_rock(d, pose_strewn(d, -3.1f, 3.1f, 6.5f, 12), paint_rgb(164, 162, 164), size);
    }
    for (int i = 0; i < 8; i++) {   /* crater walls */
        pose p = pose_round(-2.8f + 0.8f * (float)i, between(d, 14, 19), 0);
        float r = between(d, 2, 3.2f);
        put_cone(set_brush(d, paint_rgb(178, 176, 178)), p, v3(0, -0.1f, 0), v3(0, between(d, 0.6f, 1.0f), 0), r, r * 0.72f);
    }
    roll_hills(d, add_ring(d, 28, paint_rgb(166, 164, 168)), 0.8f, 3, 9);
    ring *r = add_ring(d, 44, paint_rgb(140, 138, 148));
    roll_hills(d, r, 2, 5, 8);
    point_tops(d, r, 24, 3.5f);
}

void stage_decorate(stage *st)
{
    static void (*const set_of[COHL_SETTING_COUNT])(decorator *) = {
        [COHL_SETTING_VILLAGE] = set_village, [COHL_SETTING_MEADOW] = set_meadow,
        [COHL_SETTING_BEACH] = set_beach,     [COHL_SETTING_DESERT] = set_desert,
        [COHL_SETTING_SNOW] = set_snow,       [COHL_SETTING_FOREST] = set_forest,
        [COHL_SETTING_CITY] = set_city,       [COHL_SETTING_MOON] = set_moon,
    };
    decorator d = { st, cohl_rng_make(st->scene->seed, 72) };
    set_of[st->scene->setting](&d);
}
