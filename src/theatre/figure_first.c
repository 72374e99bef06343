/* figure_first.c - the eight figures of the first act. */
#include "theatre/figure.h"

static vec3 skin_paint(uint32_t variant)
{
    static const uint8_t tone[4][3] = { { 250, 208, 172 }, { 226, 172, 128 }, { 168, 112, 76 },
                                        { 255, 220, 190 } };
    const uint8_t *t = tone[(variant >> 4) & 3];
    return paint_rgb(t[0], t[1], t[2]);
}

static vec3 dark_paint(void) { return paint_rgb(48, 42, 46); }
static vec3 wood_paint(void) { return paint_rgb(146, 104, 66); }
static vec3 cream_paint(void) { return paint_rgb(250, 240, 216); }

/* A glass pane: sky by day, a lamp behind it at night. */
static brush pane(const figure *f)
{
    brush b = brush_dip(f->coat, paint_rgb(150, 196, 224));
    if (f->coat.stage->lit_windows) {
        b.paint = paint_rgb(255, 216, 120);
        b.glow = 1;
    }
    return b;
}

void figure_balloon(const figure *f)
{
    brush skin = f->coat, thread = brush_dip(f->coat, cream_paint());
    skin.gloss = 1;
    put_ball(skin, f->at, 0, 0.12f, 0, 0.47f, 0.50f, 0.47f);
    put_cone(skin, f->at, v3(0, -0.42f, 0), v3(0, -0.12f, 0), 0.05f, 0.40f);
    put_cone(skin, f->at, v3(0, -0.50f, 0), v3(0, -0.41f, 0), 0.10f, 0.03f);
    thread.casts = 0;
    vec3 from = v3(0, -0.48f, 0);
    for (int i = 1; i <= 4; i++) {   /* the string sways more towards its end */
        float sway = 0.035f * (float)i * cohl_exact_sinf((float)i * 1.7f + f->stride +
                                                          1.6f * f->coat.stage->seconds);
        vec3 to = v3(sway, -0.48f - 0.17f * (float)i, 0.02f * (float)i);
        put_limb(thread, f->at, from, to, 0.022f);
        from = to;
    }
}

void figure_ball(const figure *f)
{
    vec3 stripe = f->coat.paint.x + f->coat.paint.y + f->coat.paint.z > 2.2f
                ? paint_rgb(120, 130, 150) : cream_paint();
    brush b = brush_mark(f->coat, PATTERN_BAND, stripe, 0);
    b.gloss = 0.4f;
    pose p = pose_turn_x(pose_move(f->at, 0, 0.475f, 0), 1.1f);   /* the band leans so that any rolling shows */
    p = pose_turn_z(p, 0.5f);
    put_ball(b, p, 0, 0, 0, 0.475f, 0.475f, 0.475f);
}

/* A leg from hip to shoe; swing in radians, positive forward. The knee bends as the leg
 * comes forward. */
static void put_leg(brush cloth, brush shoe, pose p, float x, float hip, float radius, float swing,
                    float bend)
{
    float thigh = 0.5f * hip, s = cohl_exact_sinf(swing), c = cohl_exact_cosf(swing);
    float shin = swing - bend;
    vec3 knee = v3(x, hip - thigh * c, -thigh * s);
    float reach = hip - thigh - 0.06f;
    vec3 foot = v3(x, knee.y - reach * cohl_exact_cosf(shin), knee.z - reach * cohl_exact_sinf(shin));
    put_limb(cloth, p, v3(x, hip, 0), knee, radius);
    put_limb(cloth, p, knee, foot, radius * 0.92f);
    put_ball(shoe, p, foot.x, foot.y, foot.z - 0.06f, radius * 1.05f, 0.065f, radius * 1.75f);
}

static void put_legs(const figure *f, brush cloth, pose p, float hip)
{
    float s = cohl_exact_sinf(f->stride), c = cohl_exact_cosf(f->stride), a = 0.62f * f->swing;
    brush shoe = brush_dip(cloth, dark_paint());
    put_leg(cloth, shoe, p, 0.14f, hip, 0.095f, a * s, 0.9f * f->swing * maxf(c, 0));
    put_leg(cloth, shoe, p, -0.14f, hip, 0.095f, -a * s, 0.9f * f->swing * maxf(-c, 0));
}

