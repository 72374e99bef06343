/* vae_linear.c - fitting the linear maps of a linear autoencoder. */
#include "train/vae_linear.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/clip.h"
#include "train/principal.h"
#include "train/seeds.h"
#include "weights/safetensors.h"

enum {
    FRAME = COHL_VAE_SPACE * COHL_VAE_SPACE * 3, GROUP = COHL_VAE_TIME * FRAME,
    FRAMES = 1 + COHL_VAE_TIME,
};

/* A basis of cells: row i of axis is the direction of channel i, an orthonormal set. */
typedef struct basis {
    int     z, width;
    double *mean, *axis, *variance;    /* [width], [z, width], [z] */
} basis;

static cohl_status basis_new(basis *b, int z, int width, cohl_error *err)
{
    *b = (basis){ z, width, calloc((size_t)width, sizeof(double)), calloc((size_t)z * (size_t)width, sizeof(double)),
                  calloc((size_t)z, sizeof(double)) };
    return b->mean && b->axis && b->variance ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a basis");
}

static void basis_free(basis *b)
{
    free(b->mean);
    free(b->axis);
    free(b->variance);
}

/* Frames [at, at + count) of a clip as rows of cells, [cells, count * FRAME]. */
static void gather(const cohl_clip *clip, const float *values, int at, int count, float *rows)
{
    int across = clip->width / COHL_VAE_SPACE, cells = across * (clip->height / COHL_VAE_SPACE);
    for (int cell = 0; cell < cells; cell++)
        for (int f = at; f < at + count; f++)
            for (int y = 0; y < COHL_VAE_SPACE; y++) {
                size_t row = (size_t)f * (size_t)clip->height + (size_t)(cell / across * COHL_VAE_SPACE + y);
                const float *from = values + (row * (size_t)clip->width + (size_t)(cell % across * COHL_VAE_SPACE)) * 3;
                memcpy(rows, from, COHL_VAE_SPACE * 3 * sizeof *rows);
                rows += COHL_VAE_SPACE * 3;
            }
}

/* One scene's cells, added to both clouds. */
static cohl_status add_clip(cohl_principal *first, cohl_principal *rest, const cohl_scene_request *request,
                            uint64_t seed, cohl_error *err)
{
    cohl_cut whole = { .frames = FRAMES, .width = request->width, .height = request->height };
    size_t pixels = (size_t)request->width * (size_t)request->height;
    int cells = (int)(pixels / (COHL_VAE_SPACE * COHL_VAE_SPACE));
    cohl_scene scene;
    cohl_clip clip = { 0 };

    cohl_scene_draw(&scene, request, seed);
    float *values = malloc(FRAMES * pixels * 3 * sizeof *values);
    float *rows = malloc((size_t)cells * GROUP * sizeof *rows);
    cohl_status st = values && rows ? cohl_clip_render(&clip, &scene, &whole, err)
                                    : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a clip");
    if (!st) {
        cohl_clip_values(&clip, values);
        gather(&clip, values, 0, 1, rows);
        st = cohl_principal_add(first, rows, cells, err);
    }
    if (!st) {
        gather(&clip, values, 1, COHL_VAE_TIME, rows);
        st = cohl_principal_add(rest, rows, cells, err);
    }
    cohl_clip_free(&clip);
    free(values);
    free(rows);
    return st;
}

static cohl_status solve(cohl_principal *p, basis *b, cohl_error *err)
{
    cohl_principal_result result = { b->mean, b->axis, b->variance, 0 };
    return cohl_principal_solve(p, b->z, &result, err);
}

/* Turn the basis of first frames towards the other's: channel i of both should point the same way for
 * a cell that stands still. */
static cohl_status align(basis *first, const basis *rest, cohl_error *err)
{
    int z = first->z;
    size_t cells = (size_t)z * (size_t)z, size = (size_t)z * FRAME;
    double *overlap = calloc(cells, sizeof *overlap), *turn = calloc(cells, sizeof *turn);
    double *axis = calloc(size, sizeof *axis), *variance = calloc((size_t)z, sizeof *variance);
    cohl_status st = overlap && turn && axis && variance ? COHL_OK
                                                         : cohl_fail(err, COHL_ERR_MEMORY, "no memory to align");
    for (int i = 0; i < z && !st; i++)
        for (int k = 0; k < z; k++)
            for (int j = 0; j < GROUP; j++)    /* four equal frames, over their length, 2 */
                overlap[i * z + k] += rest->axis[(size_t)i * GROUP + (size_t)j] * first->axis[(size_t)k * FRAME + (size_t)(j % FRAME)] / 2;
    if (!st)
        st = cohl_nearest_orthogonal(overlap, z, turn, err);
    for (int i = 0; i < z && !st; i++)
        for (int k = 0; k < z; k++) {
            double t = turn[i * z + k];
            variance[i] += t * t * first->variance[k];
            for (int j = 0; j < FRAME; j++)
                axis[(size_t)i * FRAME + (size_t)j] += t * first->axis[(size_t)k * FRAME + (size_t)j];
        }
    if (!st) {
        memcpy(first->axis, axis, size * sizeof *axis);
        memcpy(first->variance, variance, (size_t)z * sizeof *variance);
    }
    free(overlap);
    free(turn);
    free(axis);
    free(variance);
    return st;
}

