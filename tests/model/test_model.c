/* Tests of model: lists of parameters, the networks' promises that no record shows, tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "model/dit.h"
#include "model/text_encoder.h"
#include "model/tokenizer.h"
#include "model/vae.h"
#include "tensor/backend.h"
#include "tensor/ops.h"

static const cohl_vae_config vae_config = {
    .dim = 4, .dec_dim = 4, .z_dim = 6, .patch = 2, .stage_count = 4, .dim_mult = { 1, 2, 2, 2 }, .num_res_blocks = 1,
    .temporal_down = { false, true, true },
    .latent_mean = { 0.1f, -0.2f, 0, 0.3f, 0, 0 }, .latent_std = { 1, 0.5f, 2, 1, 1, 1 },
};

static const cohl_dit_config dit_config = {
    .in_dim = 3, .out_dim = 3, .dim = 24, .ffn_dim = 32, .num_heads = 2, .num_layers = 2, .freq_dim = 16,
    .text_dim = 10, .text_len = 6, .eps = 1e-6f, .pooled_text_dim = 10, .camera_dim = 5,
};

static void open_ctx(cohl_ctx *ctx, const char *backend)
{
    cohl_error err;
    cohl_ctx_params params = { .backend = cohl_backend_named(backend) };
    assert_non_null(params.backend);
    assert_int_equal(cohl_ctx_open(ctx, &params, &err), COHL_OK);
}

static void ready(cohl_params *params, cohl_ctx *ctx, bool train, uint64_t seed)
{
    assert_int_equal(cohl_params_alloc(params, ctx, &(cohl_params_use){ .train = train }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(params, seed, NULL), COHL_OK);
}

/* Replace what starts at zero by small random numbers, so that nothing hides. */
static void stir(cohl_params *params, uint64_t seed)
{
    for (int i = 0; i < params->count; i++) {
        cohl_param param = params->item[i];
        if (param.init.kind == COHL_INIT_ZERO) {
            param.init = cohl_init_normal(0.1f);
            assert_int_equal(cohl_param_start(params, &param, seed, NULL), COHL_OK);
        }
    }
}

static cohl_tensor *noise(cohl_ctx *ctx, int rank, const int64_t *dim, uint64_t stream)
{
    float host[65536];
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)dim[i];
    assert_true(count <= 65536);
    cohl_rng_fill_normal(host, 0, count, 7, stream);
    return cohl_tensor_upload(ctx, host, COHL_F32, rank, dim);
}

static float *host_of(cohl_ctx *ctx, const cohl_tensor *t)
{
    assert_non_null(t);
    float *host = malloc((size_t)cohl_tensor_count(t) * sizeof *host);
    cohl_tensor_download(ctx, host, t);
    assert_int_equal(ctx->status, COHL_OK);
    return host;
}

/* ---- parameters ---------------------------------------------------------- */

static void test_a_parameter_starts_by_seed_and_name_alone(void **state)
{
    cohl_ctx ctx;
    cohl_vae *small, *large;
    cohl_vae_config wide = vae_config;
    float a[12 * 4 * 27], b[12 * 4 * 27];
    wide.num_res_blocks = 2;
    open_ctx(&ctx, "ref");
    cohl_vae_new(&small, &vae_config, NULL);
    cohl_vae_new(&large, &wide, NULL);
    ready(&small->params, &ctx, false, 5);
    ready(&large->params, &ctx, true, 5);
    cohl_param_get(&small->params, cohl_params_find(&small->params, "encoder.conv1.weight"), a, NULL);
    cohl_param_get(&large->params, cohl_params_find(&large->params, "encoder.conv1.weight"), b, NULL);
    assert_memory_equal(a, b, sizeof a);
    cohl_params_start(&large->params, 6, NULL);
    cohl_param_get(&large->params, cohl_params_find(&large->params, "encoder.conv1.weight"), b, NULL);
    assert_memory_not_equal(a, b, sizeof a);
    assert_null(cohl_params_find(&small->params, "encoder.conv9.weight"));
    cohl_vae_free(small);
    cohl_vae_free(large);
    cohl_ctx_close(&ctx);
}

