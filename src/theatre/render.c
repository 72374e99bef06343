/* render.c - from a moment of the stage to pixels.
 *
 * One ray a pixel finds what stands there (that is the mask and the depth); pixels whose
 * neighbours show another part are then looked at again with four rays on a rotated
 * grid, so edges are smooth where there are edges and the rest costs one ray. Shapes
 * are sorted by depth and dealt to tiles of the picture, so a ray meets few of
 * them. A ray is forward + sx * right + sy * up: its parameter is the depth itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "theatre/stage.h"

enum { TILE = 8, STARS = 260 };

#define DEPTH_NEAR 0.05f
#define DEPTH_SKY  1e9f

enum { PART_GROUND = 1, PART_RING = 8, PART_SKY = 16, PART_SHAPE = 32, PARTS_OF_SHAPE = 32 };

typedef struct view {
    int   width, height;
    float scale;                     /* picture coordinate of one pixel */
    vec3  eye, right, up, forward;
    int   tiles_x, tiles_y;
    const shape *order[STAGE_SHAPES];/* by depth, nearest first         */
    int   order_count;
    int  *first;                     /* [tiles + 1] into deal           */
    uint16_t *deal;                  /* indices into order              */
} view;

typedef struct sight {
    vec3  colour;
    float depth;
    int   part, owner;               /* what was hit: equal parts need no smoothing */
} sight;

static vec3 from_double(const double v[3]) { return v3((float)v[0], (float)v[1], (float)v[2]); }

static void view_aim(view *v, const cohl_scene *scene, const cohl_camera *camera)
{
    v->width = scene->width;
    v->height = scene->height;
    v->scale = 24.0f / ((float)camera->focal_mm * (float)scene->height);
    v->eye = from_double(camera->position);
    v->right = from_double(camera->right);
    v->up = from_double(camera->up);
    v->forward = from_double(camera->forward);
    v->tiles_x = (v->width + TILE - 1) / TILE;
    v->tiles_y = (v->height + TILE - 1) / TILE;
}

static vec3 into(const shape *s, vec3 v)
{
    return v3(v3_dot(s->row[0], v), v3_dot(s->row[1], v), v3_dot(s->row[2], v));
}

/* Which pixels a shape may cover; false if none. */
static int shape_frame(const view *v, shape *s)
{
    vec3 lo, hi;
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f, near = 1e9f, far = -1e9f;
    shape_bounds(s, &lo, &hi);
    for (int i = 0; i < 8; i++) {
        vec3 p = pose_point(&s->at, v3(i & 1 ? hi.x : lo.x, i & 2 ? hi.y : lo.y, i & 4 ? hi.z : lo.z));
        p = v3_sub(p, v->eye);
        float z = v3_dot(p, v->forward), w = 1 / (maxf(z, DEPTH_NEAR) * v->scale);
        near = minf(near, z);
        far = maxf(far, z);
        float x = v3_dot(p, v->right) * w, y = -v3_dot(p, v->up) * w;
        x0 = minf(x0, x), x1 = maxf(x1, x), y0 = minf(y0, y), y1 = maxf(y1, y);
    }
    if (far < DEPTH_NEAR) return 0;
    int around = near < DEPTH_NEAR;   /* reaches behind the eye: anywhere in the picture */
    float half_x = 0.5f * (float)v->width, half_y = 0.5f * (float)v->height;
    s->near = maxf(near, DEPTH_NEAR);
    s->x0 = around ? 0 : floor_int(clampf(x0 + half_x - 1, 0, (float)v->width));
    s->y0 = around ? 0 : floor_int(clampf(y0 + half_y - 1, 0, (float)v->height));
    s->x1 = around ? v->width : floor_int(clampf(x1 + half_x + 2, 0, (float)v->width));
    s->y1 = around ? v->height : floor_int(clampf(y1 + half_y + 2, 0, (float)v->height));
    return s->x0 < s->x1 && s->y0 < s->y1;
}

