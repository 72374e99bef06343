/* stage_vec.h - vectors and poses of the renderer, in float.
 *
 * A pose is an affine frame: three axes (which may carry a scale) and an origin.
 * Figures are built by moving, turning and scaling poses, joint by joint. Only
 * + - * / sqrt are used, so every machine gets the same bits. */
#ifndef COHL_THEATRE_STAGE_VEC_H
#define COHL_THEATRE_STAGE_VEC_H

/* Nobody asks the renderer for floating-point exceptions, and minding them would keep
 * branches where vectors could be. No value depends on it. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-trapping-math")
#endif

/* Built twice where the processor is asked at start whether it has wider vectors. */
#if defined(__x86_64__) && defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#include <math.h>

#include "theatre/exact.h"

typedef struct vec3 { float x, y, z; } vec3;
typedef struct pose { vec3 x, y, z, at; } pose;

static inline vec3 v3(float x, float y, float z) { return (vec3){ x, y, z }; }
static inline vec3 v3_add(vec3 a, vec3 b) { return v3(a.x + b.x, a.y + b.y, a.z + b.z); }
static inline vec3 v3_sub(vec3 a, vec3 b) { return v3(a.x - b.x, a.y - b.y, a.z - b.z); }
static inline vec3 v3_mul(vec3 a, vec3 b) { return v3(a.x * b.x, a.y * b.y, a.z * b.z); }
static inline vec3 v3_scale(vec3 a, float s) { return v3(a.x * s, a.y * s, a.z * s); }
static inline float v3_dot(vec3 a, vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
/* a + s * b */
static inline vec3 v3_along(vec3 a, float s, vec3 b) { return v3_add(a, v3_scale(b, s)); }
static inline vec3 v3_mix(vec3 a, vec3 b, float t) { return v3_along(a, t, v3_sub(b, a)); }
static inline vec3 v3_cross(vec3 a, vec3 b)
{
    return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
static inline float v3_length(vec3 a) { return sqrtf(v3_dot(a, a)); }
static inline vec3 v3_unit(vec3 a) { return v3_scale(a, 1.0f / v3_length(a)); }

static inline float minf(float a, float b) { return a < b ? a : b; }
static inline float maxf(float a, float b) { return a > b ? a : b; }
static inline float clampf(float a, float lo, float hi) { return minf(maxf(a, lo), hi); }
static inline float absf(float a) { return a < 0 ? -a : a; }
/* 0 below lo, 1 above hi, smooth between. */
static inline float stepf(float lo, float hi, float a)
{
    float t = clampf((a - lo) / (hi - lo), 0, 1);
    return t * t * (3 - 2 * t);
}
/* Largest whole number not above a, |a| < 2^31: floorf without a call. */
static inline int floor_int(float a)
{
    int i = (int)a;
    return i - (a < (float)i);
}

static inline vec3 pose_point(const pose *p, vec3 q)
{
    return v3_along(v3_along(v3_along(p->at, q.x, p->x), q.y, p->y), q.z, p->z);
}
static inline pose pose_move(pose p, float x, float y, float z)
{
    p.at = pose_point(&p, v3(x, y, z));
    return p;
}
static inline pose pose_scale(pose p, float x, float y, float z)
{
    return (pose){ v3_scale(p.x, x), v3_scale(p.y, y), v3_scale(p.z, z), p.at };
}


/* Turn about an own axis; positive about x takes y to z, about y z to x, about z x to y. */
static inline pose pose_turn_x(pose p, float radians)
{
    float c = cohl_exact_cosf(radians), s = cohl_exact_sinf(radians);
    return (pose){ p.x, v3_along(v3_scale(p.y, c), s, p.z), v3_along(v3_scale(p.z, c), -s, p.y),
                   p.at };
}
static inline pose pose_turn_y(pose p, float radians)
{
    float c = cohl_exact_cosf(radians), s = cohl_exact_sinf(radians);
    return (pose){ v3_along(v3_scale(p.x, c), -s, p.z), p.y, v3_along(v3_scale(p.z, c), s, p.x),
                   p.at };
}
static inline pose pose_turn_z(pose p, float radians)
{
    float c = cohl_exact_cosf(radians), s = cohl_exact_sinf(radians);
    return (pose){ v3_along(v3_scale(p.x, c), s, p.y), v3_along(v3_scale(p.y, c), -s, p.x), p.z,
                   p.at };
}

#endif
