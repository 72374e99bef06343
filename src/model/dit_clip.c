/* dit_clip.c - what a clip's steps have in common: the order of cells, positions,
 * spans, the keys and values of text and image, the control. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "model/dit_net.h"
#include "model/settle.h"

int cohl_dit_clip_cells(const cohl_dit_clip *clip)  { return clip->cells; }
int cohl_dit_clip_tokens(const cohl_dit_clip *clip) { return clip->tokens; }
int cohl_dit_clip_times(const cohl_dit_clip *clip)  { return clip->groups; }

static void *take(cohl_ctx *ctx, size_t bytes)
{
    void *memory = cohl_ctx_fine(ctx) ? cohl_arena_take(&ctx->nodes, bytes) : NULL;
    if (!memory)
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no room for a clip (%zu bytes)", bytes);
    return memory;
}

static int sample_tokens(const cohl_dit_sample *s)
{
    return s->frames * (s->height / COHL_DIT_PATCH) * (s->width / COHL_DIT_PATCH);
}

static void count(cohl_dit_clip *clip, const cohl_dit_request *request)
{
    for (int i = 0; i < request->sample_count; i++) {
        const cohl_dit_sample *s = &request->sample[i];
        assert(s->frames >= 1 && s->height >= 2 && s->width >= 2);
        assert(s->height % COHL_DIT_PATCH == 0 && s->width % COHL_DIT_PATCH == 0);
        clip->frames += s->frames;
        clip->tokens += sample_tokens(s);
    }
    clip->cells = clip->tokens * COHL_DIT_PATCH * COHL_DIT_PATCH;
    clip->groups = request->time_per_token ? clip->tokens : clip->frames;
    clip->sample_count = request->sample_count;
}

/* ---- the order of cells -------------------------------------------------- */

/* Cell number `from` of the pack is place `to` in the tokens' order. */
static void order_sample(const cohl_dit_sample *s, int base, int *patch_cell, int *cell_patch)
{
    int to = base;
    for (int f = 0; f < s->frames; f++)
        for (int i = 0; i < s->height; i += 2)
            for (int j = 0; j < s->width; j += 2)
                for (int k = 0; k < 4; k++, to++) {
                    int from = base + (f * s->height + i + k / 2) * s->width + j + k % 2;
                    patch_cell[to] = from;
                    cell_patch[from] = to;
                }
}

static cohl_tensor *upload_ids(cohl_ctx *ctx, const int *id, int64_t count)
{
    return cohl_tensor_upload(ctx, id, COHL_I32, 1, &count);
}

static void order_cells(cohl_ctx *ctx, cohl_dit_clip *clip, const cohl_dit_request *request, int *memory)
{
    int *patch_cell = memory, *cell_patch = memory + clip->cells;
    for (int i = 0, base = 0; i < request->sample_count; i++) {
        order_sample(&request->sample[i], base, patch_cell, cell_patch);
        base += 4 * sample_tokens(&request->sample[i]);
    }
    clip->patch_cell = upload_ids(ctx, patch_cell, clip->cells);
    clip->cell_patch = upload_ids(ctx, cell_patch, clip->cells);
}

/* ---- positions ----------------------------------------------------------- */

/* cos and sin of `pairs` angles: scale * position * theta^(-j / pairs). */
static float *turn_axis(float *out, const cohl_dit_config *c, int position, int pairs)
{
    for (int j = 0; j < pairs; j++) {
        double angle = c->rope_scale * position * pow(c->rope_theta, -(double)j / pairs);
        *out++ = (float)cos(angle);
        *out++ = (float)sin(angle);
    }
    return out;
}

/* The pairs of a head follow frame, row and column: a third each, the frame takes the rest. */
static float *turn_token(float *out, const cohl_dit_config *c, const int place[3], const int size[2])
{
    (void)size;
    int pairs = c->dim / c->num_heads / 2, third = pairs / 3;
    out = turn_axis(out, c, place[0], pairs - 2 * third);
    out = turn_axis(out, c, place[1], third);
    return turn_axis(out, c, place[2], third);
}

/* cos(pi k x), k = 0, 1, ...: how far a token lies down the frame, then across it, as parts of it. */
static float *locate_token(float *out, const cohl_dit_config *c, const int place[3], const int size[2])
{
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < c->position_dim / 2; k++)
            *out++ = (float)cos(acos(-1) * k * (place[1 + axis] + 0.5) / size[axis]);
    return out;
}