static int nearer(const void *a, const void *b)
{
    const shape *p = *(const shape *const *)a, *q = *(const shape *const *)b;
    if (p->near != q->near) return p->near < q->near ? -1 : 1;
    return p < q ? -1 : 1;
}

static void view_prepare(view *v, stage *st)
{
    v->order_count = 0;
    for (int i = 0; i < st->shape_count; i++) {
        shape *s = &st->shape[i];
        if (!shape_frame(v, s)) continue;
        s->from = into(s, v3_sub(v->eye, s->at.at));
        s->ahead = into(s, v->forward);
        s->aside = into(s, v->right);
        s->above = into(s, v->up);
        v->order[v->order_count++] = s;
    }
    qsort(v->order, (size_t)v->order_count, sizeof v->order[0], nearer);
}

/* Deal shapes to tiles: count, sum, place. */
static int view_deal(view *v)
{
    int tiles = v->tiles_x * v->tiles_y;
    v->first = calloc((size_t)tiles + 2, sizeof *v->first);
    if (!v->first) return 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < v->order_count; i++) {
            const shape *s = v->order[i];
            for (int y = s->y0 / TILE; y <= (s->y1 - 1) / TILE; y++)
                for (int x = s->x0 / TILE; x <= (s->x1 - 1) / TILE; x++) {
                    int *slot = &v->first[y * v->tiles_x + x + (pass ? 1 : 2)];
                    if (pass) v->deal[*slot] = (uint16_t)i;
                    ++*slot;
                }
        }
        if (pass) break;
        for (int i = 2; i < tiles + 2; i++) v->first[i] += v->first[i - 1];
        v->deal = malloc(sizeof *v->deal * (size_t)(v->first[tiles + 1] + 1));
        if (!v->deal) return 0;
    }
    return 1;
}

static vec3 shape_colour(const stage *st, const shape *s, vec3 p, int face, vec3 d, float depth,
                         int *part)
{
    const lamps *lamp = s->owner ? &st->actor : &st->world;
    vec3 n = shape_normal(s, p, face), paint = shape_paint(s, p, face, part);
    float glow = s->glow;
    if (s->pattern == PATTERN_WINDOWS) glow = *part && st->lit_windows ? 1 : 0;
    if (glow >= 1) return paint;
    float facing = v3_dot(n, d) / v3_length(d);
    if (s->kind == SHAPE_CARD && facing > 0) n = v3_scale(n, -1), facing = -facing;
    float wrap = clampf((v3_dot(n, st->to_key) + 0.35f) * (1 / 1.35f), 0, 1);
    vec3 light = v3_mix(lamp->below, lamp->above, 0.5f + 0.5f * n.y);
    light = v3_along(light, wrap * (0.4f + 0.6f * wrap), lamp->key);
    light = v3_along(light, clampf(0.2f * n.y - 0.95f * n.z, 0, 1), lamp->fill);
    vec3 c = v3_mix(v3_mul(paint, light), paint, glow);
    float edge = 1 + facing;
    if (s->owner) c = v3_along(c, 0.10f * edge * edge * edge, lamp->above);
    if (s->gloss > 0) {   /* a soft window of light where the lamp mirrors */
        vec3 half = v3_sub(st->to_key, v3_scale(d, 1 / v3_length(d)));
        float shine = v3_dot(n, half) / v3_length(half);
        shine = stepf(0.93f, 0.99f, shine);
        c = v3_along(c, s->gloss * shine * 0.6f, lamp->key);
    }
    if (s->owner) return c;
    float far = depth * depth;
    return v3_mix(c, st->haze, far / (far + st->haze_far * st->haze_far));
}

