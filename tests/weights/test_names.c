/* Tests of names: every tensor of every published checkpoint, in every format and naming that it
 * travels in, binds by name and shape. The files have the real header and a hole for data.
 *
 * The lists are not in the repository: COHL_SHARED names the folder that has goldens/ in it, or it
 * stands beside the repository as shared/; without it those tests are skipped. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "base/text.h"
#include "weights/gguf.h"
#include "weights/names.h"
#include "weights/safetensors.h"
#include "weights/weights.h"

enum { TENSORS_MAX = 2048 };

/* --- the lists ---------------------------------------------------------- */

typedef struct list {
    cohl_weight weight[TENSORS_MAX];
    char        name[TENSORS_MAX][160];
    size_t      count;
} list;

static const char *const LISTS[] = {
    "wan2.1-t2v-1.3b", "wan2.1-t2v-14b", "wan2.1-i2v-14b", "wan2.1-flf2v-14b", "wan2.2-ti2v-5b",
    "wan2.2-t2v-a14b-each-expert", "wan2.2-i2v-a14b-each-expert", "wan2.1-vace-1.3b", "wan2.1-vace-14b",
    "umt5-xxl-encoder", "wan2.1-vae", "wan2.2-vae", "clip-vit-h-14-visual-part", "taew2_1", "taew2_2", "taew2_2_super",
};
enum { LIST_COUNT = sizeof LISTS / sizeof *LISTS };

static void lists_folder(char *out, size_t room)
{
    const char *shared = getenv("COHL_SHARED");
    snprintf(out, room, "%s/goldens/checkpoint-names", shared ? shared : COHL_TEST_SHARED);
}

static void read_line(list *l, char *line)
{
    char *tab = strchr(line, '\t');
    cohl_weight *w = &l->weight[l->count];
    assert_non_null(tab);
    *tab = 0;
    assert_true(strlen(line) < sizeof l->name[0]);
    strcpy(l->name[l->count], line);
    *w = (cohl_weight){ .name = l->name[l->count], .type = COHL_BF16, .count = 1 };
    for (char *size = strtok(tab + 1, "x\n"); size; size = strtok(NULL, "x\n")) {
        w->dim[w->rank++] = atoll(size);
        w->count *= (size_t)atoll(size);
    }
    l->count++;
}

/* false: the lists are not here. */
static bool read_list(list *l, const char *name)
{
    char path[600], base[512], line[256];
    lists_folder(base, sizeof base);
    snprintf(path, sizeof path, "%s/%s.tsv", base, name);
    FILE *file = fopen(path, "r");
    l->count = 0;
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        read_line(l, line);
    fclose(file);
    return l->count > 0;
}

/* --- files with a hole for data ----------------------------------------- */

static void reach(cohl_writer *out, uint64_t bytes)
{
    assert_int_equal(fflush(out->file), 0);
    assert_int_equal(ftruncate(fileno(out->file), ftello(out->file) + (off_t)bytes), 0);
}

static void hollow_safetensors(const char *path, const cohl_weight *weight, size_t count)
{
    cohl_writer out;
    cohl_error err;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += cohl_weight_bytes(&weight[i]);
    assert_int_equal(cohl_writer_open(&out, path, &err), COHL_OK);
    if (cohl_safetensors_begin(&out, weight, count, NULL, &err))
        fail_msg("%s", err.text);
    reach(&out, bytes);
    assert_int_equal(cohl_writer_close(&out, COHL_OK, &err), COHL_OK);
}

