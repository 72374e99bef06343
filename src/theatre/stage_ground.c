/* stage_ground.c - the parts of the world that are functions of a ray: the ground with
 * its shadows, the rings of paper hills, the dome.
 *
 * Shadows are drawn from above into a map of the ground, one ray to the lamp per
 * texel, then blurred. The map is fixed to the ground, so a moving camera
 * does not make its edges crawl. */
#include "theatre/stage.h"

#include <string.h>

/* Smooth mottling 0..1 of unit lattice. */
static float noise_at(const stage *st, float x, float y)
{
    int ix = floor_int(x), iy = floor_int(y);
    float fx = x - (float)ix, fy = y - (float)iy;
    const uint8_t *low = st->noise + (iy & (NOISE_SIDE - 1)) * NOISE_SIDE;
    const uint8_t *high = st->noise + ((iy + 1) & (NOISE_SIDE - 1)) * NOISE_SIDE;
    int a = ix & (NOISE_SIDE - 1), b = (ix + 1) & (NOISE_SIDE - 1);
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    float u = (float)low[a] + fx * (float)(low[b] - low[a]);
    float v = (float)high[a] + fx * (float)(high[b] - high[a]);
    return (u + fy * (v - u)) * (1.0f / 255);
}

/* Where the map's texel (0, 0) lies. */
static const float map_x = -0.5f * SHADOW_SIDE * SHADOW_TEXEL;
static const float map_z = STAGE_MIDDLE_Z - 0.5f * SHADOW_SIDE * SHADOW_TEXEL;

typedef struct texels { int x0, z0, x1, z1; } texels;   /* x1, z1 excluded */

static void texels_grow(texels *box, float x, float z, int margin)
{
    int i = floor_int(clampf((x - map_x) / SHADOW_TEXEL, -9, SHADOW_SIDE + 9));
    int k = floor_int(clampf((z - map_z) / SHADOW_TEXEL, -9, SHADOW_SIDE + 9));
    if (i - margin < box->x0) box->x0 = i - margin;
    if (k - margin < box->z0) box->z0 = k - margin;
    if (i + margin + 1 > box->x1) box->x1 = i + margin + 1;
    if (k + margin + 1 > box->z1) box->z1 = k + margin + 1;
}

static void texels_clip(texels *box)
{
    if (box->x0 < 0) box->x0 = 0;
    if (box->z0 < 0) box->z0 = 0;
    if (box->x1 > SHADOW_SIDE) box->x1 = SHADOW_SIDE;
    if (box->z1 > SHADOW_SIDE) box->z1 = SHADOW_SIDE;
}

/* The texels a shape may shade: its corners carried down along the light. */
static texels shadow_extent(const stage *st, const shape *s)
{
    texels box = { SHADOW_SIDE + 9, SHADOW_SIDE + 9, -9, -9 };
    vec3 lo, hi;
    shape_bounds(s, &lo, &hi);
    for (int i = 0; i < 8; i++) {
        vec3 p = pose_point(&s->at, v3(i & 1 ? hi.x : lo.x, i & 2 ? hi.y : lo.y, i & 4 ? hi.z : lo.z));
        float fall = maxf(p.y, 0) / st->to_key.y;
        texels_grow(&box, p.x - fall * st->to_key.x, p.z - fall * st->to_key.z, 1);
    }
    texels_clip(&box);
    return box;
}

static void throw_shadow(stage *st, const shape *s, texels box, sheaf *rays)
{
    for (int k = box.z0; k < box.z1; k++) {
        ray_plan world = { .from = v3(map_x + ((float)box.x0 + 0.5f) * SHADOW_TEXEL, 0,
                                      map_z + ((float)k + 0.5f) * SHADOW_TEXEL),
                           .slide = v3(SHADOW_TEXEL, 0, 0), .ahead = st->to_key };
        ray_plan plan = shape_plan(s, &world);
        for (int at = box.x0; at < box.x1; at += SHEAF) {
            int count = box.x1 - at < SHEAF ? box.x1 - at : SHEAF;
            for (int i = 0; i < count; i++) rays->u[i] = (float)(at - box.x0 + i), rays->depth[i] = 1e9f;
            shape_meet(s, &plan, rays, 0, count, 0);
            for (int i = 0; i < count; i++)
                if (rays->depth[i] < 1e8f) st->shade[k * SHADOW_SIDE + at + i] = 255;
        }
    }
}

