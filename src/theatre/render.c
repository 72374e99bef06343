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

enum { PART_GROUND = 1, PART_RING = 8, PART_SKY = 16, PART_SHAPE = 32, PARTS_OF_SHAPE = 64 };

typedef struct view {
    int   width, height;
    float scale;                     /* picture coordinate of one pixel */
    vec3  eye, right, up, forward;
    int   tiles_x, tiles_y;
    float ring_near;                 /* nothing nearer than this is behind a ring */
    const shape *order[STAGE_SHAPES];/* by depth, nearest first         */
    ray_plan rays;                   /* in the world                    */
    ray_plan plan[STAGE_SHAPES];     /* for order[i]                    */
    int   order_count;
    int  *first;                     /* [tiles + 1] into deal           */
    uint16_t *deal;                  /* indices into order              */
} view;

typedef struct sight {
    vec3 colour;
    int  part;                       /* what was hit: equal parts need no smoothing */
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
        v->order[v->order_count++] = s;
    }
    float off = v3_length(v3_sub(v->eye, v3(0, v->eye.y, STAGE_MIDDLE_Z)));
    v->ring_near = 0.85f * (st->ring[0].radius - off);
    qsort(v->order, (size_t)v->order_count, sizeof v->order[0], nearer);
    v->rays = (ray_plan){ .from = v->eye, .ahead = v->forward, .aside = v->right, .above = v->up };
    for (int i = 0; i < v->order_count; i++) v->plan[i] = shape_plan(v->order[i], &v->rays);
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

/* What an actor's surface throws back: a pale edge, which tells black from darkness, and
 * on a balloon a soft window of light where the lamp mirrors. */
static vec3 sheen(const stage *st, const shape *s, vec3 n, vec3 d)
{
    float inverse = 1 / v3_length(d), edge = 1 + v3_dot(n, d) * inverse;
    vec3 c = v3_scale(st->actor.above, 0.10f * edge * edge * edge);
    if (s->gloss <= 0) return c;
    vec3 half = v3_sub(st->to_key, v3_scale(d, inverse));
    float shine = stepf(0.93f, 0.99f, v3_dot(n, half) / v3_length(half));
    return v3_along(c, s->gloss * shine * 0.6f, st->actor.key);
}

static vec3 shape_colour(const stage *st, const shape *s, vec3 p, int face, vec3 d, float depth,
                         int *part)
{
    const lamps *lamp = s->owner ? &st->actor : &st->world;
    vec3 n = shape_normal(s, p, face), paint = shape_paint(s, p, face, part);
    float glow = s->glow;
    if (s->pattern == PATTERN_WINDOWS) glow = *part == 2 && st->lit_windows ? 1 : 0;
    if (glow >= 1) return paint;
    float facing = v3_dot(n, d);
    if (s->kind == SHAPE_CARD && facing > 0) n = v3_scale(n, -1);
    float wrap = clampf((v3_dot(n, st->to_key) + 0.35f) * (1 / 1.35f), 0, 1);
    vec3 light = v3_mix(lamp->below, lamp->above, 0.5f + 0.5f * n.y);
    light = v3_along(light, wrap * (0.4f + 0.6f * wrap), lamp->key);
    light = v3_along(light, clampf(0.2f * n.y - 0.95f * n.z, 0, 1), lamp->fill);
    vec3 c = v3_mix(v3_mul(paint, light), paint, glow);
    if (s->owner) c = v3_add(c, sheen(st, s, n, d));
    if (s->owner) return c;
    float far = depth * depth;
    return v3_mix(c, st->haze, far / (far + st->haze_far * st->haze_far));
}

static vec3 way_of(const view *v, float sx, float sy)
{
    return v3_along(v3_along(v->forward, sx, v->right), sy, v->up);
}

static float farthest(const sheaf *rays, int count)
{
    float far = 0;
    for (int i = 0; i < count; i++) far = maxf(far, rays->depth[i]);
    return far;
}

