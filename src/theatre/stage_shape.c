/* stage_shape.c - where a ray meets a shape.
 *
 * Round forms first move the ray's origin to its point nearest the form's middle:
 * floats then cancel little even for a button seen from far, and a ray that passes
 * outside the bounding ball is told apart at once. */
#include "theatre/stage_shape.h"

#include <assert.h>

#define MISS 1e9f

/* n.p <= d */
typedef struct plane { vec3 n; float d; } plane;

static const plane roof_planes[] = {
    { { 0, -1, 0 }, 0 }, { { 1, 1, 0 }, 1 }, { { -1, 1, 0 }, 1 },
    { { 0, 0, 1 }, 1 }, { { 0, 0, -1 }, 1 },
};
static const plane pyramid_planes[] = {
    { { 0, -1, 0 }, 0 }, { { 1, 1, 0 }, 1 }, { { -1, 1, 0 }, 1 },
    { { 0, 1, 1 }, 1 }, { { 0, 1, -1 }, 1 },
};
static const plane hull_planes[] = {
    { { 0, -1, 0 }, 0 }, { { 0, 1, 0 }, 1 },
    { { 1, -0.45f, 0 }, 0.55f }, { { -1, -0.45f, 0 }, 0.55f },
    { { 1, -0.42f, -1.3f }, 0.88f }, { { -1, -0.42f, -1.3f }, 0.88f },
    { { 0, -0.2f, 1 }, 0.8f },
};
static const plane sail_planes[] = {
    { { 0, -1, 0 }, 0 }, { { 0, 0, -1 }, 0 }, { { 0, 1, 1 }, 1 },
    { { 1, 0, 0 }, 1 }, { { -1, 0, 0 }, 1 },
};

static const plane *planes_of(shape_kind kind, int *count)
{
    switch (kind) {
    case SHAPE_ROOF:    *count = 5; return roof_planes;
    case SHAPE_PYRAMID: *count = 5; return pyramid_planes;
    case SHAPE_HULL:    *count = 7; return hull_planes;
    default:            *count = 5; return sail_planes;
    }
}

void shape_settle(shape *s)
{
    vec3 yz = v3_cross(s->at.y, s->at.z), zx = v3_cross(s->at.z, s->at.x);
    vec3 xy = v3_cross(s->at.x, s->at.y);
    float det = v3_dot(s->at.x, yz);
    assert(det != 0);
    s->row[0] = v3_scale(yz, 1 / det);
    s->row[1] = v3_scale(zx, 1 / det);
    s->row[2] = v3_scale(xy, 1 / det);
}

void shape_bounds(const shape *s, vec3 *lo, vec3 *hi)
{
    *lo = v3(-1, -1, -1);
    *hi = v3(1, 1, 1);
    switch (s->kind) {
    case SHAPE_CAPSULE: lo->y = -1 - s->size; hi->y = 1 + s->size; break;
    case SHAPE_CONE: {
        float r = maxf(1, s->size);
        *lo = v3(-r, 0, -r);
        *hi = v3(r, 1, r);
        break;
    }
    case SHAPE_ROOF: case SHAPE_PYRAMID: case SHAPE_HULL: lo->y = 0; break;
    case SHAPE_SAIL: lo->y = 0; lo->z = 0; break;
    case SHAPE_CARD: lo->z = -0.001f; hi->z = 0.001f; break;
    default: break;
    }
}

static float hit_ball(vec3 o, vec3 d)
{
    float a = 1 / v3_dot(d, d), t = -v3_dot(o, d) * a;
    vec3 q = v3_along(o, t, d);
    float under = 1 - v3_dot(q, q);
    if (under <= 0) return MISS;
    t -= sqrtf(under * a);
    return t > 0 ? t : MISS;
}

static float hit_capsule(float half, vec3 o, vec3 d)
{
    float a = 1 / (d.x * d.x + d.z * d.z + 1e-12f), t = -(o.x * d.x + o.z * d.z) * a;
    float qx = o.x + t * d.x, qz = o.z + t * d.z, under = 1 - qx * qx - qz * qz;
    if (under <= 0) return MISS;
    t -= sqrtf(under * a);
    float y = o.y + t * d.y;
    if (absf(y) <= half) return t > 0 ? t : MISS;
    return hit_ball(v3(o.x, o.y - (y > 0 ? half : -half), o.z), d);
}