/* One pass of 1 2 1 along `step`, over `count` texels from `first`. */
static void blur_line(uint8_t *first, int step, int count)
{
    int before = 0;
    for (int i = 0; i < count; i++, first += step) {
        int here = *first, after = i + 1 < count ? first[step] : 0;
        *first = (uint8_t)((before + 2 * here + after + 2) >> 2);
        before = here;
    }
}

static void blur(stage *st, texels box)
{
    for (int pass = 0; pass < 3; pass++) {
        for (int k = box.z0; k < box.z1; k++)
            blur_line(st->shade + k * SHADOW_SIDE + box.x0, 1, box.x1 - box.x0);
        for (int i = box.x0; i < box.x1; i++)
            blur_line(st->shade + box.z0 * SHADOW_SIDE + i, SHADOW_SIDE, box.z1 - box.z0);
    }
}

void stage_throw_shadows(stage *st)
{
    texels all = { SHADOW_SIDE, SHADOW_SIDE, 0, 0 };
    sheaf rays;
    memset(st->shade, 0, sizeof st->shade);
    memset(&rays, 0, sizeof rays);
    for (int i = 0; i < st->shape_count; i++) {
        const shape *s = &st->shape[i];
        if (!s->casts) continue;
        texels box = shadow_extent(st, s);
        if (box.x0 >= box.x1 || box.z0 >= box.z1) continue;
        throw_shadow(st, s, box, &rays);
        if (box.x0 < all.x0) all.x0 = box.x0;
        if (box.z0 < all.z0) all.z0 = box.z0;
        if (box.x1 > all.x1) all.x1 = box.x1;
        if (box.z1 > all.z1) all.z1 = box.z1;
    }
    all = (texels){ all.x0 - 4, all.z0 - 4, all.x1 + 4, all.z1 + 4 };
    texels_clip(&all);
    if (all.x0 < all.x1 && all.z0 < all.z1) blur(st, all);
    st->shade_box[0] = (float)all.x0;
    st->shade_box[1] = (float)all.z0;
    st->shade_box[2] = (float)(all.x1 - 1);
    st->shade_box[3] = (float)(all.z1 - 1);
}

/* Share of the key lamp that is missing at a point of the ground, 0..1. */
static float shade_at(const stage *st, float x, float z)
{
    float u = (x - map_x) * (1 / SHADOW_TEXEL) - 0.5f, v = (z - map_z) * (1 / SHADOW_TEXEL) - 0.5f;
    const float *box = st->shade_box;
    if (!(u >= box[0] && v >= box[1] && u < box[2] && v < box[3])) return 0;
    int i = (int)u, k = (int)v;
    float fu = u - (float)i, fv = v - (float)k;
    const uint8_t *p = st->shade + k * SHADOW_SIDE + i;
    float a = (float)p[0] + fu * (float)(p[1] - p[0]);
    float b = (float)p[SHADOW_SIDE] + fu * (float)(p[SHADOW_SIDE + 1] - p[SHADOW_SIDE]);
    return (a + fv * (b - a)) * (1.0f / 255);
}

/* The dark right under an actor, where no light gets in. */
static float contact_at(const stage *st, float x, float z)
{
    float open = 1;
    for (int i = 0; i < st->contact_count; i++) {
        const contact *c = &st->contact[i];
        float dx = x - c->x, dz = z - c->z;
        float r = 1 - (dx * dx + dz * dz) / (c->radius * c->radius);
        if (r > 0) open *= 1 - c->strength * r * r;
    }
    return open;
}