/* Let `count` rays of one tile meet the ground, the tile's shapes and the rings. */
static void cast(const view *v, const stage *st, int tile, sheaf *rays, int count)
{
    for (int i = 0; i < count; i++) {
        float fall = way_of(v, rays->u[i], rays->v[i]).y;
        float depth = v->eye.y / (fall < -1e-6f ? -fall : 1e-6f);
        rays->depth[i] = fall < -1e-6f && depth > 0 && depth < 4000 ? depth : DEPTH_SKY;
        rays->number[i] = NUMBER_GROUND;
        rays->face[i] = 0;
    }
    float far = farthest(rays, count);
    for (int i = v->first[tile]; i < v->first[tile + 1]; i++) {
        int number = v->deal[i];
        if (v->order[number]->near >= far) break;
        shape_meet(v->order[number], &v->plan[number], rays, 0, count, number);
        if ((i & 3) == 3) far = farthest(rays, count);
    }
    if (farthest(rays, count) > v->ring_near) stage_meet_rings(st, &v->rays, rays, count);
}

/* What ray i met as a part, if that is known without looking closer; else -1. */
static int part_at_once(const view *v, const stage *st, const sheaf *rays, int i)
{
    int number = rays->number[i];
    if (number >= NUMBER_RING) return PART_RING + number - NUMBER_RING;
    if (number < 0) return st->ground.shore < 1e8f || rays->depth[i] == DEPTH_SKY ? -1 : PART_GROUND;
    if (v->order[number]->pattern != PATTERN_PLAIN) return -1;
    return PART_SHAPE + number * PARTS_OF_SHAPE + rays->face[i] * 4;
}

/* The colour of what ray i met. */
static sight see(const view *v, const stage *st, const sheaf *rays, int i)
{
    float sx = rays->u[i], sy = rays->v[i], depth = rays->depth[i];
    int part, number = rays->number[i];
    vec3 d = way_of(v, sx, sy), c;
    if (number >= NUMBER_RING) {
        c = stage_ring_colour(st, number, v->eye.y + depth * d.y);
        return (sight){ c, PART_RING + number - NUMBER_RING };
    }
    if (number >= 0) {
        const ray_plan *plan = &v->plan[number];
        vec3 ray = v3_along(v3_along(plan->ahead, sx, plan->aside), sy, plan->above);
        vec3 at = v3_along(plan->from, depth, ray);
        c = shape_colour(st, v->order[number], at, rays->face[i], d, depth, &part);
        return (sight){ c, PART_SHAPE + number * PARTS_OF_SHAPE + rays->face[i] * 4 + part };
    }
    if (depth < DEPTH_SKY) {
        c = stage_ground_colour(st, v->eye.x + depth * d.x, v->eye.z + depth * d.z, depth, &part);
        return (sight){ c, PART_GROUND + part };
    }
    c = stage_sky_colour(st, d, &part);
    return (sight){ c, PART_SKY + part };
}

/* Aim ray i at a point of the picture, in pixels. */
static void aim(const view *v, sheaf *rays, int i, float x, float y)
{
    rays->u[i] = (x - 0.5f * (float)v->width) * v->scale;
    rays->v[i] = (0.5f * (float)v->height - y) * v->scale;
}

/* The pixels of a tile. */
typedef struct tile_box { int x0, y0, x1, y1; } tile_box;

static tile_box box_of(const view *v, int tile)
{
    tile_box b = { tile % v->tiles_x * TILE, tile / v->tiles_x * TILE, 0, 0 };
    b.x1 = b.x0 + TILE < v->width ? b.x0 + TILE : v->width;
    b.y1 = b.y0 + TILE < v->height ? b.y0 + TILE : v->height;
    return b;
}

/* Colours on their way to bytes, eight bits of a square root each. */
typedef struct exposure { float red[SHEAF], green[SHEAF], blue[SHEAF]; } exposure;

static void develop(exposure *film, int count)
{
    float *c = film->red;
    for (int k = 0; k < 3; k++, c += SHEAF)
        for (int i = 0; i < count; i++) c[i] = sqrtf(clampf(c[i], 0, 1)) * 255 + 0.5f;
}