/* Both arms; the left one also raises by `arm` and waves. */
static void put_arms(const figure *f, brush sleeve, brush hand, pose p, float shoulder)
{
    float s = cohl_exact_sinf(f->stride) * 0.6f * f->swing;
    for (int side = -1; side <= 1; side += 2) {
        float raise = side > 0 ? (float)f->state.arm : 0;
        float out = 0.22f + 2.35f * raise, forward = (side > 0 ? -s : s) * (1 - raise);
        float fore = out + raise * (0.35f + 0.8f * cohl_exact_sinf((float)f->state.wave));
        float so = cohl_exact_sinf(out), co = cohl_exact_cosf(out);
        vec3 top = v3((float)side * 0.20f, shoulder, 0);
        vec3 elbow = v3(top.x + (float)side * 0.25f * so, top.y - 0.25f * co, -0.25f * forward);
        so = cohl_exact_sinf(fore);
        co = cohl_exact_cosf(fore);
        vec3 wrist = v3(elbow.x + (float)side * 0.22f * so, elbow.y - 0.22f * co,
                        elbow.z - 0.30f * forward - 0.04f);
        put_limb(sleeve, p, top, elbow, 0.082f);
        put_limb(sleeve, p, elbow, wrist, 0.076f);
        put_ball(hand, p, wrist.x + (float)side * 0.05f * so, wrist.y - 0.05f * co, wrist.z,
                 0.075f, 0.075f, 0.075f);
    }
}

/* Top hat, wizard's cone, bowler, or hair alone. */
static void put_hat(const figure *f, pose p, float y)
{
    brush felt = brush_dip(f->coat, dark_paint()), hair = brush_dip(f->coat, paint_rgb(92, 58, 36));
    put_ball(hair, p, 0, y + 0.03f, 0.045f, 0.226f, 0.215f, 0.215f);
    switch (f->variant & 3) {
    case 0:
        break;
    case 1:
        put_cone(felt, p, v3(0, y + 0.13f, 0), v3(0, y + 0.16f, 0), 0.29f, 0.29f);
        put_cone(felt, p, v3(0, y + 0.14f, 0), v3(0, y + 0.42f, 0), 0.18f, 0.20f);
        put_cone(f->coat, p, v3(0, y + 0.16f, 0), v3(0, y + 0.22f, 0), 0.19f, 0.194f);
        break;
    case 2:
        put_cone(f->coat, p, v3(0, y + 0.11f, 0), v3(0, y + 0.14f, 0), 0.31f, 0.29f);
        put_cone(f->coat, p, v3(0, y + 0.13f, 0), v3(0.02f, y + 0.50f, 0.03f), 0.205f, 0.01f);
        break;
    default:
        put_cone(f->coat, p, v3(0, y + 0.10f, 0), v3(0, y + 0.13f, 0), 0.29f, 0.28f);
        put_ball(f->coat, p, 0, y + 0.12f, 0, 0.215f, 0.16f, 0.215f);
        break;
    }
}

static void put_face(const figure *f, pose p, float y)
{
    brush skin = brush_dip(f->coat, skin_paint(f->variant)), ink = brush_dip(f->coat, dark_paint());
    brush nose = brush_dip(f->coat, v3_mul(skin.paint, v3(0.95f, 0.68f, 0.62f)));
    put_ball(skin, p, 0, y, 0, 0.215f, 0.225f, 0.21f);
    put_ball(nose, p, 0, y - 0.03f, -0.215f, 0.045f, 0.045f, 0.045f);
    for (int side = -1; side <= 1; side += 2) {
        put_ball(ink, p, (float)side * 0.085f, y + 0.04f, -0.187f, 0.032f, 0.042f, 0.03f);
        put_ball(nose, p, (float)side * 0.125f, y - 0.06f, -0.160f, 0.04f, 0.032f, 0.03f);
    }
    for (int side = -1; side <= 1; side += 2)   /* a smile */
        put_limb(ink, p, v3(0, y - 0.128f, -0.171f), v3((float)side * 0.065f, y - 0.098f, -0.176f), 0.013f);
}

/* The hips sink a little as the legs spread. */
static pose stepping(const figure *f)
{
    float s = cohl_exact_sinf(f->stride) * f->swing;
    return pose_move(f->at, 0, -0.10f * s * s, 0);
}

static void put_coat(brush coat, pose p, float hem, float shoulder)
{
    put_cone(coat, p, v3(0, hem, 0), v3(0, shoulder, 0), 0.33f, 0.17f);
    put_ball(coat, p, 0, shoulder - 0.03f, 0, 0.245f, 0.13f, 0.18f);
}

void figure_person(const figure *f)
{
    pose p = stepping(f);
    brush trousers = brush_dip(f->coat, paint_rgb(84, 78, 92));
    brush hand = brush_dip(f->coat, skin_paint(f->variant));
    brush button = brush_dip(f->coat, f->coat.paint.y > 0.5f ? dark_paint() : cream_paint());
    put_legs(f, trousers, p, 0.58f);
    put_coat(f->coat, p, 0.44f, 1.16f);
    put_arms(f, f->coat, hand, p, 1.13f);
    for (int i = 0; i < 3; i++) {
        float y = 0.66f + 0.17f * (float)i;
        put_ball(button, p, 0, y, -0.33f + (y - 0.44f) * 0.222f, 0.034f, 0.034f, 0.025f);
    }
    put_face(f, p, 1.42f);
    put_hat(f, p, 1.42f);
}