/* Matrices in Q4_K, as they travel; five sizes joined to four, and leading ones lost. */
static void hollow_gguf(const char *path, const cohl_weight *weight, size_t count)
{
    static cohl_weight bent[TENSORS_MAX];
    cohl_writer out;
    cohl_error err;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        cohl_weight *w = &bent[i];
        *w = weight[i];
        if (w->rank == 5) {
            w->dim[0] *= w->dim[1];
            memmove(w->dim + 1, w->dim + 2, 3 * sizeof *w->dim);
            w->rank = 4;
        } else if (w->rank == 3 && w->dim[0] == 1) {
            memmove(w->dim, w->dim + 1, 2 * sizeof *w->dim);
            w->rank = 2;
        } else if (w->rank == 2 && w->dim[1] % 256 == 0) {
            w->packing = cohl_packing_named("Q4_K");
        }
        bytes += (cohl_weight_bytes(w) + 31) / 32 * 32;
    }
    assert_int_equal(cohl_writer_open(&out, path, &err), COHL_OK);
    if (cohl_gguf_begin(&out, "wan", bent, count, &err))
        fail_msg("%s", err.text);
    reach(&out, bytes);
    assert_int_equal(cohl_writer_close(&out, COHL_OK, &err), COHL_OK);
}

/* Every tensor of the list, and nothing else. */
static cohl_status bind_all(const char *path, const list *l, cohl_error *err)
{
    cohl_weights *weights;
    cohl_binder binder;
    cohl_status st = cohl_weights_open(&weights, path, err);
    if (st)
        return st;
    cohl_binder_begin(&binder, weights);
    for (size_t i = 0; i < l->count; i++)
        cohl_bind(&binder, l->name[i], l->weight[i].dim, l->weight[i].rank);
    st = cohl_binder_end(&binder, COHL_SURPLUS_REFUSED, err);
    cohl_weights_close(weights);
    return st;
}

static void expect_bound(const char *path, const list *l, const char *what)
{
    cohl_error err = { 0 };
    if (bind_all(path, l, &err))
        fail_msg("%s: %s", what, err.text);
}

/* --- the way back: what the other programs call it ----------------------- */

typedef struct swap { const char *from, *to; } swap;

/* Each swap once over the whole name, in order, as diffusers' conversion script does it. */
static void swap_all(char *name, size_t room, const swap *swaps)
{
    for (; swaps->from; swaps++) {
        char *at = strstr(name, swaps->from), rest[160];
        if (!at)
            continue;
        snprintf(rest, sizeof rest, "%s", at + strlen(swaps->from));
        snprintf(at, room - (size_t)(at - name), "%s%s", swaps->to, rest);
    }
}

static void diffusers_transformer(char *name, size_t room)
{
    static const swap swaps[] = {
        { "time_embedding.0", "condition_embedder.time_embedder.linear_1" },
        { "time_embedding.2", "condition_embedder.time_embedder.linear_2" },
        { "text_embedding.0", "condition_embedder.text_embedder.linear_1" },
        { "text_embedding.2", "condition_embedder.text_embedder.linear_2" },
        { "time_projection.1", "condition_embedder.time_proj" },
        { "head.modulation", "scale_shift_table" }, { "head.head", "proj_out" },
        { "modulation", "scale_shift_table" },
        { "ffn.0", "ffn.net.0.proj" }, { "ffn.2", "ffn.net.2" },
        { "norm2", "norm__placeholder" }, { "norm3", "norm2" }, { "norm__placeholder", "norm3" },
        { "img_emb.proj.0", "condition_embedder.image_embedder.norm1" },
        { "img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj" },
        { "img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2" },
        { "img_emb.proj.4", "condition_embedder.image_embedder.norm2" },
        { "img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed" },
        { "before_proj", "proj_in" }, { "after_proj", "proj_out" },
        { "self_attn.q.", "attn1.to_q." }, { "self_attn.k.", "attn1.to_k." }, { "self_attn.v.", "attn1.to_v." },
        { "self_attn.o.", "attn1.to_out.0." }, { "self_attn.norm_", "attn1.norm_" },
        { "cross_attn.norm_k_img", "attn2.norm_added_k" },
        { "cross_attn.k_img", "attn2.add_k_proj" }, { "cross_attn.v_img", "attn2.add_v_proj" },
        { "cross_attn.q.", "attn2.to_q." }, { "cross_attn.k.", "attn2.to_k." }, { "cross_attn.v.", "attn2.to_v." },
        { "cross_attn.o.", "attn2.to_out.0." }, { "cross_attn.norm_", "attn2.norm_" }, { NULL, NULL },
    };
    swap_all(name, room, swaps);
}

