/* face_nets.c - the three networks that find a face and turn it into numbers. */
#include "vision/face_nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cohl_pixels cohl_detector_pixels = { { 117.001f, 114.697f, 97.404f }, 1 / 255.0f };
const cohl_pixels cohl_face_pixels = { { 122.782f, 117.001f, 104.298f }, 1 / 255.0f };

static cohl_tensor *picture_of(cohl_ctx *ctx, const float *pixels, int side)
{
    return cohl_tensor_upload(ctx, pixels, COHL_F32, 4, (int64_t[]){ 1, side, side, 3 });
}

/* A depthwise convolution and a product. */
static cohl_tensor *separable(cohl_network *n, cohl_tensor *x, int stride, const char *name)
{
    x = cohl_network_depthwise(n, x, stride, COHL_EDGES_SAME, "%s.depthwise", name);
    return cohl_network_conv(n, x, 1, COHL_EDGES_SAME, "%s", name);
}

/* ---- where faces are: YOLO with five anchors (Redmon & Farhadi 2017) ------------- */

enum { ANCHORS = 5, CELLS = 13, BOX_VALUES = 5 };

/* width and height in cells, of the package's tinyFaceDetector/const.ts */
static const float anchors[ANCHORS][2] = { { 1.603231f, 2.094468f }, { 6.041143f, 7.080126f }, { 2.882459f, 3.518061f },
                                           { 4.266906f, 5.178857f }, { 9.041765f, 10.66308f } };
static const float SCORE_LEAST = 0.5f, OVERLAP_MOST = 0.4f;

static cohl_tensor *leaky(cohl_ctx *ctx, cohl_tensor *x) { return cohl_activate(ctx, x, COHL_LEAKY_RELU); }