/* What `write` tells of each token from its frame, row and column, and from the rows and columns there are. */
static cohl_tensor *for_tokens(cohl_ctx *ctx, const cohl_dit_config *c, const cohl_dit_clip *clip, const cohl_dit_request *request,
                               float *write(float *, const cohl_dit_config *, const int[3], const int[2]), int64_t width)
{
    float *host = malloc((size_t)clip->tokens * (size_t)width * sizeof *host), *at = host;
    if (!host)
        return cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for the positions of %d tokens", clip->tokens);
    for (int s = 0; s < request->sample_count; s++) {
        const cohl_dit_sample *sample = &request->sample[s];
        const int size[2] = { sample->height / COHL_DIT_PATCH, sample->width / COHL_DIT_PATCH };
        for (int f = 0; f < sample->frames; f++)
            for (int i = 0; i < size[0]; i++)
                for (int j = 0; j < size[1]; j++)
                    at = write(at, c, (const int[3]){ f, i, j }, size);
    }
    cohl_tensor *told = cohl_tensor_upload(ctx, host, COHL_F32, 2, (int64_t[]){ clip->tokens, width });
    free(host);
    return told;
}

static void place(cohl_ctx *ctx, const cohl_dit *dit, cohl_dit_clip *clip, const cohl_dit_request *request)
{
    const cohl_dit_config *c = &dit->config;
    int pairs = c->dim / c->num_heads / 2;
    clip->turn = cohl_reshape(ctx, for_tokens(ctx, c, clip, request, turn_token, 2 * pairs), 3,
                              (int64_t[]){ clip->tokens, pairs, 2 });
    if (dit->net->position)
        clip->place = cohl_linear(ctx, for_tokens(ctx, c, clip, request, locate_token, c->position_dim), dit->net->position,
                                  NULL);
}

/* ---- groups -------------------------------------------------------------- */

/* For each group its sample and its frame of the pack, for each token its group. */
static void group(cohl_ctx *ctx, cohl_dit_clip *clip, const cohl_dit_request *request, int *memory,
                  int *sample_of, int *frame_of)
{
    for (int i = 0, token = 0, frame = 0; i < request->sample_count; i++) {
        const cohl_dit_sample *s = &request->sample[i];
        int each = sample_tokens(s) / s->frames;
        for (int f = 0; f < s->frames; f++, frame++)
            for (int k = 0; k < each; k++, token++) {
                int g = memory[token] = request->time_per_token ? token : frame;
                sample_of[g] = i;
                frame_of[g] = frame;
            }
    }
    clip->group = upload_ids(ctx, memory, clip->tokens);
}

/* The same for each cell; memory [cells] is filled. */
static void group_cells(cohl_ctx *ctx, cohl_dit_clip *clip, const cohl_dit_request *request, int *memory)
{
    int cell = 0, token = 0, frame = 0;
    for (int i = 0; i < request->sample_count; i++) {
        const cohl_dit_sample *s = &request->sample[i];
        int each = sample_tokens(s) / s->frames, columns = s->width / COHL_DIT_PATCH;
        for (int f = 0; f < s->frames; f++, frame++, token += each)
            for (int k = 0; k < s->height * s->width; k++) {
                int within = k / s->width / COHL_DIT_PATCH * columns + k % s->width / COHL_DIT_PATCH;
                memory[cell++] = request->time_per_token ? token + within : frame;
            }
    }
    clip->cell_group = upload_ids(ctx, memory, clip->cells);
}

/* The mean of each sample's text states, projected, for each group. */
static cohl_tensor *pooled_text(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_clip *clip,
                                const cohl_dit_request *request, const int *sample_of)
{
    cohl_range *range = take(ctx, (size_t)request->sample_count * sizeof *range);
    if (!range)
        return NULL;
    for (int i = 0; i < request->sample_count; i++)
        range[i] = (cohl_range){ request->sample[i].text_begin, request->sample[i].text_count };
    cohl_tensor *mean = cohl_mean_ranges(ctx, request->text, range, request->sample_count);
    mean = cohl_linear(ctx, mean, dit->net->pooled, NULL);
    return cohl_gather(ctx, mean, upload_ids(ctx, sample_of, clip->groups));
}

