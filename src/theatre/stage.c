/* stage.c - putting shapes on the stage. */
#include "theatre/stage.h"

#include <assert.h>

#include "base/rng.h"

vec3 paint_rgb(int red, int green, int blue)
{
    vec3 c = v3((float)red / 255, (float)green / 255, (float)blue / 255);
    return v3_mul(c, c);
}

/* Paints far apart in hue or lightness, so each is named at once under every lamp. */
vec3 paint_of(cohl_colour colour)
{
    static const uint8_t rgb[COHL_COLOUR_COUNT][3] = {
        [COHL_COLOUR_RED]    = { 216,  30,  36 }, [COHL_COLOUR_YELLOW] = { 255, 216,  30 },
        [COHL_COLOUR_GREEN]  = {  26, 150,  60 }, [COHL_COLOUR_BLUE]   = {  30,  84, 214 },
        [COHL_COLOUR_PURPLE] = { 124,  44, 176 }, [COHL_COLOUR_ORANGE] = { 250, 122,  10 },
        [COHL_COLOUR_WHITE]  = { 246, 245, 240 }, [COHL_COLOUR_BLACK]  = {  34,  34,  38 },
        [COHL_COLOUR_PINK]   = { 255, 142, 188 }, [COHL_COLOUR_BROWN]  = { 124,  72,  34 },
    };
    return paint_rgb(rgb[colour][0], rgb[colour][1], rgb[colour][2]);
}

brush brush_make(stage *st, int owner, vec3 paint)
{
    return (brush){ .stage = st, .owner = owner, .casts = owner > 0, .paint = paint };
}

shape *put(brush b, shape_kind kind, pose at, float size)
{
    stage *st = b.stage;
    assert(st->shape_count < STAGE_SHAPES);
    shape *s = &st->shape[st->shape_count++];
    *s = (shape){ .kind = kind, .pattern = b.pattern, .owner = b.owner, .size = size,
                  .size2 = b.pattern_size, .gloss = b.gloss, .glow = b.glow, .casts = b.casts,
                  .paint = b.paint, .paint2 = b.paint2,
                  .paint3 = st->lit_windows ? paint_rgb(255, 208, 110) : b.paint2, .at = at };
    shape_settle(s);
    return s;
}

void put_ball(brush b, pose p, float x, float y, float z, float rx, float ry, float rz)
{
    put(b, SHAPE_BALL, pose_scale(pose_move(p, x, y, z), rx, ry, rz), 0);
}

void put_box(brush b, pose p, float x, float y, float z, float hx, float hy, float hz)
{
    put(b, SHAPE_BOX, pose_scale(pose_move(p, x, y, z), hx, hy, hz), 0);
}

/* A pose whose y axis runs along `way`, seen in the space of p; axes of unit length there. */
static pose pose_lay(pose p, vec3 at, vec3 way)
{
    vec3 y = v3_unit(way);
    vec3 x = absf(y.x) < 0.8f ? v3_cross(y, v3(1, 0, 0)) : v3_cross(y, v3(0, 0, 1));
    x = v3_unit(x);
    vec3 z = v3_cross(x, y);
    pose flat = { p.x, p.y, p.z, { 0, 0, 0 } };
    return (pose){ pose_point(&flat, x), pose_point(&flat, y), pose_point(&flat, z),
                   pose_point(&p, at) };
}

void put_limb(brush b, pose p, vec3 from, vec3 to, float radius)
{
    vec3 way = v3_sub(to, from);
    pose at = pose_lay(p, v3_mix(from, to, 0.5f), way);
    put(b, SHAPE_CAPSULE, pose_scale(at, radius, radius, radius),
        0.5f * v3_length(way) / radius);
}

void put_cone(brush b, pose p, vec3 from, vec3 to, float radius, float radius_end)
{
    vec3 way = v3_sub(to, from);
    put(b, SHAPE_CONE, pose_scale(pose_lay(p, from, way), radius, v3_length(way), radius),
        radius_end / radius);
}

void put_card(brush b, pose p, card_cut cut, float hx, float hy, float size)
{
    put(b, SHAPE_CARD, pose_scale(p, hx, hy, 1), size)->cut = cut;
}

static void fill_noise(stage *st)
{
    cohl_rng rng = cohl_rng_make(st->scene->seed, 71);
    for (int i = 0; i < NOISE_SIDE * NOISE_SIDE; i += 4) {
        uint32_t word = cohl_rng_u32(&rng);
        for (int k = 0; k < 4; k++) st->noise[i + k] = (uint8_t)(word >> (8 * k));
    }
}

void stage_open(stage *st, const cohl_scene *scene, double seconds)
{
    st->scene = scene;
    st->seconds = (float)seconds;
    st->ring_count = st->shape_count = st->contact_count = 0;
    fill_noise(st);
    stage_light(st);
    stage_decorate(st);
    for (int i = 0; i < scene->actor_count; i++) stage_act(st, i);
    stage_throw_shadows(st);
}
