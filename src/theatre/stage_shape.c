/* stage_shape.c - where rays meet a shape.
 *
 * Loops over a sheaf have no branches, so compilers turn them into vector code; without
 * contraction a wider vector gives the same bits. Round forms first move the
 * ray's start to its point nearest the form's middle: floats then cancel little even
 * for a button seen from far. */
#include "theatre/stage_shape.h"

#include <assert.h>

#define MISS    1e9f
#define NEAREST 0.05f

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

static vec3 into(const shape *s, vec3 v)
{
    return v3(v3_dot(s->row[0], v), v3_dot(s->row[1], v), v3_dot(s->row[2], v));
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

ray_plan shape_plan(const shape *s, const ray_plan *world)
{
    return (ray_plan){ into(s, v3_sub(world->from, s->at.at)), into(s, world->slide),
                       into(s, world->ahead), into(s, world->aside), into(s, world->above) };
}

static inline vec3 start_of(const ray_plan *p, float u) { return v3_along(p->from, u, p->slide); }

static inline vec3 way_of(const ray_plan *p, float u, float v)
{
    return v3_along(v3_along(p->ahead, u, p->aside), v, p->above);
}

/* Keep a meeting at t when it is ahead and nearer than what ray i met before. */
static inline void note(sheaf *r, int i, int met, float t, int number, int face)
{
    met = met & (t > NEAREST) & (t < r->depth[i]);
    r->depth[i] = met ? t : r->depth[i];
    r->number[i] = met ? number : r->number[i];
    r->face[i] = met ? face : r->face[i];
}

static inline float ball_entry(vec3 o, vec3 d, int *met)
{
    float a = 1 / v3_dot(d, d), t = -v3_dot(o, d) * a;
    vec3 q = v3_along(o, t, d);
    float under = 1 - v3_dot(q, q);
    *met = under > 0;
    return t - sqrtf(maxf(under, 0) * a);
}

WIDE static void meet_ball(const ray_plan *p, sheaf *r, int first, int last, int number)
{
    for (int i = first; i < last; i++) {
        int met;
        float t = ball_entry(start_of(p, r->u[i]), way_of(p, r->u[i], r->v[i]), &met);
        note(r, i, met, t, number, 0);
    }
}

WIDE static void meet_capsule(float half, const ray_plan *p, sheaf *r, int first, int last, int number)
{
    for (int i = first; i < last; i++) {
        vec3 o = start_of(p, r->u[i]), d = way_of(p, r->u[i], r->v[i]);
        float a = 1 / (d.x * d.x + d.z * d.z + 1e-12f), t = -(o.x * d.x + o.z * d.z) * a;
        float qx = o.x + t * d.x, qz = o.z + t * d.z, under = 1 - qx * qx - qz * qz;
        t -= sqrtf(maxf(under, 0) * a);
        float y = o.y + t * d.y;
        int end;
        float cap = ball_entry(v3(o.x, o.y - (y > 0 ? half : -half), o.z), d, &end);
        int side = absf(y) <= half;
        note(r, i, (under > 0) & (side | end), side ? t : cap, number, 0);
    }
}

WIDE static void meet_cone(float top, const ray_plan *p, sheaf *r, int first, int last, int number)
{
    float k = top - 1;
    for (int i = first; i < last; i++) {
        vec3 o = start_of(p, r->u[i]), d = way_of(p, r->u[i], r->v[i]);
        float shift = -v3_dot(o, d) / v3_dot(d, d);
        vec3 q = v3_along(o, shift, d);
        float w = 1 + k * q.y, a = d.x * d.x + d.z * d.z - k * k * d.y * d.y;
        float b = q.x * d.x + q.z * d.z - k * w * d.y, c = q.x * q.x + q.z * q.z - w * w;
        float under = b * b - a * c, root = sqrtf(maxf(under, 0));
        a = 1 / (absf(a) > 1e-9f ? a : 1e-9f);
        float t0 = (-b - root) * a, t1 = (-b + root) * a;
        float near = minf(t0, t1), far = maxf(t0, t1);
        float y0 = q.y + near * d.y, y1 = q.y + far * d.y;
        int in0 = (under > 0) & (y0 >= 0) & (y0 <= 1), in1 = (under > 0) & (y1 >= 0) & (y1 <= 1);
        note(r, i, in1, far + shift, number, 0);
        note(r, i, in0, near + shift, number, 0);
        int up = d.y < 0;   /* the cap that is entered */
        float cap = ((up ? 1.0f : 0.0f) - q.y) / (absf(d.y) > 1e-9f ? d.y : 1e-9f);
        float x = q.x + cap * d.x, z = q.z + cap * d.z, edge = up ? top : 1;
        note(r, i, x * x + z * z <= edge * edge, cap + shift, number, 1 + up);
    }
}

WIDE static void meet_box(const ray_plan *p, sheaf *r, int first, int last, int number)
{
    for (int i = first; i < last; i++) {
        vec3 o = start_of(p, r->u[i]), d = way_of(p, r->u[i], r->v[i]);
        float ix = 1 / (absf(d.x) > 1e-9f ? d.x : 1e-9f), mx = -o.x * ix, hx = absf(ix);
        float iy = 1 / (absf(d.y) > 1e-9f ? d.y : 1e-9f), my = -o.y * iy, hy = absf(iy);
        float iz = 1 / (absf(d.z) > 1e-9f ? d.z : 1e-9f), mz = -o.z * iz, hz = absf(iz);
        float in_x = mx - hx, in_y = my - hy, in_z = mz - hz;
        float in = maxf(maxf(in_x, in_y), in_z), out = minf(minf(mx + hx, my + hy), mz + hz);
        int face = 4 + (d.z < 0), face_y = 2 + (d.y < 0), face_x = d.x < 0;
        face = in == in_y ? face_y : face;
        face = in == in_x ? face_x : face;
        note(r, i, in < out, in, number, face);
    }
}

WIDE static void meet_planes(shape_kind kind, const ray_plan *p, sheaf *r, int first, int last, int number)
{
    int count;
    const plane *side = planes_of(kind, &count);
    float in[SHEAF], out[SHEAF];
    int face[SHEAF];
    for (int i = first; i < last; i++) in[i] = -MISS, out[i] = MISS, face[i] = 0;
    for (int k = 0; k < count; k++) {
        vec3 n = side[k].n;
        float d0 = side[k].d - v3_dot(n, p->from), d1 = v3_dot(n, p->slide);
        float a0 = v3_dot(n, p->ahead), a1 = v3_dot(n, p->aside), a2 = v3_dot(n, p->above);
        for (int i = first; i < last; i++) {
            float along = a0 + r->u[i] * a1 + r->v[i] * a2;
            float t = (d0 - r->u[i] * d1) / (absf(along) > 1e-9f ? along : 1e-9f);
            int enters = (along < 0) & (t > in[i]);
            in[i] = enters ? t : in[i];
            face[i] = enters ? k : face[i];
            out[i] = along < 0 ? out[i] : minf(out[i], t);
        }
    }
    for (int i = first; i < last; i++) note(r, i, in[i] < out[i], in[i], number, face[i]);
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

static void meet_card(const shape *s, const ray_plan *p, sheaf *r, int first, int last, int number)
{
    for (int i = first; i < last; i++) {
        vec3 o = start_of(p, r->u[i]), d = way_of(p, r->u[i], r->v[i]);
        float t = -o.z / (absf(d.z) > 1e-9f ? d.z : 1e-9f), x = o.x + t * d.x, y = o.y + t * d.y;
        if (t < r->depth[i] && absf(x) <= 1 && absf(y) <= 1 && in_cut(s, x, y))
            note(r, i, 1, t, number, d.z < 0);
    }
}

void shape_meet(const shape *s, const ray_plan *plan, sheaf *rays, int first, int last, int number)
{
    switch (s->kind) {
    case SHAPE_BALL:    meet_ball(plan, rays, first, last, number); break;
    case SHAPE_CAPSULE: meet_capsule(s->size, plan, rays, first, last, number); break;
    case SHAPE_CONE:    meet_cone(s->size, plan, rays, first, last, number); break;
    case SHAPE_BOX:     meet_box(plan, rays, first, last, number); break;
    case SHAPE_CARD:    meet_card(s, plan, rays, first, last, number); break;
    default:            meet_planes(s->kind, plan, rays, first, last, number); break;
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

/* A grid of windows on the upright sides of a box, size2 of them across: 0 between them,
 * 1 a window, 2 one of those where somebody is at home. */
static int in_window(const shape *s, vec3 p, int face)
{
    if (face / 2 == 1) return 0;
    float u = ((face < 2 ? p.z : p.x) * 0.5f + 0.5f) * s->size2, v = (p.y * 0.5f + 0.5f) * s->size;
    int column = floor_int(u), floor = floor_int(v);
    u -= (float)column + 0.5f;
    v -= (float)floor + 0.5f;
    if (absf(u) > 0.24f || absf(v) > 0.28f) return 0;
    int house = floor_int(s->at.at.x * 3) + floor_int(s->at.at.z * 5);
    return (column * 5 + floor * 3 + house) % 7 < 3 ? 2 : 1;
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
    default:              return 0;
    }
}

vec3 shape_paint(const shape *s, vec3 p, int face, int *part)
{
    *part = s->pattern == PATTERN_PLAIN ? 0 : in_second_paint(s, p, face);
    return *part == 2 ? s->paint3 : *part ? s->paint2 : s->paint;
}