static cohl_status set(cohl_vae *vae, const char *name, const float *value, int64_t count, cohl_error *err)
{
    cohl_param *param = cohl_params_find(&vae->params, name);
    assert(param && cohl_tensor_count(param->tensor) == count);
    (void)count;
    return cohl_param_set(&vae->params, param, value, err);
}

/* latent_i = axis_i . (x - mean) / deviation_i, and x = mean + sum of latent_i deviation_i axis_i. */
static cohl_status store(cohl_vae *vae, const basis *b, const char *part, cohl_error *err)
{
    int64_t z = b->z, width = b->width;
    char name[64];
    float *forth = malloc((size_t)(z * width) * sizeof *forth), *back = malloc((size_t)(z * width) * sizeof *back);
    float *shift = malloc((size_t)z * sizeof *shift), *mean = malloc((size_t)width * sizeof *mean);
    cohl_status st = forth && back && shift && mean ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a map");

    for (int64_t i = 0; i < z && !st; i++) {
        double deviation = sqrt(b->variance[i] + 1e-12), along = 0;
        for (int64_t j = 0; j < width; j++) {
            double a = b->axis[i * width + j];
            along += a * b->mean[j];
            forth[i * width + j] = (float)(a / deviation);
            back[j * z + i] = (float)(a * deviation);
        }
        shift[i] = (float)(-along / deviation);
    }
    for (int64_t j = 0; j < width && !st; j++)
        mean[j] = (float)b->mean[j];
    const struct { const char *format; const float *value; int64_t count; } all[] = {
        { "encoder.linear.%s.weight", forth, z * width }, { "encoder.linear.%s.bias", shift, z },
        { "decoder.linear.%s.weight", back, z * width },  { "decoder.linear.%s.bias", mean, width },
    };
    for (int i = 0; i < 4 && !st; i++) {
        snprintf(name, sizeof name, all[i].format, part);
        st = set(vae, name, all[i].value, all[i].count, err);
    }
    free(forth);
    free(back);
    free(shift);
    free(mean);
    return st;
}

cohl_status cohl_vae_linear_fit(cohl_vae *vae, const cohl_scene_request *request, int clips, uint64_t seed,
                                cohl_error *err)
{
    cohl_scene_request scenes = *request;
    cohl_principal *first = NULL, *rest = NULL;
    basis a = { 0 }, b = { 0 };
    int z = vae->config.z_dim;
    cohl_ctx *ctx = vae->params.ctx;
    cohl_status st;

    scenes.frames = FRAMES, scenes.held_out = false;
    if ((st = cohl_principal_open(&first, ctx, FRAME, err)) || (st = cohl_principal_open(&rest, ctx, GROUP, err)) ||
        (st = basis_new(&a, z, FRAME, err)) || (st = basis_new(&b, z, GROUP, err)))
        goto done;
    for (int i = 0; i < clips && !st; i++)
        st = add_clip(first, rest, &scenes, cohl_seed_of_fit(seed, i), err);
    if (st || (st = solve(first, &a, err)) || (st = solve(rest, &b, err)) || (st = align(&a, &b, err)))
        goto done;
    if (!(st = store(vae, &a, "first", err)))
        st = store(vae, &b, "rest", err);
done:
    cohl_principal_close(first);
    cohl_principal_close(rest);
    basis_free(&a);
    basis_free(&b);
    return st;
}

/* ---- the maps as a file ----------------------------------------------------- */

enum { MAPS_MAX = 8 };

cohl_status cohl_vae_linear_save(cohl_vae *vae, const char *path, cohl_error *err)
{
    cohl_weight weights[MAPS_MAX];
    int count = 0;
    cohl_status st = COHL_OK;

    for (int i = 0; i < vae->params.count && !st; i++) {
        cohl_param *param = &vae->params.item[i];
        if (!param->fixed)
            continue;
        assert(count < MAPS_MAX);
        size_t values = (size_t)cohl_tensor_count(param->tensor);
        float *value = malloc(values * sizeof *value);
        cohl_weight *w = &weights[count++];
        *w = (cohl_weight){ .name = param->name, .type = COHL_F32, .rank = param->stored.rank, .count = values, .data = value };
        memcpy(w->dim, param->stored.dim, (size_t)w->rank * sizeof *w->dim);
        st = value ? cohl_param_get(&vae->params, param, value, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory to save %s", param->name);
    }
    if (!st)
        st = cohl_safetensors_write(path, weights, (size_t)count, NULL, err);
    for (int i = 0; i < count; i++)
        free((void *)weights[i].data);
    return st;
}

cohl_status cohl_vae_linear_load(cohl_vae *vae, const char *path, cohl_error *err)
{
    cohl_safetensors *file = NULL;
    cohl_status st = cohl_safetensors_open(&file, path, err);
    for (int i = 0; i < vae->params.count && !st; i++) {
        cohl_param *param = &vae->params.item[i];
        if (!param->fixed)
            continue;
        const cohl_weight *w = cohl_safetensors_find(file, param->name);
        if (!w || w->type != COHL_F32 || w->count != (size_t)cohl_tensor_count(param->tensor))
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: %s is missing or not of this autoencoder's shape", path, param->name);
        else
            st = cohl_param_set(&vae->params, param, w->data, err);
    }
    cohl_safetensors_close(file);
    return st;
}