static float hit_cone(float top, vec3 o, vec3 d, int *face)
{
    float shift = -v3_dot(o, d) / v3_dot(d, d), best = MISS;
    vec3 q = v3_along(o, shift, d);
    float k = top - 1, r = 1 + k * q.y;
    float a = d.x * d.x + d.z * d.z - k * k * d.y * d.y;
    float b = q.x * d.x + q.z * d.z - k * r * d.y;
    float c = q.x * q.x + q.z * q.z - r * r, under = b * b - a * c;
    if (under > 0 && absf(a) > 1e-12f) {
        float root = sqrtf(under), t0 = (-b - root) / a, t1 = (-b + root) / a;
        float t = minf(t0, t1), y = q.y + t * d.y;
        if (y >= 0 && y <= 1 && t + shift > 0) best = t + shift, *face = 0;
        t = maxf(t0, t1), y = q.y + t * d.y;
        if (y >= 0 && y <= 1 && t + shift > 0 && t + shift < best) best = t + shift, *face = 0;
    }
    if (absf(d.y) > 1e-9f) {
        int up = d.y < 0;   /* the cap that is entered */
        float t = ((up ? 1 : 0) - q.y) / d.y, x = q.x + t * d.x, z = q.z + t * d.z;
        float edge = up ? top : 1;
        if (x * x + z * z <= edge * edge && t + shift > 0 && t + shift < best)
            best = t + shift, *face = 1 + up;
    }
    return best;
}

/* The interval of one slab |x| <= 1. */
static inline void slab(float o, float d, int axis, float *in, float *out, int *face)
{
    float inverse = 1 / (absf(d) > 1e-9f ? d : 1e-9f), middle = -o * inverse;
    float half = absf(inverse);
    if (middle - half > *in) *in = middle - half, *face = axis * 2 + (d < 0);
    *out = minf(*out, middle + half);
}

static float hit_box(vec3 o, vec3 d, int *face)
{
    float in = 0, out = MISS;
    *face = -1;
    slab(o.x, d.x, 0, &in, &out, face);
    slab(o.y, d.y, 1, &in, &out, face);
    slab(o.z, d.z, 2, &in, &out, face);
    return in < out && *face >= 0 ? in : MISS;
}

static float hit_planes(shape_kind kind, vec3 o, vec3 d, int *face)
{
    int count;
    const plane *p = planes_of(kind, &count);
    float in = 0, out = MISS;
    *face = -1;
    for (int i = 0; i < count; i++) {
        float above = p[i].d - v3_dot(p[i].n, o), along = v3_dot(p[i].n, d);
        if (absf(along) < 1e-9f) {
            if (above < 0) return MISS;
        } else if (along < 0) {
            float t = above / along;
            if (t > in) in = t, *face = i;
        } else {
            out = minf(out, above / along);
        }
    }
    return in < out && *face >= 0 ? in : MISS;
}

static int in_disc(float x, float y, float cx, float cy, float r)
{
    return (x - cx) * (x - cx) + (y - cy) * (y - cy) < r * r;
}

static int in_cloud(float x, float y, float grow)
{
    if (y < -0.42f - grow) return 0;
    return in_disc(x, y, -0.58f, -0.28f, 0.34f + grow) || in_disc(x, y, -0.12f, 0.05f, 0.5f + grow) ||
           in_disc(x, y, 0.36f, -0.12f, 0.4f + grow) || in_disc(x, y, 0.68f, -0.3f, 0.26f + grow);
}

static int in_fir(float x, float y)
{
    float v = (y + 0.8f) / 1.8f;   /* 0 at the lowest branch, 1 at the tip */
    if (v < 0) return absf(x) < 0.1f;
    float tier = v * 3, in_tier = tier - (float)floor_int(tier);
    return absf(x) < 0.95f * (1 - v) + 0.22f * (1 - in_tier) * (1 - v) - 0.12f * v;
}

static int in_wave(float x, float y, float count)
{
    float u = (x + 1) * count, f = u - (float)floor_int(u) - 0.5f;
    return y < 0.9f - 5 * f * f;
}

static int in_capsule(float x, float y, float ax, float ay, float bx, float by, float r)
{
    float dx = bx - ax, dy = by - ay;
    float t = clampf(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1);
    return in_disc(x, y, ax + t * dx, ay + t * dy, r);
}

static int in_cactus(float x, float y)
{
    return in_capsule(x, y, 0, -1, 0, 0.75f, 0.22f) ||
           in_capsule(x, y, 0, -0.25f, -0.62f, -0.1f, 0.15f) ||
           in_capsule(x, y, -0.65f, -0.1f, -0.65f, 0.4f, 0.15f) ||
           in_capsule(x, y, 0, 0, 0.6f, 0.12f, 0.15f) || in_capsule(x, y, 0.62f, 0.12f, 0.62f, 0.6f, 0.15f);
}