static cohl_tensor *camera(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_clip *clip,
                           const cohl_dit_request *request, const int *frame_of)
{
    cohl_tensor *numbers = cohl_tensor_upload(ctx, request->camera, COHL_F32, 2,
                                              (int64_t[]){ clip->frames, dit->config.camera_dim });
    numbers = cohl_linear(ctx, numbers, dit->net->camera, NULL);
    return cohl_gather(ctx, numbers, upload_ids(ctx, frame_of, clip->groups));
}

static void add_extras(cohl_ctx *ctx, const cohl_dit *dit, cohl_dit_clip *clip,
                       const cohl_dit_request *request, const int *sample_of, const int *frame_of)
{
    if (dit->net->pooled)
        clip->added = pooled_text(ctx, dit, clip, request, sample_of);
    if (dit->net->camera && request->camera) {
        cohl_tensor *more = camera(ctx, dit, clip, request, frame_of);
        clip->added = clip->added ? cohl_add(ctx, clip->added, more) : more;
    }
}

/* ---- text ---------------------------------------------------------------- */

/* The rows of the states, padded for each sample to text_len by the zero row
 * behind the last: padding is attended to, as the weights were trained. */
static cohl_tensor *padded_rows(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_request *request, int *memory)
{
    int length = dit->config.text_len, zero_row = (int)request->text->dim[0];
    for (int i = 0; i < request->sample_count; i++) {
        const cohl_dit_sample *s = &request->sample[i];
        assert(s->text_count >= 1 && s->text_count <= length && s->text_begin + s->text_count <= zero_row);
        for (int k = 0; k < length; k++)
            memory[i * length + k] = k < s->text_count ? s->text_begin + k : zero_row;
    }
    return upload_ids(ctx, memory, (int64_t)request->sample_count * length);
}

static cohl_tensor *embed_text(cohl_ctx *ctx, const cohl_dit *dit, cohl_tensor *text)
{
    const cohl_dit_net *net = dit->net;
    cohl_tensor *zero = cohl_tensor_zero(ctx, COHL_F32, 2, (int64_t[]){ 1, dit->config.text_dim });
    cohl_tensor *x = cohl_concat(ctx, (cohl_tensor *[]){ text, zero }, 2, 0);
    x = cohl_activate(ctx, dit_affine(ctx, x, net->text_in), COHL_GELU_TANH);
    return dit_affine(ctx, x, net->text_out);
}

static int block_count(const cohl_dit *dit)
{
    return dit->config.num_layers + dit->config.control_count;
}

static bool bring_cross(cohl_ctx *ctx, const cohl_dit *dit, int i)
{
    const dit_block *b = &dit->net->block[i];
    return dit_bring(ctx, dit, b->part[DIT_CROSS], i + 1 < block_count(dit) ? b[1].part[DIT_CROSS] : dit->net->time);
}

/* Keys and values of every block, for each row once. */
static void text_keys(cohl_ctx *ctx, const cohl_dit *dit, cohl_dit_clip *clip, const cohl_dit_request *request,
                      int *memory)
{
    clip->row = padded_rows(ctx, dit, request, memory);
    cohl_tensor *text = dit_bring(ctx, dit, dit->net->text, dit->net->block[0].part[DIT_CROSS])
        ? embed_text(ctx, dit, request->text) : NULL;
    for (int i = 0; i < block_count(dit) && bring_cross(ctx, dit, i); i++) {
        const dit_attention *a = &dit->net->block[i].cross;
        cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
        clip->k[i] = cohl_settle(ctx, mark, cohl_rms_norm(ctx, dit_affine(ctx, text, a->k), a->norm_k, dit->config.eps));
        clip->v[i] = dit_affine(ctx, text, a->v);
    }
}

/* ---- image tokens and control -------------------------------------------- */

/* The official code leaves these norms at PyTorch's own eps. */
static cohl_tensor *embed_image(cohl_ctx *ctx, const dit_image *net, cohl_tensor *x)
{
    const float eps = 1e-5f;
    if (net->position)
        x = cohl_add(ctx, x, net->position);
    x = cohl_layer_norm(ctx, x, net->norm_in.weight, net->norm_in.bias, eps);
    x = cohl_activate(ctx, dit_affine(ctx, x, net->in), COHL_GELU_ERF);
    return cohl_layer_norm(ctx, dit_affine(ctx, x, net->out), net->norm_out.weight, net->norm_out.bias, eps);
}