static void print(const exposure *film, int i, uint8_t *rgb)
{
    rgb[0] = (uint8_t)film->red[i];
    rgb[1] = (uint8_t)film->green[i];
    rgb[2] = (uint8_t)film->blue[i];
}

static void expose(exposure *film, int i, vec3 colour)
{
    film->red[i] = colour.x;
    film->green[i] = colour.y;
    film->blue[i] = colour.z;
}

static int owner_of(const view *v, int number)
{
    return number < 0 || number >= NUMBER_RING ? 0 : v->order[number]->owner;
}

/* One ray through the middle of every pixel of a tile. */
static void look(const view *v, const stage *st, int tile, sheaf *rays, sight *sights,
                 const cohl_picture *to)
{
    tile_box b = box_of(v, tile);
    exposure film;
    int count = 0, pixel[SHEAF];
    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            pixel[count] = y * v->width + x;
            aim(v, rays, count++, (float)x + 0.5f, (float)y + 0.5f);
        }
    cast(v, st, tile, rays, count);
    for (int i = 0; i < count; i++) {
        sights[pixel[i]] = see(v, st, rays, i);
        expose(&film, i, sights[pixel[i]].colour);
        if (to->mask) to->mask[pixel[i]] = (uint8_t)owner_of(v, rays->number[i]);
        if (to->depth) to->depth[pixel[i]] = rays->depth[i];
    }
    if (!to->rgb) return;
    develop(&film, count);
    for (int i = 0; i < count; i++) print(&film, i, to->rgb + 3 * pixel[i]);
}

/* Another part, and to the eye too: parts of one paint may join unseen. */
static int differs(const sight *a, const sight *b)
{
    if (a->part == b->part) return 0;
    vec3 d = v3_sub(a->colour, b->colour), s = v3_add(a->colour, b->colour);
    return v3_dot(d, d) > 0.0008f * v3_dot(s, s);
}

/* Is another part next to this pixel? */
static int on_edge(const view *v, const sight *s, int x, int y)
{
    return (x > 0 && differs(s, s - 1)) || (x + 1 < v->width && differs(s, s + 1)) ||
           (y > 0 && differs(s, s - v->width)) || (y + 1 < v->height && differs(s, s + v->width));
}

/* What ray i shows near a pixel: taken from the pixel or a neighbour that shows the same
 * part, for colours change slowly on one part; looked at where none does. */
static vec3 see_near(const view *v, const stage *st, const sheaf *rays, int i, const sight *sights,
                     int pixel)
{
    int part = part_at_once(v, st, rays, i), x = pixel % v->width, y = pixel / v->width;
    if (part >= 0) {
        const sight *s = sights + pixel;
        if (s->part == part) return s->colour;
        if (x > 0 && s[-1].part == part) return s[-1].colour;
        if (x + 1 < v->width && s[1].part == part) return s[1].colour;
        if (y > 0 && s[-v->width].part == part) return s[-v->width].colour;
        if (y + 1 < v->height && s[v->width].part == part) return s[v->width].colour;
    }
    return see(v, st, rays, i).colour;
}

/* Cast what was gathered, four rays a pixel, and mix their colours. */
static void mix_four(const view *v, const stage *st, int tile, sheaf *rays, const int *pixel, int count,
                     const sight *sights, uint8_t *rgb)
{
    exposure film;
    cast(v, st, tile, rays, count);
    for (int i = 0; i < count; i += 4) {
        vec3 sum = { 0, 0, 0 };
        for (int k = 0; k < 4; k++) sum = v3_add(sum, see_near(v, st, rays, i + k, sights, pixel[i / 4]));
        expose(&film, i / 4, v3_scale(sum, 0.25f));
    }
    develop(&film, count / 4);
    for (int i = 0; i < count / 4; i++) print(&film, i, rgb + 3 * pixel[i]);
}