static void test_parameters_come_back_from_their_file(void **state)
{
    cohl_ctx ctx;
    cohl_dit *from, *to;
    cohl_error err;
    char path[] = "/tmp/cohl-params-XXXXXX";
    close(mkstemp(path));
    open_ctx(&ctx, "ref");
    cohl_dit_new(&from, &dit_config, NULL);
    cohl_dit_new(&to, &dit_config, NULL);
    ready(&from->params, &ctx, true, 1);
    ready(&to->params, &ctx, false, 2);
    assert_int_equal(cohl_params_save(&from->params, path, COHL_F32, NULL, &err), COHL_OK);
    assert_int_equal(cohl_params_load_path(&to->params, path, &err), COHL_OK);
    for (int i = 0; i < from->params.count; i++) {
        const cohl_tensor *a = from->params.item[i].tensor, *b = to->params.item[i].tensor;
        assert_memory_equal(a->data, b->data, (size_t)cohl_tensor_count(a) * sizeof(float));
    }
    cohl_dit_free(from);
    cohl_dit_free(to);
    unlink(path);
    cohl_ctx_close(&ctx);
}

/* A file of one model read by another that differs in one thing. */
static void load_into(const cohl_dit_config *other, const char *path, cohl_ctx *ctx, const char *named)
{
    cohl_dit *dit;
    cohl_error err = { 0 };
    cohl_dit_new(&dit, other, NULL);
    cohl_params_alloc(&dit->params, ctx, &(cohl_params_use){ 0 }, NULL);
    assert_int_equal(cohl_params_load_path(&dit->params, path, &err), COHL_ERR_FORMAT);
    if (!strstr(err.text, named))
        fail_msg("\"%s\" does not name %s", err.text, named);
    cohl_dit_free(dit);
}

static void test_a_file_that_does_not_fit_is_refused_by_name(void **state)
{
    cohl_ctx ctx;
    cohl_dit *dit;
    cohl_dit_config more = dit_config, fewer = dit_config, wider = dit_config;
    char path[] = "/tmp/cohl-params-XXXXXX";
    close(mkstemp(path));
    open_ctx(&ctx, "ref");
    cohl_dit_new(&dit, &dit_config, NULL);
    ready(&dit->params, &ctx, false, 1);
    assert_int_equal(cohl_params_save(&dit->params, path, COHL_BF16, NULL, NULL), COHL_OK);
    more.num_layers = 3;
    fewer.camera_dim = 0;
    wider.text_dim = wider.pooled_text_dim = 12;
    load_into(&more, path, &ctx, "blocks.2.");
    load_into(&fewer, path, &ctx, "camera.weight");
    load_into(&wider, path, &ctx, "text_embedding.0.weight");
    cohl_dit_free(dit);
    unlink(path);
    cohl_ctx_close(&ctx);
}

/* ---- the autoencoder ----------------------------------------------------- */

/* Frames of a long clip, decoded one latent frame at a time. */
static void stream_clip(const cohl_vae_config *config)
{
    enum { LATENTS = 6 };
    cohl_ctx ctx;
    cohl_vae *vae;
    cohl_vae_stream *stream;
    open_ctx(&ctx, "ref");
    cohl_vae_new(&vae, config, NULL);
    ready(&vae->params, &ctx, false, 3);
    stir(&vae->params, 4);
    cohl_tensor *latent = noise(&ctx, 4, (int64_t[]){ LATENTS, 2, 1, 6 }, 1);
    cohl_tensor *clip = cohl_vae_decode(&ctx, vae, latent);
    assert_int_equal(clip->dim[0], 1 + 4 * (LATENTS - 1));
    assert_int_equal(clip->dim[1], 2 * cohl_vae_space(config));
    float *whole = host_of(&ctx, clip), *at = whole;
    size_t peak = 0;
    assert_int_equal(cohl_vae_stream_open(&stream, &ctx, vae, COHL_VAE_DECODE, NULL), COHL_OK);
    for (int i = 0; i < LATENTS; i++) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(&ctx);
        cohl_tensor *rgb = cohl_vae_stream_next(stream, cohl_slice(&ctx, latent, 0, i, 1));
        assert_int_equal(rgb->dim[0], i ? 4 : 1);
        float *part = host_of(&ctx, rgb);
        size_t count = (size_t)cohl_tensor_count(rgb);
        assert_memory_equal(part, at, count * sizeof *part);
        at += count;
        free(part);
        cohl_ctx_release(&ctx, mark);
        if (i == 1)
            peak = ctx.scratch.peak;
        assert_true(i < 2 || ctx.scratch.peak == peak);
    }
    cohl_vae_stream_close(stream);
    free(whole);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