static void diffusers_vae_ends(char *name, size_t room)
{
    static const swap swaps[] = {
        { "middle.0.", "mid_block.resnets.0." }, { "middle.1.", "mid_block.attentions.0." },
        { "middle.2.", "mid_block.resnets.1." }, { "head.0.gamma", "norm_out.gamma" }, { "head.2.", "conv_out." },
        { "residual.0.gamma", "norm1.gamma" }, { "residual.3.gamma", "norm2.gamma" },
        { "coder.conv1.", "coder.conv_in." },
        { "residual.2.", "conv1." }, { "residual.6.", "conv2." }, { ".shortcut.", ".conv_shortcut." }, { NULL, NULL },
    };
    if (!strncmp(name, "conv1.", 6) || !strncmp(name, "conv2.", 6)) {
        char tail[32];
        snprintf(tail, sizeof tail, "%s", name + 6);
        snprintf(name, room, "%s.%s", name[4] == '1' ? "quant_conv" : "post_quant_conv", tail);
        return;
    }
    swap_all(name, room, swaps);
}

static void diffusers_vae21(char *name, size_t room)
{
    int at, used;
    char rest[160];
    diffusers_vae_ends(name, room);
    if (sscanf(name, "decoder.upsamples.%d.%n", &at, &used) == 1) {
        snprintf(rest, sizeof rest, "%s", name + used);
        if (at % 4 == 3)
            snprintf(name, room, "decoder.up_blocks.%d.upsamplers.0.%s", at / 4, rest);
        else
            snprintf(name, room, "decoder.up_blocks.%d.resnets.%d.%s", at / 4, at % 4, rest);
    }
    swap_all(name, room, (swap[]){ { "encoder.downsamples.", "encoder.down_blocks." }, { NULL, NULL } });
}

static void diffusers_vae22(char *name, size_t room)
{
    int stage, at, used;
    char rest[160];
    diffusers_vae_ends(name, room);
    if (sscanf(name, "decoder.upsamples.%d.upsamples.%d.%n", &stage, &at, &used) == 2) {
        snprintf(rest, sizeof rest, "%s", name + used);
        if (at == 3)
            snprintf(name, room, "decoder.up_blocks.%d.upsampler.%s", stage, rest);
        else
            snprintf(name, room, "decoder.up_blocks.%d.resnets.%d.%s", stage, at, rest);
    } else if (sscanf(name, "encoder.downsamples.%d.downsamples.%d.%n", &stage, &at, &used) == 2) {
        snprintf(rest, sizeof rest, "%s", name + used);
        if (at == 2)
            snprintf(name, room, "encoder.down_blocks.%d.downsampler.%s", stage, rest);
        else
            snprintf(name, room, "encoder.down_blocks.%d.resnets.%d.%s", stage, at, rest);
    }
}

static void transformers_t5(char *name, size_t room)
{
    static const swap swaps[] = {
        { "token_embedding.weight", "shared.weight" }, { "blocks.", "encoder.block." },
        { ".norm1.", ".layer.0.layer_norm." }, { ".norm2.", ".layer.1.layer_norm." },
        { ".attn.", ".layer.0.SelfAttention." },
        { ".pos_embedding.embedding.", ".layer.0.SelfAttention.relative_attention_bias." },
        { ".ffn.gate.0.", ".layer.1.DenseReluDense.wi_0." }, { ".ffn.fc1.", ".layer.1.DenseReluDense.wi_1." },
        { ".ffn.fc2.", ".layer.1.DenseReluDense.wo." }, { NULL, NULL },
    };
    if (!strcmp(name, "norm.weight"))
        snprintf(name, room, "encoder.final_layer_norm.weight");
    else
        swap_all(name, room, swaps);
}

