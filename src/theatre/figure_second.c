/* figure_second.c - the figures that join in the second act. */
#include "theatre/figure.h"

static vec3 ink_paint(void) { return paint_rgb(40, 36, 40); }
static vec3 cream_paint(void) { return paint_rgb(250, 240, 216); }

static int is_black(const figure *f) { return f->coat.paint.x + f->coat.paint.y + f->coat.paint.z < 0.1f; }
static int is_white(const figure *f) { return f->coat.paint.y > 0.75f; }

/* A lighter or darker neighbour of the coat for bellies and trims. */
static brush pale(const figure *f)
{
    return brush_dip(f->coat, v3_mix(f->coat.paint, paint_rgb(255, 246, 230), is_black(f) ? 0.15f : 0.5f));
}

static void put_eye(const figure *f, pose p, float x, float y, float z, float r)
{
    vec3 out = v3_scale(v3_unit(v3(x, 0, z)), 0.55f * r);
    put_ball(brush_dip(f->coat, paint_rgb(255, 255, 250)), p, x, y, z, r, r, r);
    put_ball(brush_dip(f->coat, ink_paint()), p, x + out.x, y, z + out.z, 0.62f * r, 0.62f * r, 0.62f * r);
}

static brush glass_of(const figure *f)
{
    brush b = brush_dip(f->coat, paint_rgb(168, 212, 236));
    if (f->coat.stage->lit_windows) b.paint = paint_rgb(255, 216, 120), b.glow = 1;
    return b;
}

void figure_cube(const figure *f)
{
    brush line = brush_dip(f->coat, is_white(f) ? paint_rgb(196, 196, 204) : v3_mix(f->coat.paint, v3(1, 1, 1), is_black(f) ? 0.05f : 0.22f));
    put_box(f->coat, f->at, 0, 0.5f, 0, 0.49f, 0.49f, 0.49f);
    put_box(line, f->at, 0, 0.5f, 0, 0.33f, 0.33f, 0.5f);
    put_box(line, f->at, 0, 0.5f, 0, 0.5f, 0.33f, 0.33f);
    put_box(line, f->at, 0, 0.5f, 0, 0.33f, 0.5f, 0.33f);
}

void figure_chair(const figure *f)
{
    pose p = f->at;
    put_box(f->coat, p, 0, 0.58f, 0, 0.37f, 0.05f, 0.36f);
    for (int side = -1; side <= 1; side += 2) {
        float x = (float)side * 0.31f;
        put_box(f->coat, p, x, 0.27f, -0.30f, 0.05f, 0.27f, 0.05f);
        put_box(f->coat, p, x, 0.64f, 0.31f, 0.05f, 0.64f, 0.05f);
    }
    put_box(f->coat, p, 0, 1.17f, 0.31f, 0.31f, 0.11f, 0.035f);
    put_box(f->coat, p, 0, 0.86f, 0.31f, 0.31f, 0.07f, 0.03f);
}

void figure_bird(const figure *f)
{
    pose p = f->at;
    brush beak = brush_dip(f->coat, paint_rgb(250, 176, 40));
    put_ball(f->coat, p, 0, -0.05f, 0.05f, 0.22f, 0.22f, 0.40f);
    put_ball(f->coat, p, 0, 0.15f, -0.30f, 0.19f, 0.19f, 0.19f);
    put_ball(pale(f), p, 0, -0.13f, -0.05f, 0.17f, 0.16f, 0.27f);
    put_cone(beak, p, v3(0, 0.13f, -0.46f), v3(0, 0.10f, -0.62f), 0.07f, 0.008f);
    for (int side = -1; side <= 1; side += 2) {
        float flap = 0.2f + 0.75f * f->swing * cohl_exact_sinf(f->stride);
        pose wing = pose_move(p, (float)side * 0.14f, 0.06f, 0.05f);
        wing = pose_turn_z(wing, (float)side * flap);
        put_ball(f->coat, wing, (float)side * 0.34f, 0, 0.04f, 0.36f, 0.045f, 0.20f);
        wing = pose_turn_z(pose_move(wing, (float)side * 0.42f, 0, 0.05f), (float)side * 0.3f * flap);
        put_ball(pale(f), wing, (float)side * 0.14f, 0, 0.05f, 0.24f, 0.035f, 0.14f);
        put_eye(f, p, (float)side * 0.12f, 0.2f, -0.43f, 0.055f);
    }
    pose tail = pose_turn_x(pose_move(p, 0, -0.02f, 0.40f), -0.2f);
    put_ball(f->coat, tail, 0, 0, 0.12f, 0.13f, 0.035f, 0.22f);
}