static void test_a_streamed_clip_equals_the_whole_one_and_memory_stands_still(void **state)
{
    cohl_vae_config linear = vae_config;
    linear.linear = true;
    cohl_vae_config plain = vae_config;
    plain.plain = true, plain.patch = 1;
    stream_clip(&vae_config);
    stream_clip(&linear);
    stream_clip(&plain);
}

/* With a map that has orthonormal rows and a silent network, what was coded comes back. */
static void test_a_linear_autoencoder_codes_each_cell_by_its_map(void **state)
{
    cohl_vae_config config = vae_config;
    cohl_ctx ctx;
    cohl_vae *vae;
    config.linear = true;
    open_ctx(&ctx, "ref");
    cohl_vae_new(&vae, &config, NULL);
    ready(&vae->params, &ctx, true, 3);
    assert_null(cohl_params_find(&vae->params, "encoder.conv1.weight"));
    const char *const names[] = { "first", "rest" };
    for (int part = 0; part < 2; part++) {       /* channel i is value 7i of the cell */
        int width = 768 * (part ? 4 : 1);
        float *to = calloc((size_t)(6 * width), sizeof *to), *from = calloc((size_t)(6 * width), sizeof *from);
        char name[64];
        for (int i = 0; i < 6; i++)
            to[i * width + 7 * i] = from[7 * i * 6 + i] = 1;
        snprintf(name, sizeof name, "encoder.linear.%s.weight", names[part]);
        cohl_param *map = cohl_params_find(&vae->params, name);
        assert_true(map->fixed && !map->tensor->wants_grad);
        cohl_param_set(&vae->params, map, to, NULL);
        snprintf(name, sizeof name, "decoder.linear.%s.weight", names[part]);
        cohl_param_set(&vae->params, cohl_params_find(&vae->params, name), from, NULL);
        free(to);
        free(from);
    }
    cohl_tensor *rgb = noise(&ctx, 4, (int64_t[]){ 5, 16, 16, 3 }, 1);
    float *given = host_of(&ctx, rgb), *again = host_of(&ctx, cohl_vae_decode(&ctx, vae, cohl_vae_encode(&ctx, vae, rgb)));
    for (int i = 0; i < 768 * 5; i++) {
        int at = i < 768 ? i : i - 768;          /* place in its cell */
        bool coded = at % 7 == 0 && at < 42;
        assert_true(fabsf(again[i] - (coded ? given[i] : 0)) < 1e-5f);
    }
    free(given);
    free(again);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

static void test_encoded_frames_do_not_look_ahead(void **state)
{
    cohl_ctx ctx;
    cohl_vae *vae;
    open_ctx(&ctx, "ref");
    cohl_vae_new(&vae, &vae_config, NULL);
    ready(&vae->params, &ctx, false, 3);
    cohl_tensor *rgb = noise(&ctx, 4, (int64_t[]){ 9, 16, 16, 3 }, 1);
    float *all = host_of(&ctx, cohl_vae_encode(&ctx, vae, rgb));
    float *some = host_of(&ctx, cohl_vae_encode(&ctx, vae, cohl_slice(&ctx, rgb, 0, 0, 5)));
    assert_memory_equal(all, some, 2 * 6 * sizeof *all);
    free(all);
    free(some);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

/* ---- gradients ----------------------------------------------------------- */

typedef cohl_tensor *loss_fn(cohl_ctx *ctx, void *model);

static double loss_value(cohl_ctx *ctx, loss_fn *loss, void *model)
{
    float value;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_tensor_download(ctx, &value, loss(ctx, model));
    assert_int_equal(ctx->status, COHL_OK);
    cohl_ctx_release(ctx, mark);
    return value;
}

/* The tape's gradient along its own direction, against a difference: for each parameter the
 * step d = h g / |g| changes the loss by h |g|. */
static void check_gradients(cohl_ctx *ctx, cohl_params *params, loss_fn *loss, void *model)
{
    cohl_tape *tape;
    cohl_tape_new(&tape, NULL);
    ctx->tape = tape;
    cohl_params_clear_grads(params);
    assert_int_equal(cohl_tape_backward(ctx, loss(ctx, model), 1, NULL), COHL_OK);
    ctx->tape = NULL;
    cohl_tape_free(tape);
    for (int i = 0; i < params->count; i++) {
        cohl_tensor *t = params->item[i].tensor;
        float *x = t->data, *g = t->grad->data;
        size_t count = (size_t)cohl_tensor_count(t);
        double length = 0;
        for (size_t k = 0; k < count; k++)
            length += (double)g[k] * g[k];
        length = sqrt(length);
        if (length < 1e-3)
            continue;
        double h = 2e-3, side[2];
        float *kept = malloc(count * sizeof *kept);
        memcpy(kept, x, count * sizeof *kept);
        for (int s = 0; s < 2; s++) {
            for (size_t k = 0; k < count; k++)
                x[k] = (float)(kept[k] + (s ? h : -h) * g[k] / length);
            side[s] = loss_value(ctx, loss, model);
        }
        memcpy(x, kept, count * sizeof *kept);
        free(kept);
        double slope = (side[1] - side[0]) / (2 * h);
        if (fabs(slope - length) > 0.03 * length + 3e-4)
            fail_msg("%s: the tape says %g, differences say %g", params->item[i].name, length, slope);
    }
}

static cohl_tensor *vae_loss(cohl_ctx *ctx, void *model)
{
    cohl_tensor *rgb = noise(ctx, 4, (int64_t[]){ 5, 16, 16, 3 }, 1);
    cohl_tensor *again = cohl_vae_decode_raw(ctx, model, cohl_vae_encode_raw(ctx, model, rgb));
    return cohl_loss_mse(ctx, again, rgb, NULL);
}

static void test_the_autoencoder_trains(void **state)
{
    cohl_ctx ctx;
    cohl_vae *vae;
    open_ctx(&ctx, "ref");
    cohl_vae_new(&vae, &vae_config, NULL);
    ready(&vae->params, &ctx, true, 3);
    stir(&vae->params, 4);
    check_gradients(&ctx, &vae->params, vae_loss, vae);
    cohl_vae_free(vae);
    cohl_ctx_close(&ctx);
}

/* Two samples of different size and text, times by frame, with camera. */
static cohl_tensor *dit_velocity(cohl_ctx *ctx, cohl_dit *dit, int first, int count)
{
    static const cohl_dit_sample samples[2] = { { 2, 4, 2, 0, 3 }, { 3, 2, 4, 3, 6 } };
    static const float time[5] = { 0, 700, 500, 400, 300 };
    float camera[25];
    for (int i = 0; i < 25; i++)
        camera[i] = 0.3f * (float)(i % 7) - 1;
    cohl_tensor *text = noise(ctx, 2, (int64_t[]){ 9, 10 }, 2);
    cohl_tensor *latent = noise(ctx, 2, (int64_t[]){ 16 + 24, 3 }, 3);
    cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &(cohl_dit_request){
        .sample = samples + first, .sample_count = count, .text = text,
        .camera = dit->config.camera_dim ? camera + 10 * first : NULL });
    latent = cohl_slice(ctx, latent, 0, first ? 16 : 0, count == 2 ? 40 : first ? 24 : 16);
    return cohl_dit_forward(ctx, dit, clip, latent, time + 2 * first);
}

static cohl_tensor *dit_loss(cohl_ctx *ctx, void *model)
{
    cohl_tensor *velocity = dit_velocity(ctx, model, 0, 2);
    return cohl_loss_mse(ctx, velocity, noise(ctx, 2, (int64_t[]){ 40, 3 }, 5), NULL);
}

/* The same network where the deviations of its data are known, tokens are told their place and turn further. */
static cohl_dit_config scaled_config(void)
{
    cohl_dit_config config = dit_config;
    config.position_dim = 6;
    config.rope_theta = 100;
    config.rope_scale = 2;
    config.data_std_count = 3;
    config.data_std[0] = 3, config.data_std[1] = 1, config.data_std[2] = 0.4f;
    return config;
}

static void test_the_transformer_trains(void **state)
{
    const cohl_dit_config config[2] = { dit_config, scaled_config() };
    for (int i = 0; i < 2; i++) {
        cohl_ctx ctx;
        cohl_dit *dit;
        open_ctx(&ctx, "ref");
        cohl_dit_new(&dit, &config[i], NULL);
        ready(&dit->params, &ctx, true, 3);
        stir(&dit->params, 4);
        check_gradients(&ctx, &dit->params, dit_loss, dit);
        cohl_dit_free(dit);
        cohl_ctx_close(&ctx);
    }
}

static cohl_tensor *text_loss(cohl_ctx *ctx, void *model)
{
    static const int32_t id[7] = { 5, 9, 1, 4, 4, 2, 1 };
    cohl_tensor *states = cohl_text_encode(ctx, model, id, (int[]){ 3, 4 }, 2);
    return cohl_loss_mse(ctx, states, noise(ctx, 2, (int64_t[]){ 7, 8 }, 6), NULL);
}

static void test_the_text_encoder_trains(void **state)
{
    static const cohl_text_encoder_config config = {
        .vocab = 12, .dim = 8, .dim_attn = 8, .dim_ffn = 12, .num_heads = 2, .num_layers = 2, .num_buckets = 32,
        .max_distance = 128, .eps = 1e-6f,
    };
    cohl_ctx ctx;
    cohl_text_encoder *encoder;
    open_ctx(&ctx, "ref");
    cohl_text_encoder_new(&encoder, &config, NULL);
    ready(&encoder->params, &ctx, true, 3);
    check_gradients(&ctx, &encoder->params, text_loss, encoder);
    assert_null(cohl_text_encode(&ctx, encoder, (int32_t[]){ 12 }, (int[]){ 1 }, 1));
    assert_int_equal(ctx.status, COHL_ERR_ARGUMENT);
    cohl_text_encoder_free(encoder);
    cohl_ctx_close(&ctx);
}

/* ---- the transformer ----------------------------------------------------- */

static void expect_apart(const cohl_dit_config *config)
{
    cohl_ctx ctx;
    cohl_dit *dit;
    open_ctx(&ctx, "ref");
    cohl_dit_new(&dit, config, NULL);
    ready(&dit->params, &ctx, false, 3);
    stir(&dit->params, 4);
    float *both = host_of(&ctx, dit_velocity(&ctx, dit, 0, 2));
    float *first = host_of(&ctx, dit_velocity(&ctx, dit, 0, 1));
    float *second = host_of(&ctx, dit_velocity(&ctx, dit, 1, 1));
    assert_memory_equal(both, first, 16 * 3 * sizeof *both);
    assert_memory_equal(both + 48, second, 24 * 3 * sizeof *both);
    free(both);
    free(first);
    free(second);
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
}

static void test_packed_samples_do_not_see_each_other(void **state)
{
    const cohl_dit_config scaled = scaled_config();
    expect_apart(&dit_config);
    expect_apart(&scaled);
}

/* Before it has learned, a network that knows its data's deviations answers, for data and noise that do not depend
 * on each other, E[noise - data | x] = cov(noise - data, x) / var(x) x. */
static void test_a_network_that_knows_its_data_begins_with_the_best_straight_guess(void **state)
{
    static const double level[5] = { 0, 0.7, 0.5, 0.4, 0.3 };      /* dit_velocity's */
    static const int end[5] = { 8, 16, 24, 32, 40 };               /* cells of frames so far */
    const cohl_dit_config config = scaled_config();
    cohl_ctx ctx;
    cohl_dit *dit;
    open_ctx(&ctx, "ref");
    cohl_dit_new(&dit, &config, NULL);
    ready(&dit->params, &ctx, false, 3);
    float *x = host_of(&ctx, noise(&ctx, 2, (int64_t[]){ 40, 3 }, 3)), *v = host_of(&ctx, dit_velocity(&ctx, dit, 0, 2));
    for (int cell = 0, frame = 0; cell < 40; cell++) {
        frame += cell == end[frame];
        for (int c = 0; c < 3; c++) {
            double t = level[frame], s = config.data_std[c];
            double covariance = t - (1 - t) * s * s, variance = (1 - t) * (1 - t) * s * s + t * t;
            assert_float_equal(v[3 * cell + c], covariance / variance * x[3 * cell + c], 1e-5);
        }
    }
    free(x);
    free(v);
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
}

static void test_our_own_inputs_add_nothing_at_the_start(void **state)
{
    cohl_ctx ctx;
    cohl_dit *with, *without;
    cohl_dit_config plain = dit_config;
    plain.pooled_text_dim = plain.camera_dim = 0;
    open_ctx(&ctx, "ref");
    cohl_dit_new(&with, &dit_config, NULL);
    cohl_dit_new(&without, &plain, NULL);
    ready(&with->params, &ctx, false, 3);
    ready(&without->params, &ctx, false, 3);
    for (int i = 0; i < 2; i++) {
        cohl_params *params = i ? &with->params : &without->params;
        cohl_param head = *cohl_params_find(params, "head.head.weight");
        head.init = cohl_init_normal(0.1f);
        cohl_param_start(params, &head, 9, NULL);
    }
    float *a = host_of(&ctx, dit_velocity(&ctx, with, 0, 2)), *b = host_of(&ctx, dit_velocity(&ctx, without, 0, 2));
    assert_memory_equal(a, b, 40 * 3 * sizeof *a);
    assert_true(a[0] != 0);
    free(a);
    free(b);
    cohl_dit_free(with);
    cohl_dit_free(without);
    cohl_ctx_close(&ctx);
}

/* ---- configurations ------------------------------------------------------ */

static void test_configurations_that_cannot_be_are_refused(void **state)
{
    static const struct { const char *text; cohl_status expected; } cases[] = {
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1}", COHL_OK },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"model_type\":\"i2v\"}", COHL_OK },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"model_type\":\"s2v\"}", COHL_ERR_UNSUPPORTED },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":4,\"model_type\":\"vace\",\"vace_layers\":[2,1]}",
          COHL_ERR_FORMAT },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":4,\"model_type\":\"vace\",\"vace_layers\":[0,4]}",
          COHL_ERR_FORMAT },
        { "{\"num_attention_heads\":2,\"attention_head_dim\":12,\"in_channels\":16,\"ffn_dim\":8,\"num_layers\":1}",
          COHL_OK },
        { "{\"num_attention_heads\":2,\"attention_head_dim\":12,\"in_channels\":16,\"ffn_dim\":8,\"num_layers\":1,"
          "\"qk_norm\":\"rms_norm\"}", COHL_ERR_UNSUPPORTED },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":5,\"num_layers\":1}", COHL_ERR_FORMAT },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"text_dim\":9,\"pooled_text_dim\":8}",
          COHL_ERR_FORMAT },
        { "{\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1}", COHL_ERR_FORMAT },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"in_dim\":2,\"out_dim\":2,\"data_std\":[2,0.5]}", COHL_OK },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"data_std\":[2,0.5]}", COHL_ERR_FORMAT },
        { "{\"dim\":24,\"ffn_dim\":8,\"num_heads\":2,\"num_layers\":1,\"in_dim\":1,\"out_dim\":1,\"data_std\":[0]}",
          COHL_ERR_FORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_config *json;
        cohl_dit_config config;
        cohl_error err;
        assert_int_equal(cohl_config_parse(&json, "test", cases[i].text, strlen(cases[i].text), NULL), COHL_OK);
        if (cohl_dit_config_read(&config, json, &err) != cases[i].expected)
            fail_msg("%s", cases[i].text);
        cohl_config_close(json);
    }
}