static void llama_t5(char *name, size_t room)
{
    static const swap swaps[] = {
        { "token_embedding.", "token_embd." }, { "blocks.", "enc.blk." }, { ".norm1.", ".attn_norm." },
        { ".norm2.", ".ffn_norm." }, { ".attn.", ".attn_" }, { ".pos_embedding.embedding.", ".attn_rel_b." },
        { ".ffn.gate.0.", ".ffn_gate." }, { ".ffn.fc1.", ".ffn_up." }, { ".ffn.fc2.", ".ffn_down." }, { NULL, NULL },
    };
    if (!strcmp(name, "norm.weight"))
        snprintf(name, room, "enc.output_norm.weight");
    else
        swap_all(name, room, swaps);
}

static void comfy_prefix(char *name, size_t room)
{
    char rest[160];
    snprintf(rest, sizeof rest, "%s", name);
    snprintf(name, room, "model.diffusion_model.%s", rest);
}

/* --- the tests ---------------------------------------------------------- */

/* The list under other names. */
static void rename_list(list *to, const list *from, void (*rename)(char *, size_t))
{
    *to = *from;
    for (size_t i = 0; i < to->count; i++) {
        rename(to->name[i], sizeof to->name[i]);
        to->weight[i].name = to->name[i];
    }
}

static void test_every_list_binds_in_every_format_and_naming(void **state)
{
    static const struct { const char *start; void (*rename)(char *, size_t); } namings[] = {
        { "wan2.1-vae", diffusers_vae21 }, { "wan2.2-vae", diffusers_vae22 },
        { "wan", diffusers_transformer }, { "wan", comfy_prefix },
        { "umt5", transformers_t5 }, { "umt5", llama_t5 },
    };
    list *l = malloc(sizeof *l), *other = malloc(sizeof *other);
    char path[128], what[160];
    for (int i = 0; i < LIST_COUNT; i++) {
        if (!read_list(l, LISTS[i])) {
            free(l), free(other);
            skip();
        }
        snprintf(path, sizeof path, "%s/hollow", folder);
        hollow_safetensors(path, l->weight, l->count);
        expect_bound(path, l, LISTS[i]);
        hollow_gguf(path, l->weight, l->count);
        snprintf(what, sizeof what, "%s as GGUF", LISTS[i]);
        expect_bound(path, l, what);
        for (size_t n = 0; n < sizeof namings / sizeof *namings; n++) {
            bool vae = strstr(LISTS[i], "vae") != NULL;
            if (strncmp(LISTS[i], namings[n].start, strlen(namings[n].start)) ||
                (vae && !strstr(namings[n].start, "vae")))
                continue;
            rename_list(other, l, namings[n].rename);
            snprintf(what, sizeof what, "%s in naming %zu", LISTS[i], n);
            hollow_safetensors(path, other->weight, other->count);
            expect_bound(path, l, what);
            hollow_gguf(path, other->weight, other->count);
            expect_bound(path, l, what);
        }
    }
    free(l), free(other);
}