static void image_keys(cohl_ctx *ctx, const cohl_dit *dit, cohl_dit_clip *clip, const cohl_dit_request *request)
{
    const cohl_dit_config *c = &dit->config;
    if (!request->image && !cohl_ctx_fine(ctx))
        return;
    assert(request->image && request->image->rank == 2 && request->image->dim[1] == c->image_dim);
    assert(!c->image_positions || request->image->dim[0] == c->image_positions);
    int tokens = (int)request->image->dim[0];
    cohl_tensor *image = embed_image(ctx, &dit->net->image, request->image);
    for (int i = 0; i < block_count(dit) && bring_cross(ctx, dit, i); i++) {
        const dit_attention *a = &dit->net->block[i].cross;
        cohl_tensor *k = cohl_rms_norm(ctx, dit_affine(ctx, image, a->k_image), a->norm_k_image, c->eps);
        clip->image_k[i] = dit_heads(ctx, k, c->num_heads);
        clip->image_v[i] = dit_heads(ctx, dit_affine(ctx, image, a->v_image), c->num_heads);
    }
    for (int i = 0; i < clip->sample_count; i++)
        clip->image[i] = (cohl_span){ clip->self[i].q_begin, clip->self[i].q_count, 0, tokens };
}

static void add_conditions(cohl_ctx *ctx, const cohl_dit *dit, cohl_dit_clip *clip, const cohl_dit_request *request)
{
    if (dit->config.image_dim)
        image_keys(ctx, dit, clip, request);
    if (!dit->config.control_count || !request->control)
        return;
    assert(cohl_tensor_count(request->control) == (int64_t)clip->cells * dit->config.control_dim);
    clip->control = dit_patches(ctx, clip, request->control, dit->net->control_patch);
    clip->control_scale = request->control_scale;
}

static void look(cohl_dit_clip *clip, const cohl_dit_request *request, int text_len)
{
    for (int i = 0, token = 0; i < request->sample_count; i++) {
        int tokens = sample_tokens(&request->sample[i]);
        clip->self[i] = (cohl_span){ token, tokens, token, tokens };
        clip->cross[i] = (cohl_span){ token, tokens, i * text_len, text_len };
        token += tokens;
    }
}

/* ---- the clip ------------------------------------------------------------ */

static cohl_dit_clip *new_clip(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_request *request)
{
    size_t spans = (size_t)request->sample_count * sizeof(cohl_span);
    size_t layers = (size_t)block_count(dit) * sizeof(cohl_tensor *);
    cohl_dit_clip *clip = take(ctx, sizeof *clip);
    if (!clip)
        return NULL;
    *clip = (cohl_dit_clip){ .self = take(ctx, spans), .cross = take(ctx, spans),
                             .k = take(ctx, layers), .v = take(ctx, layers) };
    if (dit->config.image_dim) {
        clip->image = take(ctx, spans);
        clip->image_k = take(ctx, layers);
        clip->image_v = take(ctx, layers);
    }
    return cohl_ctx_fine(ctx) ? clip : NULL;
}

cohl_dit_clip *cohl_dit_clip_open(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_request *request)
{
    const cohl_dit_config *c = &dit->config;
    if (!request->text)
        return NULL;
    assert(request->sample_count >= 1 && request->text->rank == 2 && request->text->dim[1] == c->text_dim);
    cohl_dit_clip *clip = new_clip(ctx, dit, request);
    if (!clip)
        return NULL;
    count(clip, request);
    size_t text_rows = (size_t)request->sample_count * (size_t)c->text_len;
    size_t ids = 2 * (size_t)clip->cells + text_rows;
    int *memory = malloc(ids * sizeof *memory);
    if (!memory) {
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for the order of %d cells", clip->cells);
        return NULL;
    }
    look(clip, request, c->text_len);
    order_cells(ctx, clip, request, memory);
    if (c->data_std_count)
        group_cells(ctx, clip, request, memory);
    group(ctx, clip, request, memory, memory + clip->tokens, memory + 2 * clip->tokens);
    cohl_shelf_begin(dit->shelf);
    place(ctx, dit, clip, request);
    add_extras(ctx, dit, clip, request, memory + clip->tokens, memory + 2 * clip->tokens);
    text_keys(ctx, dit, clip, request, memory);
    add_conditions(ctx, dit, clip, request);
    cohl_shelf_end(dit->shelf);
    free(memory);
    return cohl_ctx_fine(ctx) ? clip : NULL;
}
