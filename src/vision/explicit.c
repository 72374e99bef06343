/* explicit.c - MobileNetV2 (Sandler et al. 2018, table 2) with five classes.
 *
 * The first convolution, then seventeen blocks: widened by a product, a depthwise convolution, narrowed
 * by another; where the shape stays, the block's input is added. ReLU6 after all but the narrowing. */
#include "vision/explicit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vision/cut.h"
#include "vision/network.h"

enum { SIDE = 224, BLOCKS = 17 };

/* 0..255 to -1..1 */
static const cohl_pixels pixels = { .mean = { 127.5f, 127.5f, 127.5f }, .scale = 1 / 127.5f };

struct cohl_explicit {
    cohl_network *network;
    float        *picture;               /* [SIDE, SIDE, 3] */
};

bool cohl_explicit_installed(void) { return cohl_network_installed(&cohl_network_explicit); }

static bool halves(int block) { return block == 1 || block == 3 || block == 6 || block == 13; }

static cohl_tensor *block(cohl_network *n, cohl_ctx *ctx, cohl_tensor *x, int i)
{
    char name[32];
    int stride = halves(i) ? 2 : 1;
    snprintf(name, sizeof name, i ? "expanded_conv_%d" : "expanded_conv", i);
    cohl_tensor *y = x;
    if (cohl_network_has(n, "%s.expand", name))
        y = cohl_activate(ctx, cohl_network_conv(n, y, 1, COHL_EDGES_SAME, "%s.expand", name), COHL_RELU6);
    y = cohl_activate(ctx, cohl_network_depthwise(n, y, stride, COHL_EDGES_SAME, "%s.depthwise", name), COHL_RELU6);
    y = cohl_network_conv(n, y, 1, COHL_EDGES_SAME, "%s.project", name);
    return y && x && cohl_tensor_same_shape(x, y) ? cohl_add(ctx, x, y) : y;
}

static cohl_tensor *forward(cohl_network *n, const float *picture)
{
    cohl_ctx *ctx = cohl_network_begin(n);
    cohl_tensor *x = cohl_tensor_upload(ctx, picture, COHL_F32, 4, (int64_t[]){ 1, SIDE, SIDE, 3 });
    x = cohl_activate(ctx, cohl_network_conv(n, x, 2, COHL_EDGES_SAME, "Conv"), COHL_RELU6);
    for (int i = 0; i < BLOCKS; i++)
        x = block(n, ctx, x, i);
    x = cohl_activate(ctx, cohl_network_conv(n, x, 1, COHL_EDGES_SAME, "Conv_1"), COHL_RELU6);
    return cohl_network_dense(n, cohl_network_mean(n, x), "classes");
}

/* Score i is e^score[i] over their sum. */
static void soften(float *score)
{
    float most = score[0], sum = 0;
    for (int i = 1; i < COHL_CLASS_COUNT; i++)
        most = fmaxf(most, score[i]);
    for (int i = 0; i < COHL_CLASS_COUNT; i++)
        sum += score[i] = expf(score[i] - most);
    for (int i = 0; i < COHL_CLASS_COUNT; i++)
        score[i] /= sum;
}

cohl_status cohl_explicit_look(cohl_explicit *look, const cohl_frame *frame, cohl_explicit_scores *scores, cohl_error *err)
{
    cohl_cut cut = cohl_cut_whole(frame);
    cohl_cut_resize(look->picture, frame, &cut, SIDE, true, &pixels);
    const cohl_tensor *logits = forward(look->network, look->picture);
    cohl_status st = cohl_network_end(look->network, scores->score, logits, COHL_CLASS_COUNT, err);
    if (!st)
        soften(scores->score);
    return st;
}

bool cohl_explicit_refused(const cohl_explicit_scores *s)
{
    float explicit = s->score[COHL_CLASS_PORN] + s->score[COHL_CLASS_HENTAI];
    return !(explicit < COHL_EXPLICIT_LINE && explicit + s->score[COHL_CLASS_SEXY] < COHL_SUGGESTIVE_LINE);
}

/* A network that was opened is tried once, on black: what does not fit is told now. */
static cohl_status try_it(cohl_explicit *look, cohl_error *err)
{
    cohl_explicit_scores scores;
    cohl_frame *black;
    cohl_status st = cohl_frame_new(&black, 16, 16, err);
    if (!st)
        st = cohl_explicit_look(look, black, &scores, err);
    cohl_frame_free(black);
    return st;
}

cohl_status cohl_explicit_new(cohl_explicit **out, cohl_workers *workers, cohl_error *err)
{
    cohl_explicit *look = *out = calloc(1, sizeof *look);
    if (look)
        look->picture = malloc(sizeof(float) * SIDE * SIDE * 3);
    cohl_status st = look && look->picture ? cohl_network_open(&look->network, &cohl_network_explicit, workers, err)
                                           : cohl_fail(err, COHL_ERR_MEMORY, "no memory to look at frames");
    if (!st)
        st = try_it(look, err);
    if (st) {
        cohl_explicit_free(look);
        *out = NULL;
    }
    return st;
}

void cohl_explicit_free(cohl_explicit *look)
{
    if (!look)
        return;
    cohl_network_close(look->network);
    free(look->picture);
    free(look);
}