void figure_fish(const figure *f)
{
    pose p = f->at;
    float bend = 0.45f * f->swing * cohl_exact_sinf(f->stride);
    put_ball(f->coat, p, 0, 0, -0.12f, 0.19f, 0.34f, 0.50f);
    put_ball(brush_mark(pale(f), PATTERN_PLAIN, pale(f).paint, 0), p, 0, -0.11f, -0.16f, 0.175f, 0.22f, 0.42f);
    pose tail = pose_turn_y(pose_move(p, 0, 0, 0.28f), bend);
    put_ball(f->coat, tail, 0, 0, 0.06f, 0.07f, 0.11f, 0.2f);
    for (int side = -1; side <= 1; side += 2) {
        pose lobe = pose_turn_x(pose_move(tail, 0, (float)side * 0.06f, 0.18f), (float)side * -0.65f);
        put_ball(f->coat, lobe, 0, 0, 0.12f, 0.035f, 0.10f, 0.24f);
        put_eye(f, p, (float)side * 0.135f, 0.1f, -0.42f, 0.062f);
        pose fin = pose_turn_y(pose_move(p, (float)side * 0.16f, -0.08f, -0.1f), (float)side * (0.5f + 0.3f * bend));
        put_ball(f->coat, fin, (float)side * 0.03f, -0.04f, 0.12f, 0.03f, 0.09f, 0.16f);
    }
    put_ball(f->coat, p, 0, 0.33f, 0.0f, 0.035f, 0.13f, 0.24f);
}

/* One arm of the octopus: three bones that curl up at the end, suckers below. */
static void put_tentacle(const figure *f, float around, int number)
{
    pose p = pose_turn_y(pose_move(f->at, 0, 0.42f, 0), around);
    brush sucker = brush_dip(f->coat, is_white(f) ? paint_rgb(236, 170, 176) : v3_mix(f->coat.paint, paint_rgb(255, 236, 220), 0.75f));
    float phase = f->stride + 0.8f * (float)number, move = 0.25f * f->swing;
    float bone[4] = { 0.62f, 0.12f, -0.45f, -1.0f }, radius = 0.125f;   /* radians below level */
    vec3 from = v3(0, 0, -0.22f);
    for (int i = 0; i < 4; i++) {
        float a = bone[i] + move * cohl_exact_sinf(phase - 0.9f * (float)i);
        float length = i < 3 ? 0.22f : 0.15f, c = cohl_exact_cosf(a), s = cohl_exact_sinf(a);
        vec3 to = v3(from.x, from.y - length * s, from.z - length * c);
        put_limb(f->coat, p, from, to, radius);
        for (int k = 0; k < 2; k++) {   /* undersides only */
            vec3 at = v3_mix(from, to, 0.25f + 0.5f * (float)k);
            put_ball(sucker, p, at.x, at.y - c * radius * 0.9f, at.z + s * radius * 0.9f,
                     radius * 0.5f, radius * 0.35f, radius * 0.5f);
        }
        from = to;
        radius *= 0.8f;
    }
}

void figure_octopus(const figure *f)
{
    pose p = f->at;
    put_ball(f->coat, p, 0, 0.84f, 0.04f, 0.42f, 0.46f, 0.42f);
    put_ball(f->coat, p, 0, 0.48f, 0, 0.33f, 0.22f, 0.33f);
    for (int i = 0; i < 8; i++) put_tentacle(f, (0.5f + (float)i) * 0.785398163f, i);
    put_eye(f, p, 0.17f, 0.80f, -0.36f, 0.10f);
    put_eye(f, p, -0.17f, 0.80f, -0.36f, 0.10f);
}