static void look(const view *v, const stage *st, int tile, float px, float py, sight *out)
{
    float sx = (px - 0.5f * (float)v->width) * v->scale;
    float sy = (0.5f * (float)v->height - py) * v->scale;
    vec3 d = v3_along(v3_along(v->forward, sx, v->right), sy, v->up);
    const shape *hit = NULL;
    int face = 0, hit_face = 0, hit_index = 0, part;
    float best = d.y < -1e-6f ? v->eye.y / -d.y : DEPTH_SKY, ground = best;
    for (int i = v->first[tile]; i < v->first[tile + 1]; i++) {
        const shape *s = v->order[v->deal[i]];
        if (s->near >= best) break;
        if (px < (float)s->x0 || px > (float)s->x1 || py < (float)s->y0 || py > (float)s->y1) continue;
        vec3 ray = v3_along(v3_along(s->ahead, sx, s->aside), sy, s->above);
        float t = shape_hit(s, s->from, ray, &face);
        if (t < best && t > DEPTH_NEAR) best = t, hit = s, hit_face = face, hit_index = (int)(s - st->shape);
    }
    if (st->ring_count && best > st->ring[0].radius - 12) {
        float depth;
        vec3 c = stage_ring_colour(st, v->eye, d, &depth, &part);
        if (depth < best) {
            *out = (sight){ c, depth, PART_RING + part, 0 };
            return;
        }
    }
    if (hit) {
        vec3 ray = v3_along(v3_along(hit->ahead, sx, hit->aside), sy, hit->above);
        vec3 p = v3_along(hit->from, best, ray);
        vec3 c = shape_colour(st, hit, p, hit_face, d, best, &part);
        int number = PART_SHAPE + hit_index * PARTS_OF_SHAPE + hit_face * 2 + part;
        *out = (sight){ c, best, number, hit->owner };
    } else if (ground < 4000) {
        vec3 c = stage_ground_colour(st, v->eye.x + ground * d.x, v->eye.z + ground * d.z, ground, &part);
        *out = (sight){ c, ground, PART_GROUND + part, 0 };
    } else {
        vec3 c = stage_sky_colour(st, d, &part);
        *out = (sight){ c, DEPTH_SKY, PART_SKY + part, 0 };
    }
}

static int tile_of(const view *v, int x, int y) { return y / TILE * v->tiles_x + x / TILE; }

/* Is another part next to this pixel? */
static int on_edge(const view *v, const sight *s, int x, int y)
{
    return (x > 0 && s[-1].part != s->part) || (x + 1 < v->width && s[1].part != s->part) ||
           (y > 0 && s[-v->width].part != s->part) ||
           (y + 1 < v->height && s[v->width].part != s->part);
}

static vec3 look_closely(const view *v, const stage *st, int x, int y)
{
    static const float at[4][2] = {
        { 0.375f, 0.125f }, { 0.875f, 0.375f }, { 0.125f, 0.625f }, { 0.625f, 0.875f },
    };
    vec3 sum = { 0, 0, 0 };
    sight s;
    for (int i = 0; i < 4; i++) {
        look(v, st, tile_of(v, x, y), (float)x + at[i][0], (float)y + at[i][1], &s);
        sum = v3_add(sum, s.colour);
    }
    return v3_scale(sum, 0.25f);
}