void figure_balloon_head(const figure *f)
{
    pose p = stepping(f);
    brush suit = brush_dip(f->coat, paint_rgb(118, 116, 128));
    brush trousers = brush_dip(f->coat, paint_rgb(92, 90, 102));
    brush shirt = brush_dip(f->coat, paint_rgb(238, 236, 230)), head = f->coat;
    brush hand = brush_dip(f->coat, skin_paint(f->variant));
    head.gloss = 1;
    put_legs(f, trousers, p, 0.58f);
    put_coat(suit, p, 0.44f, 1.16f);
    put_arms(f, suit, hand, p, 1.13f);
    put_ball(shirt, p, 0, 1.02f, -0.13f, 0.09f, 0.15f, 0.09f);
    put_limb(f->coat, p, v3(0, 1.09f, -0.205f), v3(0, 0.94f, -0.235f), 0.026f);
    put_cone(head, p, v3(0, 1.19f, 0), v3(0, 1.27f, 0), 0.085f, 0.035f);   /* knot, for a collar */
    put_cone(head, p, v3(0, 1.25f, 0), v3(0, 1.47f, 0), 0.04f, 0.30f);
    put_ball(head, p, 0, 1.63f, 0, 0.36f, 0.375f, 0.36f);
}

void figure_house(const figure *f)
{
    pose p = f->at;
    brush wall = f->coat, roof = brush_dip(f->coat, paint_rgb(112, 78, 70));
    brush trim = brush_dip(f->coat, cream_paint()), glass = pane(f);
    brush door = brush_dip(f->coat, paint_rgb(104, 70, 48)), brass = brush_dip(f->coat, paint_rgb(240, 200, 90));
    if (f->coat.paint.y > 0.75f) trim.paint = paint_rgb(150, 150, 160);
    put_box(wall, p, 0, 0.68f, 0, 0.90f, 0.68f, 0.70f);
    pose gable = pose_move(p, 0, 1.36f, 0);
    put(wall, SHAPE_ROOF, pose_scale(gable, 0.90f, 0.74f, 0.70f), 0);
    for (int side = -1; side <= 1; side += 2) {   /* two slabs of roof */
        pose slab = pose_turn_z(pose_move(p, (float)side * 0.52f, 1.745f, 0), (float)side * -0.688f);
        put_box(roof, slab, 0, 0, 0, 0.67f, 0.055f, 0.80f);
    }
    put_box(brush_dip(f->coat, paint_rgb(150, 92, 76)), p, 0.48f, 1.98f, 0.25f, 0.12f, 0.27f, 0.12f);
    put_box(trim, p, 0, 0.45f, -0.70f, 0.26f, 0.46f, 0.02f);
    put_box(door, p, 0, 0.42f, -0.72f, 0.20f, 0.42f, 0.03f);
    put_ball(brass, p, 0.13f, 0.42f, -0.77f, 0.035f, 0.035f, 0.035f);
    for (int side = -1; side <= 1; side += 2) {
        put_box(trim, p, (float)side * 0.57f, 0.80f, -0.70f, 0.22f, 0.26f, 0.02f);
        put_box(glass, p, (float)side * 0.57f, 0.80f, -0.72f, 0.165f, 0.205f, 0.02f);
        put_box(trim, p, (float)side * 0.90f, 0.80f, 0, 0.02f, 0.26f, 0.24f);
        put_box(glass, p, (float)side * 0.92f, 0.80f, 0, 0.02f, 0.205f, 0.185f);
        put_box(trim, p, (float)side * 0.42f, 0.80f, 0.70f, 0.22f, 0.26f, 0.02f);
        put_box(glass, p, (float)side * 0.42f, 0.80f, 0.72f, 0.165f, 0.205f, 0.02f);
    }
    put_ball(trim, p, 0, 1.62f, -0.69f, 0.19f, 0.19f, 0.03f);
    put_ball(glass, p, 0, 1.62f, -0.71f, 0.14f, 0.14f, 0.03f);
}