void figure_crab(const figure *f)
{
    pose p = f->at;
    put_ball(f->coat, p, 0, 0.36f, 0, 0.42f, 0.24f, 0.32f);
    put_ball(pale(f), p, 0, 0.30f, -0.02f, 0.36f, 0.2f, 0.31f);
    for (int side = -1; side <= 1; side += 2) {
        float s = (float)side;
        for (int i = 0; i < 3; i++) {
            float step = 0.10f * f->swing * cohl_exact_sinf(f->stride + 2.1f * (float)i + (side > 0 ? 0 : 1.5f));
            float z = -0.10f + 0.17f * (float)i;
            vec3 knee = v3(s * 0.58f, 0.40f + maxf(step, 0), z * 1.3f + step);
            put_limb(f->coat, p, v3(s * 0.34f, 0.33f, z), knee, 0.05f);
            put_limb(f->coat, p, knee, v3(s * 0.72f, 0.04f + maxf(step, 0), z * 1.7f + step), 0.04f);
        }
        vec3 wrist = v3(s * 0.60f, 0.42f, -0.30f);
        put_limb(f->coat, p, v3(s * 0.34f, 0.36f, -0.16f), wrist, 0.06f);
        pose claw = pose_turn_y(pose_move(p, wrist.x, wrist.y + 0.06f, wrist.z - 0.08f), s * -0.35f);
        float open = 0.35f + 0.2f * (float)f->state.arm * cohl_exact_sinf((float)f->state.wave);
        pose jaw = pose_turn_z(claw, open);
        put_ball(f->coat, jaw, 0, 0.15f, 0, 0.075f, 0.19f, 0.09f);
        jaw = pose_turn_z(claw, -open);
        put_ball(f->coat, jaw, 0, 0.15f, 0, 0.075f, 0.19f, 0.09f);
        put_limb(f->coat, p, v3(s * 0.13f, 0.52f, -0.2f), v3(s * 0.15f, 0.64f, -0.24f), 0.03f);
        put_eye(f, p, s * 0.15f, 0.68f, -0.25f, 0.07f);
    }
}

/* A wheel on the side of something that rolls forward; spokes show the turning. */
static void put_wheel(const figure *f, float x, float y, float z, float radius)
{
    float out = x > 0 ? 0.05f : -0.05f;
    put_cone(brush_dip(f->coat, ink_paint()), f->at, v3(x - out, y, z), v3(x + out, y, z), radius, radius);
    pose hub = pose_turn_x(pose_move(f->at, x + out, y, z), f->stride);
    brush spoke = brush_dip(f->coat, paint_rgb(214, 210, 200));
    put_box(spoke, hub, 0, 0, 0, 0.012f, radius * 0.72f, radius * 0.16f);
    put_box(spoke, hub, 0, 0, 0, 0.012f, radius * 0.16f, radius * 0.72f);
}

void figure_car(const figure *f)
{
    pose p = f->at;
    brush lamp = brush_dip(f->coat, paint_rgb(255, 240, 170)), glass = glass_of(f);
    lamp.glow = 0.6f;
    put_box(f->coat, p, 0, 0.46f, 0, 0.46f, 0.20f, 1.0f);
    put_limb(f->coat, p, v3(-0.36f, 0.56f, -0.92f), v3(0.36f, 0.56f, -0.92f), 0.12f);
    put_limb(f->coat, p, v3(-0.36f, 0.56f, 0.92f), v3(0.36f, 0.56f, 0.92f), 0.12f);
    put_box(f->coat, p, 0, 0.84f, 0.12f, 0.40f, 0.24f, 0.50f);
    put_box(f->coat, p, 0, 1.05f, 0.12f, 0.36f, 0.045f, 0.44f);
    put_box(glass, p, 0, 0.86f, 0.12f, 0.34f, 0.15f, 0.52f);
    put_box(glass, p, 0, 0.86f, -0.11f, 0.42f, 0.15f, 0.19f);
    put_box(glass, p, 0, 0.86f, 0.36f, 0.42f, 0.15f, 0.19f);
    for (int side = -1; side <= 1; side += 2) {
        put_wheel(f, (float)side * 0.46f, 0.24f, -0.60f, 0.24f);
        put_wheel(f, (float)side * 0.46f, 0.24f, 0.60f, 0.24f);
        put_ball(lamp, p, (float)side * 0.30f, 0.52f, -1.0f, 0.09f, 0.09f, 0.06f);
    }
}