/* Stars are round points of fixed places on the dome, laid over what is sky. */
static void sow_stars(const view *v, const sight *sights, vec3 *colour, float strength)
{
    cohl_rng rng = cohl_rng_make(1908, 5);
    for (int i = 0; i < STARS; i++) {
        float x = (float)cohl_rng_between(&rng, -1, 1), z = (float)cohl_rng_between(&rng, -1, 1);
        float y = (float)cohl_rng_between(&rng, 0.03, 0.9);
        float bright = strength * (float)cohl_rng_between(&rng, 0.25, 1);
        vec3 d = v3(x, y, z);
        float depth = v3_dot(d, v->forward);
        if (depth < 0.1f) continue;
        float px = v3_dot(d, v->right) / (depth * v->scale) + 0.5f * (float)v->width;
        float py = 0.5f * (float)v->height - v3_dot(d, v->up) / (depth * v->scale);
        if (!(px > -2 && py > -2 && px < (float)v->width + 2 && py < (float)v->height + 2)) continue;
        float radius = 0.7f + 0.0034f * (float)v->height;
        int reach = 1 + (int)radius;
        for (int k = floor_int(py) - reach; k <= floor_int(py) + reach; k++)
            for (int j = floor_int(px) - reach; j <= floor_int(px) + reach; j++) {
                if (j < 0 || k < 0 || j >= v->width || k >= v->height) continue;
                if (sights[k * v->width + j].part != PART_SKY) continue;
                float dx = (float)j + 0.5f - px, dy = (float)k + 0.5f - py;
                float r = 1 - (dx * dx + dy * dy) / (radius * radius);
                if (r > 0) colour[k * v->width + j] = v3_along(colour[k * v->width + j],
                                                               bright * r * r, v3(0.9f, 0.9f, 0.8f));
            }
    }
}

static uint8_t encode(float linear) { return (uint8_t)(sqrtf(clampf(linear, 0, 1)) * 255 + 0.5f); }

static void expose(const view *v, const stage *st, sight *sights, vec3 *colour, const cohl_picture *to)
{
    for (int y = 0; y < v->height; y++)
        for (int x = 0; x < v->width; x++)
            look(v, st, tile_of(v, x, y), (float)x + 0.5f, (float)y + 0.5f, &sights[y * v->width + x]);
    for (int i = 0; i < v->width * v->height; i++) {
        if (to->mask) to->mask[i] = (uint8_t)sights[i].owner;
        if (to->depth) to->depth[i] = sights[i].depth;
        colour[i] = sights[i].colour;
    }
    if (!to->rgb) return;
    for (int y = 0; y < v->height; y++)
        for (int x = 0; x < v->width; x++)
            if (on_edge(v, &sights[y * v->width + x], x, y))
                colour[y * v->width + x] = look_closely(v, st, x, y);
    if (st->sky.stars) sow_stars(v, sights, colour, (float)st->sky.stars);
    for (int i = 0; i < v->width * v->height; i++) {
        to->rgb[3 * i] = encode(colour[i].x);
        to->rgb[3 * i + 1] = encode(colour[i].y);
        to->rgb[3 * i + 2] = encode(colour[i].z);
    }
}

/* An empty picture, when there is no memory for a full one. */
static void leave_dark(const cohl_scene *scene, const cohl_picture *to)
{
    size_t pixels = (size_t)scene->width * (size_t)scene->height;
    if (to->rgb) memset(to->rgb, 0, 3 * pixels);
    if (to->mask) memset(to->mask, 0, pixels);
    for (size_t i = 0; to->depth && i < pixels; i++) to->depth[i] = DEPTH_SKY;
}

void cohl_scene_render(const cohl_scene *scene, int frame, const cohl_picture *picture)
{
    assert(scene->width > 0 && scene->height > 0 && scene->fps > 0);
    size_t pixels = (size_t)scene->width * (size_t)scene->height;
    double seconds = (double)frame / scene->fps;
    stage *st = malloc(sizeof *st);
    view *v = calloc(1, sizeof *v);
    sight *sights = malloc(pixels * sizeof *sights);
    vec3 *colour = malloc(pixels * sizeof *colour);
    if (st && v && sights && colour) {
        cohl_camera camera = cohl_scene_camera(scene, seconds);
        stage_open(st, scene, seconds);
        view_aim(v, scene, &camera);
        view_prepare(v, st);
    }
    if (st && v && sights && colour && view_deal(v)) expose(v, st, sights, colour, picture);
    else leave_dark(scene, picture);
    if (v) {
        free(v->first);
        free(v->deal);
    }
    free(colour);
    free(sights);
    free(v);
    free(st);
}