static float fraction(float a) { return a - (float)floor_int(a); }

/* A bowl with a bright rim in every cell of a lattice, some left out. */
static float crater_at(float x, float z)
{
    float fx = fraction(x) - 0.5f, fz = fraction(z) - 0.5f;
    int cell = (floor_int(x) * 7 + floor_int(z) * 13) & 7;
    float r = 0.16f + 0.03f * (float)cell, d = (fx * fx + fz * fz) / (r * r);
    if (cell == 3 || d > 1.5f) return 1;
    return d < 0.85f ? 0.80f + 0.08f * d : 1.10f - 0.10f * stepf(0.85f, 1.5f, d);
}

/* The part of water at (x, z), lapping: below 0 is sand, above 0.35 sea. */
static float water_at(const stage *st, float x, float z)
{
    float lap = 0.14f * cohl_exact_sinf(st->seconds * 1.3f);
    return z - st->ground.shore - lap - 0.3f * cohl_exact_sinf(x * 0.7f) -
           0.15f * cohl_exact_sinf(x * 1.9f + 1);
}

static vec3 ground_paint(const stage *st, float x, float z, float depth, int *part)
{
    const ground *g = &st->ground;
    float fade = 1 / (1 + depth * depth * 0.004f);
    *part = 0;
    if (g->shore < 1e8f) {
        float wet = water_at(st, x, z);
        if (wet > 0) {
            *part = wet < 0.35f ? 1 : 2;
            if (*part == 1) return g->foam;
            float deep = stepf(0, 25, wet);
            float swell = cohl_exact_sinf(z * 2.2f + 0.6f * cohl_exact_sinf(x * 0.8f) - st->seconds * 1.5f);
            return v3_scale(v3_mix(g->water, v3_scale(g->water, 0.62f), deep), 1 + 0.06f * swell * fade);
        }
    }
    vec3 c = v3_mix(g->paint, g->paint2, noise_at(st, x * g->mottle, z * g->mottle));
    if (g->paths) {
        float bend = 0.9f * cohl_exact_sinf(z * 0.35f + 0.8f);
        float in = 1 - stepf(0.9f, 1.25f, absf(x - bend - 2.6f));
        c = v3_mix(c, g->path, in);
    }
    if (g->craters) c = v3_scale(c, 1 + fade * (crater_at(x * 0.55f + 0.3f, z * 0.55f + 0.2f) *
                                                crater_at(x * 0.21f + 0.6f, z * 0.21f) - 1));
    if (g->ripples) {
        float wave = cohl_exact_sinf(z * 5 + 1.5f * cohl_exact_sinf(x * 0.6f) + 0.8f * x);
        c = v3_scale(c, 1 + 0.045f * wave * fade);
    }
    if (g->tiles) {
        float line = minf(absf(fraction(x * 0.4f) - 0.5f), absf(fraction(z * 0.4f) - 0.5f));
        c = v3_scale(c, 1 - 0.12f * fade * (1 - stepf(0.01f, 0.03f, line)));
    }
    if (g->dots) {
        float fx = fraction(x * 1.1f), fz = fraction(z * 1.1f);
        int cell = (floor_int(x * 1.1f) * 5 + floor_int(z * 1.1f) * 11) & 15;
        float cx = 0.2f + 0.04f * (float)cell, cz = 0.8f - 0.04f * (float)((cell * 7) & 15);
        float d = ((fx - cx) * (fx - cx) + (fz - cz) * (fz - cz)) * 900;
        if (cell < 9) c = v3_mix(c, g->dot, fade * (1 - stepf(1.5f, 5.5f, d)));
    }
    return c;
}

vec3 stage_ground_colour(const stage *st, float x, float z, float depth, int *part)
{
    vec3 paint = ground_paint(st, x, z, depth, part);
    float shade = shade_at(st, x, z) * st->shadow, open = contact_at(st, x, z);
    float wrap = (st->to_key.y + 0.35f) / 1.35f;
    vec3 lamp = v3_scale(st->world.above, open * (1 - 0.3f * shade));
    lamp = v3_along(lamp, wrap * open * (1 - shade), st->world.key);
    float far = depth * depth;
    return v3_mix(v3_mul(paint, lamp), st->haze, far / (far + st->haze_far * st->haze_far));
}