/* Wagon number i behind the engine: all alike in length and windows. */
static void put_wagon(const figure *f, int i)
{
    float middle = -0.47f + 0.86f * (float)i;
    pose p = pose_move(f->at, 0, 0, middle);
    brush glass = glass_of(f), roof = brush_dip(f->coat, paint_rgb(92, 84, 92));
    put_box(f->coat, p, 0, 0.58f, 0, 0.36f, 0.36f, 0.38f);
    put_box(roof, p, 0, 0.97f, 0, 0.40f, 0.045f, 0.41f);
    put_box(roof, p, 0, 0.24f, -0.43f, 0.06f, 0.04f, 0.10f);
    for (int k = -1; k <= 1; k++)
        put_box(glass, p, 0, 0.68f, 0.24f * (float)k, 0.375f, 0.13f, 0.08f);
    for (int side = -1; side <= 1; side += 2)
        for (int end = -1; end <= 1; end += 2)
            put_wheel(f, (float)side * 0.34f, 0.15f, middle + 0.21f * (float)end, 0.15f);
}

void figure_train(const figure *f)
{
    pose p = f->at;
    brush iron = brush_dip(f->coat, paint_rgb(70, 66, 74)), brass = brush_dip(f->coat, paint_rgb(244, 202, 92));
    put_box(f->coat, p, 0, 0.62f, -1.08f, 0.36f, 0.42f, 0.20f);
    put_box(iron, p, 0, 1.06f, -1.08f, 0.40f, 0.045f, 0.25f);
    put_box(glass_of(f), p, 0, 0.80f, -1.08f, 0.375f, 0.12f, 0.11f);
    put_box(iron, p, 0, 0.24f, -1.25f, 0.32f, 0.06f, 0.42f);
    put_cone(f->coat, p, v3(0, 0.55f, -1.25f), v3(0, 0.55f, -1.64f), 0.27f, 0.27f);
    put_cone(iron, p, v3(0, 0.55f, -1.63f), v3(0, 0.55f, -1.68f), 0.24f, 0.18f);
    put_cone(iron, p, v3(0, 0.78f, -1.50f), v3(0, 1.15f, -1.50f), 0.08f, 0.13f);
    put_ball(brass, p, 0, 0.83f, -1.34f, 0.10f, 0.11f, 0.10f);
    put_ball(brass, p, 0, 0.72f, -1.66f, 0.07f, 0.07f, 0.05f);
    for (int side = -1; side <= 1; side += 2) {
        put_wheel(f, (float)side * 0.34f, 0.20f, -1.06f, 0.20f);
        put_wheel(f, (float)side * 0.34f, 0.17f, -1.48f, 0.17f);
    }
    for (int i = 0; i < 3; i++) put_wagon(f, i);
}

void figure_lighthouse(const figure *f)
{
    pose p = f->at;
    vec3 hoop = is_white(f) ? paint_rgb(170, 172, 184) : cream_paint();
    brush iron = brush_dip(f->coat, paint_rgb(74, 70, 80)), lamp = brush_dip(f->coat, paint_rgb(255, 236, 140));
    brush door = brush_dip(f->coat, paint_rgb(104, 70, 48));
    lamp.glow = f->coat.stage->lit_windows ? 1 : 0.5f;
    put_cone(iron, p, v3(0, 0, 0), v3(0, 0.12f, 0), 0.55f, 0.52f);
    put_cone(brush_mark(f->coat, PATTERN_HOOPS, hoop, 5), p, v3(0, 0.10f, 0), v3(0, 2.2f, 0), 0.46f, 0.28f);
    put_cone(iron, p, v3(0, 2.18f, 0), v3(0, 2.26f, 0), 0.40f, 0.42f);
    put_cone(lamp, p, v3(0, 2.24f, 0), v3(0, 2.56f, 0), 0.22f, 0.22f);
    for (int i = 0; i < 4; i++) {
        pose post = pose_turn_y(p, 0.785398163f + 1.570796327f * (float)i);
        put_limb(iron, post, v3(0, 2.25f, -0.23f), v3(0, 2.56f, -0.23f), 0.025f);
    }
    put_cone(f->coat, p, v3(0, 2.54f, 0), v3(0, 2.90f, 0), 0.34f, 0.04f);
    put_ball(iron, p, 0, 2.93f, 0, 0.06f, 0.07f, 0.06f);
    put_box(door, p, 0, 0.34f, -0.44f, 0.13f, 0.24f, 0.05f);
}
