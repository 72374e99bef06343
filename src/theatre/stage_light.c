/* stage_light.c - lamps and painted sky of the four times of day.
 *
 * A time is told three times over: by the sky, by the colour and side of the key
 * lamp, and by the length of shadows. Actors have their own lamps, half-way to
 * neutral and never dim: at night a red coat must still be red. */
#include "theatre/stage.h"

typedef struct daytime_row {
    uint8_t zenith[3], horizon[3], glow[3], disc[3];   /* display-encoded */
    float   halo, disc_size, azimuth, elevation;       /* radians; 0 is behind the stage */
    vec3    to_key;
    lamps   world, actor;
    float   shadow;
    int     stars;
} daytime_row;

static const daytime_row row_of[COHL_DAYTIME_COUNT] = {
    [COHL_DAYTIME_MORNING] = {
        { 126, 164, 222 }, { 255, 206, 206 }, { 255, 196, 170 }, { 255, 246, 224 },
        0.5f, 0.055f, -0.42f, 0.13f, { -0.80f, 0.52f, -0.12f },
        { { 0.42f, 0.46f, 0.62f }, { 0.26f, 0.22f, 0.26f }, { 0.50f, 0.36f, 0.34f },
          { 0.12f, 0.11f, 0.13f } },
        { { 0.42f, 0.42f, 0.48f }, { 0.24f, 0.22f, 0.24f }, { 0.52f, 0.44f, 0.42f },
          { 0.16f, 0.15f, 0.15f } },
        0.75f, 0 },
    [COHL_DAYTIME_NOON] = {
        { 58, 144, 236 }, { 196, 232, 250 }, { 255, 255, 240 }, { 255, 250, 214 },
        0.2f, 0.05f, 0.30f, 0.62f, { 0.30f, 0.90f, -0.28f },
        { { 0.46f, 0.48f, 0.52f }, { 0.28f, 0.27f, 0.24f }, { 0.62f, 0.60f, 0.54f },
          { 0.14f, 0.14f, 0.13f } },
        { { 0.42f, 0.43f, 0.45f }, { 0.28f, 0.27f, 0.26f }, { 0.60f, 0.59f, 0.55f },
          { 0.20f, 0.20f, 0.19f } },
        0.85f, 0 },
    [COHL_DAYTIME_SUNSET] = {
        { 112, 84, 150 }, { 255, 148, 62 }, { 255, 120, 30 }, { 255, 232, 120 },
        0.6f, 0.075f, 0.34f, 0.10f, { 0.84f, 0.46f, 0.06f },
        { { 0.36f, 0.25f, 0.29f }, { 0.20f, 0.13f, 0.14f }, { 0.76f, 0.43f, 0.20f },
          { 0.12f, 0.08f, 0.07f } },
        { { 0.38f, 0.32f, 0.33f }, { 0.22f, 0.18f, 0.18f }, { 0.62f, 0.47f, 0.34f },
          { 0.20f, 0.16f, 0.14f } },
        0.85f, 0 },
    [COHL_DAYTIME_NIGHT] = {
        { 8, 12, 46 }, { 34, 54, 118 }, { 90, 110, 190 }, { 255, 246, 206 },
        0.35f, 0.07f, -0.30f, 0.27f, { -0.55f, 0.72f, -0.10f },
        { { 0.060f, 0.110f, 0.330f }, { 0.03f, 0.055f, 0.15f }, { 0.075f, 0.130f, 0.340f },
          { 0.03f, 0.045f, 0.10f } },
        { { 0.31f, 0.32f, 0.40f }, { 0.17f, 0.17f, 0.22f }, { 0.42f, 0.41f, 0.43f },
          { 0.24f, 0.23f, 0.22f } },
        0.7f, 1 },
};

static vec3 rgb3(const uint8_t c[3]) { return paint_rgb(c[0], c[1], c[2]); }

void stage_light(stage *st)
{
    const daytime_row *row = &row_of[st->scene->daytime];
    float flat = cohl_exact_cosf(row->elevation);
    st->to_key = v3_unit(row->to_key);
    st->world = row->world;
    st->actor = row->actor;
    st->shadow = row->shadow;
    st->haze = rgb3(row->horizon);
    st->haze_far = row->stars ? 34 : 70;   /* night is blue from near on */
    st->lit_windows = row->stars;
    st->sky = (sky){
        .zenith = rgb3(row->zenith), .horizon = rgb3(row->horizon), .glow = rgb3(row->glow),
        .disc_at = { cohl_exact_sinf(row->azimuth) * flat, cohl_exact_sinf(row->elevation),
                     cohl_exact_cosf(row->azimuth) * flat },
        .disc = rgb3(row->disc), .disc_size = row->disc_size, .halo = row->halo,
        .stars = row->stars, .crescent = row->stars,
    };
}