static void test_autoencoders_whose_shortcuts_do_not_divide_are_refused(void **state)
{
    static const struct { const char *text; cohl_status expected; } cases[] = {
        { "{\"dim\":8,\"z_dim\":4,\"dim_mult\":[1,2,4,4],\"num_res_blocks\":2,"
          "\"temperal_downsample\":[false,true,true]}", COHL_OK },
        { "{\"dim\":8,\"z_dim\":4,\"dim_mult\":[1,2],\"num_res_blocks\":2,"
          "\"temperal_downsample\":[true]}", COHL_ERR_UNSUPPORTED },
        { "{\"dim\":8,\"z_dim\":4,\"dim_mult\":[1,2,4,4],\"num_res_blocks\":2,"
          "\"temperal_downsample\":[true,true]}", COHL_ERR_FORMAT },
        { "{\"dim\":8,\"z_dim\":4,\"dim_mult\":[1,3,4,4],\"num_res_blocks\":2,"
          "\"temperal_downsample\":[false,true,true]}", COHL_ERR_FORMAT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_config *json;
        cohl_vae_config config;
        cohl_error err;
        assert_int_equal(cohl_config_parse(&json, "test", cases[i].text, strlen(cases[i].text), NULL), COHL_OK);
        if (cohl_vae_config_read(&config, json, &err) != cases[i].expected)
            fail_msg("%s", cases[i].text);
        cohl_config_close(json);
    }
}

/* ---- tokens -------------------------------------------------------------- */

static cohl_tokenizer *table_of(const char *text, cohl_error *err)
{
    char folder[] = "/tmp/cohl-words-XXXXXX";
    cohl_tokenizer *t = NULL;
    assert_non_null(mkdtemp(folder));
    char *path = cohl_path_join(folder, "words.tsv");
    cohl_file_write(path, text, strlen(text), NULL);
    cohl_tokenizer_open(&t, folder, err);
    unlink(path);
    rmdir(folder);
    free(path);
    return t;
}

static void test_words_become_ids_with_an_end_and_padding(void **state)
{
    static const struct { const char *text; int32_t id[8]; int count; } cases[] = {
        { "", { 1 }, 1 },
        { " a  ball\n", { 40, 41, 42, 1 }, 4 },
        { "ball a ball a ball a", { 41, 42, 40, 41, 42, 40, 41, 1 }, 8 },
        { "a b\xC3\xA9", { 40, 30, 3 + 'b', 3 + 0xC3, 3 + 0xA9, 1 }, 6 },
    };
    cohl_tokenizer *t = table_of("#space\t30\n#byte\t3\nball\t41 42\na\t40\n", NULL);
    assert_non_null(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t id[8];
        int count;
        assert_int_equal(cohl_tokenizer_encode(t, cases[i].text, id, 8, &count, NULL), COHL_OK);
        assert_int_equal(count, cases[i].count);
        assert_memory_equal(id, cases[i].id, sizeof id);
    }
    int32_t id[8];
    int count;
    assert_int_equal(cohl_tokenizer_encode(t, "\xFF", id, 8, &count, NULL), COHL_ERR_ARGUMENT);
    cohl_tokenizer_close(t);
}

static void test_tables_of_words_that_are_wrong_are_refused_by_line(void **state)
{
    static const char *const wrong[] = { "a\t1\nb\n", "a\t1\nb\tx\n", "a\t1\nb\t-1\n", "a\t1\nb\t\n", "a\t1\n\t4\n" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cohl_error err = { 0 };
        assert_null(table_of(wrong[i], &err));
        assert_int_equal(err.status, COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, "line 2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_parameter_starts_by_seed_and_name_alone),
        cmocka_unit_test(test_parameters_come_back_from_their_file),
        cmocka_unit_test(test_a_file_that_does_not_fit_is_refused_by_name),
        cmocka_unit_test(test_a_streamed_clip_equals_the_whole_one_and_memory_stands_still),
        cmocka_unit_test(test_a_linear_autoencoder_codes_each_cell_by_its_map),
        cmocka_unit_test(test_encoded_frames_do_not_look_ahead),
        cmocka_unit_test(test_the_autoencoder_trains),
        cmocka_unit_test(test_the_transformer_trains),
        cmocka_unit_test(test_the_text_encoder_trains),
        cmocka_unit_test(test_packed_samples_do_not_see_each_other),
        cmocka_unit_test(test_a_network_that_knows_its_data_begins_with_the_best_straight_guess),
        cmocka_unit_test(test_our_own_inputs_add_nothing_at_the_start),
        cmocka_unit_test(test_configurations_that_cannot_be_are_refused),
        cmocka_unit_test(test_autoencoders_whose_shortcuts_do_not_divide_are_refused),
        cmocka_unit_test(test_words_become_ids_with_an_end_and_padding),
        cmocka_unit_test(test_tables_of_words_that_are_wrong_are_refused_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