/* As the transformers library holds it: query, key and value apart, and the projection turned. */
static void add_clip(list *to, const cohl_weight *w)
{
    static const swap swaps[] = {
        { "visual.cls_embedding", "vision_model.embeddings.class_embedding" },
        { "visual.pos_embedding", "vision_model.embeddings.position_embedding.weight" },
        { "visual.patch_embedding", "vision_model.embeddings.patch_embedding" },
        { "visual.pre_norm", "vision_model.pre_layrnorm" }, { "visual.post_norm", "vision_model.post_layernorm" },
        { "visual.transformer.", "vision_model.encoder.layers." }, { "visual.head", "visual_projection.weight" },
        { ".norm1.", ".layer_norm1." }, { ".norm2.", ".layer_norm2." }, { ".attn.proj.", ".self_attn.out_proj." },
        { ".mlp.0.", ".mlp.fc1." }, { ".mlp.2.", ".mlp.fc2." }, { NULL, NULL },
    };
    static const char *const thirds[] = { ".self_attn.q_proj.", ".self_attn.k_proj.", ".self_attn.v_proj." };
    bool joined = strstr(w->name, ".to_qkv.") != NULL;
    for (int k = 0; k < (joined ? 3 : 1); k++) {
        char *name = to->name[to->count];
        cohl_weight *out = &to->weight[to->count++];
        *out = *w;
        snprintf(name, sizeof to->name[0], "%s", w->name);
        swap_all(name, sizeof to->name[0], swaps);
        swap_all(name, sizeof to->name[0], (swap[]){ { ".attn.to_qkv.", thirds[k] }, { NULL, NULL } });
        out->name = name;
        if (joined)
            out->dim[0] /= 3, out->count /= 3;
        if (!strcmp(w->name, "visual.head"))
            out->dim[0] = w->dim[1], out->dim[1] = w->dim[0];
        if (!strcmp(w->name, "visual.cls_embedding"))
            out->rank = 1, out->dim[0] = w->dim[2];
        if (!strcmp(w->name, "visual.pos_embedding"))
            out->rank = 2, out->dim[0] = w->dim[1], out->dim[1] = w->dim[2];
    }
}

static void test_clip_of_the_transformers_library_binds(void **state)
{
    list *l = malloc(sizeof *l), *other = malloc(sizeof *other);
    char path[128];
    bool there = read_list(l, "clip-vit-h-14-visual-part");
    other->count = 0;
    for (size_t i = 0; there && i < l->count; i++)
        add_clip(other, &l->weight[i]);
    if (there) {
        snprintf(path, sizeof path, "%s/hollow", folder);
        hollow_safetensors(path, other->weight, other->count);
        expect_bound(path, l, "CLIP");
        snprintf(other->name[0], sizeof other->name[0], "textual.token_embedding.weight");    /* the whole release file */
        other->weight[0].name = other->name[0];
        memcpy(&other->weight[1], l->weight, l->count * sizeof *l->weight);
        hollow_safetensors(path, other->weight, l->count + 1);
        expect_bound(path, l, "CLIP with its other branch");
    }
    free(l), free(other);
    if (!there)
        skip();
}

static void test_a_missing_surplus_or_misshapen_tensor_is_named(void **state)
{
    list *l = malloc(sizeof *l), *changed = malloc(sizeof *changed);
    char path[128];
    cohl_error err;
    bool there = read_list(l, "wan2.1-t2v-1.3b");
    if (there) {
        snprintf(path, sizeof path, "%s/hollow", folder);
        *changed = *l;
        changed->count--;
        hollow_safetensors(path, changed->weight, changed->count);
        assert_int_equal(bind_all(path, l, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, l->name[l->count - 1]));
        hollow_safetensors(path, l->weight, l->count);
        assert_int_equal(bind_all(path, changed, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, "1 tensors that this network does not have"));
        assert_non_null(strstr(err.text, l->name[l->count - 1]));
        *changed = *l;
        changed->weight[7].dim[0]++;
        assert_int_equal(bind_all(path, changed, &err), COHL_ERR_FORMAT);
        assert_non_null(strstr(err.text, l->name[7]));
        assert_non_null(strstr(err.text, "is [1536], expected [1537]"));
    }
    free(l), free(changed);
    if (!there)
        skip();
}