void figure_tree(const figure *f)
{
    static const float leaf[6][4] = {   /* x y z radius */
        { 0, 1.62f, 0, 0.62f }, { -0.42f, 1.36f, 0.06f, 0.42f }, { 0.42f, 1.38f, -0.05f, 0.42f },
        { 0.05f, 1.34f, -0.38f, 0.42f }, { -0.03f, 1.36f, 0.38f, 0.42f }, { 0.08f, 2.06f, 0.02f, 0.44f },
    };
    brush bark = brush_dip(f->coat, f->coat.paint.x < 0.05f ? wood_paint() : paint_rgb(110, 76, 52));
    put_cone(bark, f->at, v3(0, 0, 0), v3(0, 1.3f, 0), 0.19f, 0.11f);
    put_limb(bark, f->at, v3(0, 0.75f, 0), v3(0.34f, 1.2f, -0.04f), 0.055f);
    float sway = 0.02f * cohl_exact_sinf(f->coat.stage->seconds * 1.1f);
    for (int i = 0; i < 6; i++)
        put_ball(f->coat, f->at, leaf[i][0] + sway * leaf[i][1], leaf[i][1], leaf[i][2],
                 leaf[i][3], leaf[i][3], leaf[i][3]);
}

void figure_boat(const figure *f)
{
    pose p = f->at;
    brush trim = brush_dip(f->coat, cream_paint()), wood = brush_dip(f->coat, wood_paint());
    if (f->coat.paint.y > 0.75f) trim.paint = paint_rgb(150, 150, 160);
    put(f->coat, SHAPE_HULL, pose_scale(p, 0.44f, 0.50f, 1.0f), 0);
    put(trim, SHAPE_HULL, pose_scale(pose_move(p, 0, 0.46f, 0), 0.46f, 0.07f, 1.0f), 0);
    put_limb(wood, p, v3(0, 0.4f, -0.08f), v3(0, 1.76f, -0.08f), 0.038f);
    pose sail = pose_move(p, 0, 0.68f, -0.02f);
    put(brush_dip(trim, cream_paint()), SHAPE_SAIL, pose_scale(sail, 0.025f, 1.02f, 0.88f), 0);
    sail = pose_move(p, 0, 0.68f, -0.14f);
    put(f->coat, SHAPE_SAIL, pose_scale(sail, 0.025f, 0.86f, -0.66f), 0);
    put(f->coat, SHAPE_SAIL, pose_scale(pose_move(p, 0, 1.62f, -0.08f), 0.03f, 0.16f, 0.30f), 0);
}

void figure_dog(const figure *f)
{
    pose p = f->at;
    brush coat = f->coat, ink = brush_dip(f->coat, dark_paint());
    brush pale = brush_dip(f->coat, v3_mix(coat.paint, paint_rgb(255, 246, 230), 0.45f));
    brush ear = brush_dip(f->coat, v3_scale(coat.paint, 0.55f));
    if (coat.paint.x < 0.05f) ear.paint = paint_rgb(60, 58, 62), ink.paint = paint_rgb(8, 8, 10);
    put_limb(coat, p, v3(0, 0.55f, -0.24f), v3(0, 0.53f, 0.32f), 0.20f);
    put_limb(coat, p, v3(0, 0.60f, -0.30f), v3(0, 0.80f, -0.42f), 0.125f);
    put_ball(coat, p, 0, 0.82f, -0.45f, 0.20f, 0.20f, 0.21f);
    put_ball(pale, p, 0, 0.76f, -0.63f, 0.105f, 0.09f, 0.14f);
    put_ball(ink, p, 0, 0.80f, -0.765f, 0.045f, 0.04f, 0.035f);
    for (int side = -1; side <= 1; side += 2) {
        put_ball(ink, p, (float)side * 0.085f, 0.89f, -0.62f, 0.034f, 0.04f, 0.034f);
        pose at = pose_turn_z(pose_move(p, (float)side * 0.18f, 0.80f, -0.41f), (float)side * 0.25f);
        put_ball(ear, at, 0, 0, 0, 0.055f, 0.19f, 0.10f);
        for (int end = -1; end <= 1; end += 2) {   /* diagonal legs move together */
            float a = 0.6f * f->swing * cohl_exact_sinf(f->stride) * (float)(side * end);
            float hip = 0.50f, z = end < 0 ? -0.26f : 0.34f;
            vec3 foot = v3((float)side * 0.125f, hip - 0.43f * cohl_exact_cosf(a), z - 0.43f * cohl_exact_sinf(a));
            put_limb(coat, p, v3((float)side * 0.115f, hip, z), foot, 0.075f);
            put_ball(pale, p, foot.x, foot.y - 0.01f, foot.z - 0.03f, 0.075f, 0.062f, 0.095f);
        }
    }
    float wag = 0.5f * cohl_exact_sinf(f->coat.stage->seconds * 7);
    put_limb(coat, p, v3(0, 0.62f, 0.46f), v3(0.16f * wag, 0.92f, 0.62f), 0.055f);
}