static cohl_tensor *detector(cohl_network *n, const float *picture)
{
    static const char *const name[] = { "conv1", "conv2", "conv3", "conv4", "conv5" };
    cohl_ctx *ctx = cohl_network_begin(n);
    cohl_tensor *x = picture_of(ctx, picture, COHL_DETECTOR_SIDE);
    x = leaky(ctx, cohl_network_conv(n, x, 1, COHL_EDGES_VALID, "conv0"));
    for (int i = 0; i < 5; i++) {
        x = cohl_network_pool(n, x, COHL_POOL_MAX, 2, 2, COHL_EDGES_SAME);
        x = leaky(ctx, separable(n, x, 1, name[i]));
    }
    x = cohl_network_pool(n, x, COHL_POOL_MAX, 2, 1, COHL_EDGES_SAME);
    return cohl_network_conv(n, x, 1, COHL_EDGES_VALID, "conv8");
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static cohl_face_box box_of(const float value[BOX_VALUES], int row, int column, int anchor)
{
    cohl_face_box b = { .width = expf(fminf(value[2], 8)) * anchors[anchor][0] / CELLS,
                        .height = expf(fminf(value[3], 8)) * anchors[anchor][1] / CELLS, .score = sigmoid(value[4]) };
    b.left = ((float)column + sigmoid(value[0])) / CELLS - b.width / 2;
    b.top = ((float)row + sigmoid(value[1])) / CELLS - b.height / 2;
    return b;
}

/* What two boxes share, as a part of what they cover. */
static float overlap(const cohl_face_box *a, const cohl_face_box *b)
{
    float wide = fminf(a->left + a->width, b->left + b->width) - fmaxf(a->left, b->left);
    float high = fminf(a->top + a->height, b->top + b->height) - fmaxf(a->top, b->top);
    float both = fmaxf(wide, 0) * fmaxf(high, 0);
    return both / (a->width * a->height + b->width * b->height - both);
}

static int surer_first(const void *a, const void *b)
{
    float p = ((const cohl_face_box *)a)->score, q = ((const cohl_face_box *)b)->score;
    return (p < q) - (p > q);
}

cohl_status cohl_face_detect(cohl_network *n, const float *picture, cohl_face_box box[COHL_FACES_MOST], int *count,
                             cohl_error *err)
{
    enum { ALL = CELLS * CELLS * ANCHORS };
    float value[ALL * BOX_VALUES];
    cohl_face_box found[ALL];
    int candidates = 0;
    *count = 0;
    cohl_status st = cohl_network_end(n, value, detector(n, picture), ALL * BOX_VALUES, err);
    for (int i = 0; i < ALL && !st; i++) {
        cohl_face_box b = box_of(value + i * BOX_VALUES, i / ANCHORS / CELLS, i / ANCHORS % CELLS, i % ANCHORS);
        if (b.score > SCORE_LEAST)
            found[candidates++] = b;
    }
    qsort(found, (size_t)candidates, sizeof *found, surer_first);
    for (int i = 0; i < candidates && *count < COHL_FACES_MOST; i++) {
        bool apart = true;
        for (int j = 0; j < *count && apart; j++)
            apart = overlap(&box[j], &found[i]) <= OVERLAP_MOST;
        if (apart)
            box[(*count)++] = found[i];
    }
    return st;
}

/* ---- how a face is held: four dense blocks ---------------------------------- */

/* Each of four layers is given the sum of those before it (Huang et al. 2017, with sums). */
static cohl_tensor *dense_block(cohl_network *n, cohl_ctx *ctx, cohl_tensor *x, int block)
{
    char name[32];
    snprintf(name, sizeof name, "dense%d.conv0", block);
    x = block ? separable(n, x, 2, name) : cohl_network_conv(n, x, 2, COHL_EDGES_SAME, "%s", name);
    cohl_tensor *sum = cohl_activate(ctx, x, COHL_RELU), *in = sum;
    for (int i = 1; i < 4; i++) {
        snprintf(name, sizeof name, "dense%d.conv%d", block, i);
        sum = cohl_network_add(n, sum, separable(n, in, 1, name));
        in = cohl_activate(ctx, sum, COHL_RELU);
    }
    return in;
}

cohl_status cohl_face_landmarks(cohl_network *n, const float *picture, float point[COHL_FACE_POINTS][2], cohl_error *err)
{
    cohl_ctx *ctx = cohl_network_begin(n);
    cohl_tensor *x = picture_of(ctx, picture, COHL_LANDMARKS_SIDE);
    for (int i = 0; i < 4; i++)
        x = dense_block(n, ctx, x, i);
    x = cohl_network_mean(n, x);
    return cohl_network_end(n, point[0], cohl_network_dense(n, x, "fc"), COHL_FACE_POINTS * 2, err);
}

/* ---- whose face it is: a residual network ------------------------------------- */

/* One that goes down halves the size: its shortcut is the mean of four pixels, zeros where more is wanted. */
static cohl_tensor *residual(cohl_network *n, cohl_ctx *ctx, cohl_tensor *x, const char *name)
{
    bool down = strstr(name, "_down");
    cohl_tensor *y = cohl_network_conv(n, x, down ? 2 : 1, down ? COHL_EDGES_VALID : COHL_EDGES_SAME, "%s.conv1", name);
    y = cohl_network_conv(n, cohl_activate(ctx, y, COHL_RELU), 1, COHL_EDGES_SAME, "%s.conv2", name);
    if (down && x && y) {
        x = cohl_network_pool(n, x, COHL_POOL_MEAN, 2, 2, COHL_EDGES_VALID);
        y = x ? cohl_network_grow(n, y, (int64_t[]){ 1, x->dim[1], x->dim[2], y->dim[3] }) : NULL;
        x = y ? cohl_network_grow(n, x, y->dim) : NULL;
    }
    return cohl_activate(ctx, cohl_network_add(n, x, y), COHL_RELU);
}

cohl_status cohl_face_embed(cohl_network *n, const float *picture, float embedding[COHL_FACE_NUMBERS], cohl_error *err)
{
    static const char *const layers[] = {
        "conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down",
        "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out" };
    cohl_ctx *ctx = cohl_network_begin(n);
    cohl_tensor *x = picture_of(ctx, picture, COHL_EMBEDDING_SIDE);
    x = cohl_activate(ctx, cohl_network_conv(n, x, 2, COHL_EDGES_VALID, "conv32_down"), COHL_RELU);
    x = cohl_network_pool(n, x, COHL_POOL_MAX, 3, 2, COHL_EDGES_VALID);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        x = residual(n, ctx, x, layers[i]);
    return cohl_network_end(n, embedding, cohl_network_dense(n, cohl_network_mean(n, x), "fc"), COHL_FACE_NUMBERS, err);
}