static void test_parts_of_one_file_are_told_apart(void **state)
{
    static const float v[4] = { 1, 2, 3, 4 };
    const cohl_weight list[] = {
        { .name = "model.diffusion_model.head.weight", .type = COHL_F32, .rank = 1, .dim = { 2 }, .count = 2, .data = v },
        { .name = "vae.conv1.weight", .type = COHL_F32, .rank = 1, .dim = { 1 }, .count = 1, .data = v + 2 },
        { .name = "text_encoders.umt5xxl.transformer.shared.weight", .type = COHL_F32, .rank = 1, .dim = { 1 },
          .count = 1, .data = v + 3 },
        { .name = "text_encoders.umt5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q.weight",
          .type = COHL_F32, .rank = 1, .dim = { 1 }, .count = 1, .data = v + 3 },
    };
    static const struct { cohl_part part; size_t count; const char *name; } cases[] = {
        { COHL_PART_TRANSFORMER, 1, "head.weight" }, { COHL_PART_VAE, 1, "conv1.weight" },
        { COHL_PART_TEXT, 2, "token_embedding.weight" }, { COHL_PART_ANY, 4, "vae.conv1.weight" },
    };
    char path[128];
    snprintf(path, sizeof path, "%s/all", folder);
    assert_int_equal(cohl_safetensors_write(path, list, 4, NULL, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cohl_weights *weights;
        cohl_error err;
        if (cohl_weights_open_part(&weights, path, cases[i].part, &err))
            fail_msg("%s", err.text);
        assert_int_equal(cohl_weights_count(weights), cases[i].count);
        assert_non_null(cohl_weights_find(weights, cases[i].name));
        cohl_weights_close(weights);
    }
}

static void test_thirds_turned_and_spares_keep_their_values(void **state)
{
    static const float v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const char *const stem = "vision_model.encoder.layers.0.self_attn.%c_proj.weight";
    char name[3][96], path[128];
    cohl_weight list[5] = { { .name = "vision_model.embeddings.class_embedding", .type = COHL_F32, .rank = 1,
                              .dim = { 2 }, .count = 2, .data = v } };
    for (int k = 0; k < 3; k++) {
        snprintf(name[k], sizeof name[k], stem, "qkv"[k]);
        list[1 + k] = (cohl_weight){ .name = name[k], .type = COHL_F32, .rank = 2, .dim = { 1, 2 }, .count = 2,
                                     .data = v + 2 * k };
    }
    list[4] = (cohl_weight){ .name = "visual_projection.weight", .type = COHL_F32, .rank = 2, .dim = { 2, 4 },
                             .count = 8, .data = v };
    float back[8];
    cohl_weights *weights;
    cohl_error err;
    snprintf(path, sizeof path, "%s/clip", folder);
    assert_int_equal(cohl_safetensors_write(path, list, 5, NULL, NULL), COHL_OK);
    if (cohl_weights_open(&weights, path, &err))
        fail_msg("%s", err.text);
    assert_int_equal(cohl_weights_tensor_f32(weights, "visual.transformer.0.attn.to_qkv.weight", (int64_t[]){ 3, 2 }, 2,
                                             back, &err), COHL_OK);
    assert_memory_equal(back, v, 6 * sizeof *v);
    cohl_weight_read_f32(cohl_weights_find(weights, "visual.transformer.0.attn.to_qkv.weight"), 3, 2, back);
    assert_true(back[0] == 4 && back[1] == 5);
    assert_int_equal(cohl_weights_tensor_f32(weights, "visual.head", (int64_t[]){ 4, 2 }, 2, back, &err), COHL_OK);
    for (int i = 0; i < 4; i++)
        assert_true(back[2 * i] == v[i] && back[2 * i + 1] == v[4 + i]);
    cohl_weights_close(weights);
    assert_int_equal(cohl_safetensors_write(path, list, 3, NULL, NULL), COHL_OK);       /* no value */
    assert_int_equal(cohl_weights_open(&weights, path, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "are not all there"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_list_binds_in_every_format_and_naming),
        cmocka_unit_test(test_clip_of_the_transformers_library_binds),
        cmocka_unit_test(test_a_missing_surplus_or_misshapen_tensor_is_named),
        cmocka_unit_test(test_parts_of_one_file_are_told_apart),
        cmocka_unit_test(test_thirds_turned_and_spares_keep_their_values),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