vec3 stage_sky_colour(const stage *st, vec3 d, int *part)
{
    const sky *s = &st->sky;
    float inverse = 1 / v3_length(d), rise = clampf(d.y * inverse, 0, 1);
    float toward = maxf(v3_dot(d, s->disc_at) * inverse, 0);
    float t = rise * (2.6f - rise * 1.6f);
    vec3 c = v3_mix(s->horizon, s->zenith, minf(t * 1.25f, 1));
    *part = toward > 1 - 0.5f * s->disc_size * s->disc_size;
    if (*part && s->crescent) {
        vec3 bite = v3_unit(v3_add(s->disc_at, v3(-0.042f, 0.018f, 0)));
        *part = v3_dot(d, bite) * inverse < 1 - 0.36f * s->disc_size * s->disc_size;
    }
    if (*part) return s->disc;
    float near = toward * toward;
    near = near * near;
    near = near * near;
    return v3_mix(c, s->glow, s->halo * near * near * near);
}

/* Where around the ring, 0..RING_STEPS: a quarter each, linear in x / (|x| + |z|). */
static float around(float x, float z)
{
    float p = x / (absf(x) + absf(z) + 1e-6f);
    return (z >= 0 ? p + 1 : 3 - p) * (0.25f * RING_STEPS);
}

/* Depth, height and place around a ring of every ray, into t, y, u. */
WIDE static void reach_ring(const ring *r, const ray_plan *p, const sheaf *rays, int count,
                            float *restrict t, float *restrict y, float *restrict u)
{
    float ox = p->from.x, oz = p->from.z - STAGE_MIDDLE_Z, off = ox * ox + oz * oz;
    for (int i = 0; i < count; i++) {
        float su = rays->u[i], sv = rays->v[i];
        float dx = p->ahead.x + su * p->aside.x + sv * p->above.x;
        float dy = p->ahead.y + su * p->aside.y + sv * p->above.y;
        float dz = p->ahead.z + su * p->aside.z + sv * p->above.z;
        float a = 1 / (dx * dx + dz * dz + 1e-9f), b = -(ox * dx + oz * dz) * a;
        float under = b * b + (r->radius * r->radius - off) * a;
        t[i] = b + sqrtf(maxf(under, 0));
        y[i] = p->from.y + t[i] * dy;
        u[i] = around(ox + t[i] * dx, oz + t[i] * dz);
    }
}

static float ring_height(const ring *r, float u)
{
    int i = (int)u;
    float here = r->height[i & (RING_STEPS - 1)];
    if (r->stepped) return here;
    return here + (u - (float)i) * (r->height[(i + 1) & (RING_STEPS - 1)] - here);
}

void stage_meet_rings(const stage *st, const ray_plan *plan, sheaf *rays, int count)
{
    float t[SHEAF], y[SHEAF], u[SHEAF];
    for (int k = 0; k < st->ring_count; k++) {
        const ring *r = &st->ring[k];
        reach_ring(r, plan, rays, count, t, y, u);
        for (int i = 0; i < count; i++) {
            if (t[i] >= rays->depth[i] || t[i] < 1 || y[i] < 0 || y[i] > r->top) continue;
            float below = ring_height(r, u[i]) - y[i];
            if (below < 0) continue;
            rays->depth[i] = t[i];
            rays->number[i] = NUMBER_RING + 2 * k + (below < r->rim);
        }
    }
}

vec3 stage_ring_colour(const stage *st, int number, float y)
{
    const ring *r = &st->ring[(number - NUMBER_RING) / 2];
    if ((number - NUMBER_RING) & 1) return r->edge;
    return v3_mix(r->foot, r->paint, clampf(y / r->top * 1.4f, 0, 1));
}