static int in_cut(const shape *s, float x, float y)
{
    switch (s->cut) {
    case CUT_DISC:   return x * x + y * y < 1;
    case CUT_CLOUD:  return in_cloud(x, y, 0);
    case CUT_FIR:    return in_fir(x, y);
    case CUT_WAVE:   return in_wave(x, y, s->size);
    case CUT_HILL:   return y < 1 - 2 * x * x;
    case CUT_CACTUS: return in_cactus(x, y);
    default:         return 1;
    }
}

static float hit_card(const shape *s, vec3 o, vec3 d, int *face)
{
    if (absf(d.z) < 1e-9f) return MISS;
    float t = -o.z / d.z;
    float x = o.x + t * d.x, y = o.y + t * d.y;
    if (t <= 0 || absf(x) > 1 || absf(y) > 1 || !in_cut(s, x, y)) return MISS;
    *face = d.z < 0;
    return t;
}

float shape_hit(const shape *s, vec3 o, vec3 d, int *face)
{
    *face = 0;
    switch (s->kind) {
    case SHAPE_BALL:    return hit_ball(o, d);
    case SHAPE_CAPSULE: return hit_capsule(s->size, o, d);
    case SHAPE_CONE:    return hit_cone(s->size, o, d, face);
    case SHAPE_BOX:     return hit_box(o, d, face);
    case SHAPE_CARD:    return hit_card(s, o, d, face);
    default:            return hit_planes(s->kind, o, d, face);
    }
}

/* The normal in the unit form's space, of any length. */
static vec3 unit_normal(const shape *s, vec3 p, int face)
{
    int count;
    switch (s->kind) {
    case SHAPE_BALL:    return p;
    case SHAPE_CAPSULE: return v3(p.x, p.y - clampf(p.y, -s->size, s->size), p.z);
    case SHAPE_CONE: {
        float k = s->size - 1;
        if (face) return v3(0, face == 1 ? -1 : 1, 0);
        return v3(p.x, -k * (1 + k * p.y), p.z);
    }
    case SHAPE_BOX: {
        float sign = face & 1 ? 1 : -1;
        return v3(face < 2 ? sign : 0, face / 2 == 1 ? sign : 0, face > 3 ? sign : 0);
    }
    case SHAPE_CARD:    return v3(0, 0, face ? 1 : -1);
    default:            return planes_of(s->kind, &count)[face].n;
    }
}

vec3 shape_normal(const shape *s, vec3 p, int face)
{
    vec3 n = unit_normal(s, p, face);
    n = v3_along(v3_along(v3_scale(s->row[0], n.x), n.y, s->row[1]), n.z, s->row[2]);
    return v3_unit(n);
}

/* A grid of windows on the upright sides of a box, size2 of them across. */
static int in_window(const shape *s, vec3 p, int face)
{
    if (face / 2 == 1) return 0;
    float wide = s->size2, u = (face < 2 ? p.z : p.x) * 0.5f + 0.5f;
    float tall = s->size, v = p.y * 0.5f + 0.5f;
    u = u * wide - (float)floor_int(u * wide);
    v = v * tall - (float)floor_int(v * tall);
    return absf(u - 0.5f) < 0.24f && absf(v - 0.5f) < 0.28f;
}

static int in_second_paint(const shape *s, vec3 p, int face)
{
    switch (s->pattern) {
    case PATTERN_BAND:    return absf(p.y) < 0.2f || absf(p.y) > 0.86f;
    case PATTERN_HOOPS: {
        float v = p.y * s->size2;
        return floor_int(v) & 1;
    }
    case PATTERN_WINDOWS: return in_window(s, p, face);
    case PATTERN_RIM:
        return s->cut == CUT_CLOUD ? !in_cloud(p.x, p.y, -0.07f)
             : s->cut == CUT_WAVE  ? !in_wave(p.x, p.y + 0.25f, s->size)
             : s->cut == CUT_DISC  ? p.x * p.x + p.y * p.y > 0.8f
             : p.y > 0.86f - 2 * p.x * p.x;
    case PATTERN_SUCKERS: {
        float v = p.y * s->size2, f = v - (float)floor_int(v) - 0.5f;
        float side = absf(p.x) - 0.36f;
        return p.z > 0.3f && f * f * 1.2f + side * side * 4 < 0.13f;
    }
    default:              return 0;
    }
}

vec3 shape_paint(const shape *s, vec3 p, int face, int *part)
{
    *part = s->pattern != PATTERN_PLAIN && in_second_paint(s, p, face);
    return *part ? s->paint2 : s->paint;
}
