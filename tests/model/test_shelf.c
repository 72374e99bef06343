/* Tests of model/shelf: networks out of their files, whatever the room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/dit.h"
#include "tensor/backend.h"
#include "tensor/ops.h"
#include "tensor/q8.h"

static const cohl_dit_config config = {
    .in_dim = 4, .out_dim = 4, .dim = 64, .ffn_dim = 96, .num_heads = 2, .num_layers = 3, .freq_dim = 16,
    .text_dim = 10, .text_len = 6, .eps = 1e-6f, .control_dim = 3, .control_count = 2, .control_layer = { 0, 2 },
};

enum { VALUES = 2 * 4 * 4 * 4 };          /* frames, height, width, channels */

static char path[] = "/tmp/cohl-shelf-XXXXXX.safetensors";

static void open_ctx(cohl_ctx *ctx, cohl_workers *workers)
{
    assert_int_equal(cohl_ctx_open(ctx, &(cohl_ctx_params){ .workers = workers }, NULL), COHL_OK);
}

/* Random weights in a file, stored as `dtype`. */
static void write_weights(cohl_dtype dtype)
{
    cohl_ctx ctx;
    cohl_dit *dit;
    open_ctx(&ctx, NULL);
    assert_int_equal(cohl_dit_new(&dit, &config, NULL), COHL_OK);
    assert_int_equal(cohl_params_alloc(&dit->params, &ctx, &(cohl_params_use){ 0 }, NULL), COHL_OK);
    for (int i = 0; i < dit->params.count; i++) {
        cohl_param param = dit->params.item[i];
        param.init = param.init.kind == COHL_INIT_ONE ? param.init : cohl_init_normal(0.2f);
        assert_int_equal(cohl_param_start(&dit->params, &param, 3, NULL), COHL_OK);
    }
    assert_int_equal(cohl_params_save(&dit->params, path, dtype, NULL, NULL), COHL_OK);
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
}

/* Two passes through a network with text of two rows, with what was held and brought before them. */
static void pass(cohl_ctx *ctx, const cohl_dit *dit, float *out)
{
    static const cohl_dit_sample sample = { 2, 4, 4, 0, 2 };
    static const float time[] = { 900, 300 };
    float x[VALUES], text[20], control[2 * 16 * 3];
    for (int i = 0; i < VALUES; i++) x[i] = (float)(i * 37 % 19) / 9 - 1;
    for (int i = 0; i < 20; i++) text[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < 96; i++) control[i] = (float)(i * 5 % 13) / 6 - 1;
    cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
    cohl_dit_request request = {
        .sample = &sample, .sample_count = 1, .control_scale = 1,
        .text = cohl_tensor_upload(ctx, text, COHL_F32, 2, (int64_t[]){ 2, 10 }),
        .control = cohl_tensor_upload(ctx, control, COHL_F32, 2, (int64_t[]){ 32, 3 }) };
    cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &request);
    for (int i = 0; i < 2; i++)
        cohl_tensor_download(ctx, out + i * VALUES, cohl_dit_forward(
            ctx, dit, clip, cohl_tensor_upload(ctx, i ? out : x, COHL_F32, 2, (int64_t[]){ 32, 4 }), time));
    assert_int_equal(ctx->status, COHL_OK);
    cohl_ctx_release(ctx, mark);
}

static void pass_held(float *out, cohl_dtype dtype)
{
    cohl_ctx ctx;
    cohl_dit *dit;
    open_ctx(&ctx, NULL);
    assert_int_equal(cohl_dit_new(&dit, &config, NULL), COHL_OK);
    assert_int_equal(cohl_params_alloc(&dit->params, &ctx, &(cohl_params_use){ .dtype = dtype }, NULL), COHL_OK);
    assert_int_equal(cohl_params_load_path(&dit->params, path, NULL), COHL_OK);
    pass(&ctx, dit, out);
    cohl_dit_free(dit);
    cohl_ctx_close(&ctx);
}

typedef struct streamed { cohl_ctx ctx; cohl_weights *weights; cohl_room *room; cohl_dit *dit; } streamed;

static void open_streamed(streamed *s, cohl_workers *workers, size_t limit, cohl_dtype dtype)
{
    open_ctx(&s->ctx, workers);
    assert_int_equal(cohl_weights_open(&s->weights, path, NULL), COHL_OK);
    assert_int_equal(cohl_room_new(&s->room, limit, NULL), COHL_OK);
    assert_int_equal(cohl_dit_new(&s->dit, &config, NULL), COHL_OK);
    assert_int_equal(cohl_dit_stream(s->dit, &s->ctx, s->weights, dtype, s->room, NULL), COHL_OK);
}

static void close_streamed(streamed *s)
{
    cohl_dit_free(s->dit);
    cohl_room_free(s->room);
    cohl_weights_close(s->weights);
    cohl_ctx_close(&s->ctx);
}

static void test_any_room_gives_the_same_bytes(void **state)
{
    cohl_workers *workers;
    assert_int_equal(cohl_workers_new(&workers, 3, NULL), COHL_OK);
    static const struct { cohl_dtype stored, held; } kinds[] = {
        { COHL_F32, COHL_F32 }, { COHL_BF16, COHL_F32 }, { COHL_F32, COHL_Q8 },
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        float want[2 * VALUES], found[2 * VALUES];
        write_weights(kinds[k].stored);
        pass_held(want, kinds[k].held);
        const size_t rooms[] = { 0, 100000, 300000, SIZE_MAX };
        for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
            streamed s;
            open_streamed(&s, i % 2 ? workers : NULL, rooms[i], kinds[k].held);
            pass(&s.ctx, s.dit, found);
            assert_memory_equal(found, want, sizeof want);
            close_streamed(&s);
        }
    }
    cohl_workers_free(workers);
}