/* Four rays for the pixels of a tile that lie on an edge. */
static void look_closely(const view *v, const stage *st, int tile, sheaf *rays, const sight *sights,
                         uint8_t *rgb)
{
    static const float at[4][2] = {
        { 0.375f, 0.125f }, { 0.875f, 0.375f }, { 0.125f, 0.625f }, { 0.625f, 0.875f },
    };
    tile_box b = box_of(v, tile);
    int pixel[SHEAF / 4], count = 0;
    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            if (!on_edge(v, &sights[y * v->width + x], x, y)) continue;
            pixel[count / 4] = y * v->width + x;
            for (int k = 0; k < 4; k++) aim(v, rays, count++, (float)x + at[k][0], (float)y + at[k][1]);
            if (count < SHEAF) continue;
            mix_four(v, st, tile, rays, pixel, count, sights, rgb);
            count = 0;
        }
    if (count) mix_four(v, st, tile, rays, pixel, count, sights, rgb);
}

/* Lay one star of strength `bright` at (px, py) over what is open sky. */
static void sow_star(const view *v, const sight *sights, float px, float py, float bright, uint8_t *rgb)
{
    float radius = 0.7f + 0.0034f * (float)v->height;
    int reach = 1 + (int)radius, at_x = floor_int(px), at_y = floor_int(py);
    for (int y = at_y - reach; y <= at_y + reach; y++)
        for (int x = at_x - reach; x <= at_x + reach; x++) {
            if (x < 0 || y < 0 || x >= v->width || y >= v->height) continue;
            const sight *s = &sights[y * v->width + x];
            float dx = (float)x + 0.5f - px, dy = (float)y + 0.5f - py;
            float r = 1 - (dx * dx + dy * dy) / (radius * radius);
            if (s->part != PART_SKY || r <= 0 || on_edge(v, s, x, y)) continue;
            exposure film;
            expose(&film, 0, v3_along(s->colour, bright * r * r, v3(0.9f, 0.9f, 0.8f)));
            develop(&film, 1);
            print(&film, 0, rgb + 3 * (y * v->width + x));
        }
}

/* Stars are round points at fixed places on the dome. */
static void sow_stars(const view *v, const sight *sights, uint8_t *rgb)
{
    cohl_rng rng = cohl_rng_make(1908, 5);
    for (int i = 0; i < STARS; i++) {
        float x = (float)cohl_rng_between(&rng, -1, 1), z = (float)cohl_rng_between(&rng, -1, 1);
        float y = (float)cohl_rng_between(&rng, 0.03, 0.9);
        float bright = (float)cohl_rng_between(&rng, 0.25, 1);
        vec3 d = v3(x, y, z);
        float depth = v3_dot(d, v->forward);
        if (depth < 0.1f) continue;
        float px = v3_dot(d, v->right) / (depth * v->scale) + 0.5f * (float)v->width;
        float py = 0.5f * (float)v->height - v3_dot(d, v->up) / (depth * v->scale);
        if (px > -2 && py > -2 && px < (float)v->width + 2 && py < (float)v->height + 2)
            sow_star(v, sights, px, py, bright, rgb);
    }
}

/* Row of tiles after row of tiles: a row is looked at closely when the next is known. */
static void shoot(const view *v, const stage *st, sight *sights, const cohl_picture *to)
{
    sheaf rays = { 0 };
    for (int row = 0; row <= v->tiles_y; row++) {
        int tile = row * v->tiles_x;
        for (int x = 0; row < v->tiles_y && x < v->tiles_x; x++)
            look(v, st, tile + x, &rays, sights, to);
        for (int x = 0; to->rgb && row > 0 && x < v->tiles_x; x++)
            look_closely(v, st, tile - v->tiles_x + x, &rays, sights, to->rgb);
    }
    if (to->rgb && st->sky.stars) sow_stars(v, sights, to->rgb);
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
    if (st && v && sights) {
        cohl_camera camera = cohl_scene_camera(scene, seconds);
        stage_open(st, scene, seconds);
        view_aim(v, scene, &camera);
        view_prepare(v, st);
    }
    if (st && v && sights && view_deal(v)) shoot(v, st, sights, picture);
    else leave_dark(scene, picture);
    if (v) {
        free(v->first);
        free(v->deal);
    }
    free(sights);
    free(v);
    free(st);
}