static cohl_tensor *declare_weight(cohl_params *params, int out, int in)
{
    cohl_affine affine = cohl_params_linear(params, out, in, false, cohl_init_normal(1), "blocks.0.ffn.0");
    cohl_params_eight(params, affine.weight);
    return affine.weight;
}

/* Which are read a stretch of some rows at a time. */
static void test_eight_bits_out_of_a_file_are_those_of_its_values(void **state)
{
    enum { OUT = 35, IN = 2501 };
    cohl_ctx ctx;
    cohl_params wide = { 0 }, eight = { 0 };
    cohl_tensor *values = declare_weight(&wide, OUT, IN), *held = declare_weight(&eight, OUT, IN);
    void *packed = malloc(cohl_q8_bytes(OUT, IN));
    open_ctx(&ctx, NULL);
    assert_int_equal(cohl_params_alloc(&wide, &ctx, &(cohl_params_use){ 0 }, NULL), COHL_OK);
    assert_int_equal(cohl_params_start(&wide, 7, NULL), COHL_OK);
    assert_int_equal(cohl_params_save(&wide, path, COHL_F32, NULL, NULL), COHL_OK);
    assert_int_equal(cohl_params_alloc(&eight, &ctx, &(cohl_params_use){ .dtype = COHL_Q8 }, NULL), COHL_OK);
    assert_int_equal(cohl_params_load_path(&eight, path, NULL), COHL_OK);
    assert_int_equal(held->dtype, COHL_Q8);
    cohl_q8_pack(packed, values->data, OUT, IN);
    assert_memory_equal(held->data, packed, cohl_q8_bytes(OUT, IN));
    free(packed);
    cohl_params_free(&wide);
    cohl_params_free(&eight);
    cohl_ctx_close(&ctx);
}

static void test_a_room_may_shrink_and_grow_between_passes(void **state)
{
    float want[2 * VALUES], found[2 * VALUES];
    streamed s;
    write_weights(COHL_F32);
    pass_held(want, COHL_F32);
    open_streamed(&s, NULL, SIZE_MAX, COHL_F32);
    const size_t rooms[] = { SIZE_MAX, 50000, 0, 400000, 200000 };
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        cohl_room_limit(s.room, rooms[i]);
        pass(&s.ctx, s.dit, found);
        assert_memory_equal(found, want, sizeof want);
    }
    close_streamed(&s);
}

static void test_bf16_as_stored_is_held_as_it_is(void **state)
{
    size_t bytes[2];
    for (int stored = 0; stored < 2; stored++) {
        streamed s;
        write_weights(stored ? COHL_BF16 : COHL_F32);
        open_streamed(&s, NULL, 0, COHL_F32);
        cohl_dit_memory memory = cohl_dit_memory_of(s.dit);
        assert_true(memory.kept < memory.all / 4 && memory.slot < memory.all / 4);
        bytes[stored] = memory.all;
        close_streamed(&s);
    }
    assert_true(bytes[1] < bytes[0] * 6 / 10);
}

static void test_one_network_yields_to_another_of_its_room(void **state)
{
    float want[2 * VALUES], found[2 * VALUES];
    streamed s;
    cohl_dit *other;
    write_weights(COHL_F32);
    pass_held(want, COHL_F32);
    open_streamed(&s, NULL, 0, COHL_F32);
    cohl_dit_memory memory = cohl_dit_memory_of(s.dit);
    assert_int_equal(cohl_dit_new(&other, &config, NULL), COHL_OK);
    assert_int_equal(cohl_dit_stream(other, &s.ctx, s.weights, COHL_F32, s.room, NULL), COHL_OK);
    cohl_room_limit(s.room, memory.all + memory.kept);         /* of one network, and what the other keeps */
    for (int i = 0; i < 4; i++) {
        cohl_dit *now = i % 2 ? other : s.dit;
        cohl_shelf_yield(i % 2 ? s.dit->shelf : other->shelf, now->shelf);
        pass(&s.ctx, now, found);
        assert_memory_equal(found, want, sizeof want);
    }
    cohl_dit_free(other);
    close_streamed(&s);
}

static void test_weights_of_another_network_are_refused_before_a_pass(void **state)
{
    cohl_dit_config wide = config;
    cohl_error err;
    streamed s;
    write_weights(COHL_F32);
    open_streamed(&s, NULL, 0, COHL_F32);
    cohl_dit *dit;
    wide.ffn_dim = 128;
    assert_int_equal(cohl_dit_new(&dit, &wide, NULL), COHL_OK);
    assert_int_equal(cohl_dit_stream(dit, &s.ctx, s.weights, COHL_F32, s.room, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "blocks.0.ffn.0.weight is [96, 64], expected [128, 64]"));
    cohl_dit_free(dit);
    close_streamed(&s);
}

static int make_path(void **state)
{
    int fd = mkstemps(path, sizeof ".safetensors" - 1);
    return fd < 0 || close(fd);
}

static int remove_path(void **state) { return unlink(path); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_room_gives_the_same_bytes),
        cmocka_unit_test(test_eight_bits_out_of_a_file_are_those_of_its_values),
        cmocka_unit_test(test_a_room_may_shrink_and_grow_between_passes),
        cmocka_unit_test(test_bf16_as_stored_is_held_as_it_is),
        cmocka_unit_test(test_one_network_yields_to_another_of_its_room),
        cmocka_unit_test(test_weights_of_another_network_are_refused_before_a_pass),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
