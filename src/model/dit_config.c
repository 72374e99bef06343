/* dit_config.c - what a transformer's files say of its sizes, in the spellings there are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/dit_net.h"

/* What the releases leave unsaid. */
enum { TEXT_DIM = 4096, TEXT_LEN = 512, FREQ_DIM = 256, HEAD_DIM = 128, IMAGE_DIM = 1280, IMAGE_TOKENS = 257,
       CONTROL_DIM = 96 };

/* ---- rules of both spellings --------------------------------------------- */

static cohl_status check(const cohl_dit_config *c, const char *name, cohl_error *err)
{
    if (c->dim % c->num_heads || c->dim / c->num_heads % 2 || c->freq_dim % 2)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: dim %d does not split into %d heads of even width, or "
                         "freq_dim %d is odd", name, c->dim, c->num_heads, c->freq_dim);
    if (c->position_dim % 2)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: position_dim is %d, expected an even number: half of it for rows, half for "
                         "columns", name, c->position_dim);
    if (c->pooled_text_dim && c->pooled_text_dim != c->text_dim)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: pooled_text_dim is %d, expected 0 or text_dim %d", name,
                         c->pooled_text_dim, c->text_dim);
    if (c->data_std_count && (c->data_std_count != c->in_dim || c->data_std_count != c->out_dim))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: data_std lists %d channels, expected as many as in_dim %d and out_dim %d",
                         name, c->data_std_count, c->in_dim, c->out_dim);
    for (int i = 0; i < c->control_count; i++)
        if (c->control_layer[i] >= c->num_layers || (i && c->control_layer[i] <= c->control_layer[i - 1]))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: vace_layers[%d] is %d, expected rising numbers of blocks, "
                             "0 to %d", name, i, c->control_layer[i], c->num_layers - 1);
    return COHL_OK;
}

/* Hints follow blocks at equal distances from the first. */
static void space_control(cohl_dit_config *c, int count)
{
    int stride = count ? (c->num_layers + count - 1) / count : 1;
    c->control_count = 0;
    for (int i = 0; i < count && i < COHL_DIT_CONTROL_MAX && i * stride < c->num_layers; i++)
        c->control_layer[c->control_count++] = i * stride;
}

/* "vace_layers" where the file has it; else every second block, as the official class fills it in. */
static void read_control(cohl_dit_config *c, cohl_config *json)
{
    if (cohl_config_has(json, "vace_layers"))
        cohl_config_ints(json, "vace_layers", 0, 1023, 1, COHL_DIT_CONTROL_MAX, c->control_layer, &c->control_count);
    else
        space_control(c, (c->num_layers + 1) / 2);
}

/* ---- the Wan release's spelling ------------------------------------------ */

static cohl_status read_type(cohl_dit_config *c, cohl_config *json, const char *type, cohl_error *err)
{
    bool image = !strcmp(type, "i2v"), ends = !strcmp(type, "flf2v"), control = !strcmp(type, "vace");
    bool plain = !strcmp(type, "t2v") || !strcmp(type, "ti2v") || !strcmp(type, "i2v22");
    if (!plain && !image && !ends && !control)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: transformers of type \"%s\" are not supported; \"t2v\", "
                         "\"ti2v\", \"i2v\", \"i2v22\", \"flf2v\" and \"vace\" are", cohl_config_name(json), type);
    cohl_config_int_or(json, "clip_dim", 0, 65536, image || ends ? IMAGE_DIM : 0, &c->image_dim);
    cohl_config_int_or(json, "clip_positions", 0, 65536, ends ? 2 * IMAGE_TOKENS : 0, &c->image_positions);
    if (control) {
        cohl_config_int_or(json, "vace_in_dim", 1, 4096, CONTROL_DIM, &c->control_dim);
        read_control(c, json);
    }
    return cohl_config_done(json, err);
}

/* "data_std": of each channel. */
static void read_deviations(cohl_dit_config *c, cohl_config *json)
{
    double deviation[COHL_DIT_DATA_MAX] = { 0 };
    if (cohl_config_has(json, "data_std"))
        cohl_config_floats(json, "data_std", 1e-3, 1e3, 1, COHL_DIT_DATA_MAX, deviation, &c->data_std_count);
    for (int i = 0; i < c->data_std_count; i++)
        c->data_std[i] = (float)deviation[i];
}

static cohl_status read_release(cohl_dit_config *c, cohl_config *json, cohl_error *err)
{
    const char *type;
    bool qk_norm, cross_norm;
    double eps;
    cohl_status st;
    cohl_config_string_or(json, "model_type", "t2v", &type);
    cohl_config_int_or(json, "in_dim", 1, 4096, 16, &c->in_dim);
    cohl_config_int_or(json, "out_dim", 1, 4096, 16, &c->out_dim);
    cohl_config_int(json, "dim", 1, 65536, &c->dim);
    cohl_config_int(json, "ffn_dim", 1, 1 << 20, &c->ffn_dim);
    cohl_config_int(json, "num_heads", 1, 1024, &c->num_heads);
    cohl_config_int(json, "num_layers", 1, 1024, &c->num_layers);
    cohl_config_int_or(json, "freq_dim", 2, 65536, FREQ_DIM, &c->freq_dim);
    cohl_config_int_or(json, "text_dim", 1, 65536, TEXT_DIM, &c->text_dim);
    cohl_config_int_or(json, "text_len", 1, 65536, TEXT_LEN, &c->text_len);
    cohl_config_float_or(json, "eps", 0, 1, 1e-6, &eps);
    cohl_config_bool_or(json, "qk_norm", true, &qk_norm);
    cohl_config_bool_or(json, "cross_attn_norm", true, &cross_norm);
    cohl_config_int_or(json, "pooled_text_dim", 0, 65536, 0, &c->pooled_text_dim);
    cohl_config_int_or(json, "camera_dim", 0, 65536, 0, &c->camera_dim);
    cohl_config_float_or(json, "rope_theta", 1, 1e9, COHL_DIT_ROPE_THETA, &c->rope_theta);
    cohl_config_float_or(json, "rope_scale", 1e-3, 1e3, 1, &c->rope_scale);
    cohl_config_int_or(json, "position_dim", 0, 4096, 0, &c->position_dim);
    read_deviations(c, json);
    if ((st = cohl_config_done(json, err)) || (st = read_type(c, json, type, err)))
        return st;
    c->eps = (float)eps;
    if (!qk_norm || !cross_norm)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: a transformer without qk_norm or cross_attn_norm, "
                         "expected both", cohl_config_name(json));
    return COHL_OK;
}

/* ---- the diffusers library's spelling ------------------------------------ */

static cohl_status read_diffusers(cohl_dit_config *c, cohl_config *json, cohl_error *err)
{
    const char *norm;
    bool cross_norm;
    double eps;
    int head_dim;
    cohl_status st;
    cohl_config_int(json, "in_channels", 1, 4096, &c->in_dim);
    cohl_config_int_or(json, "out_channels", 1, 4096, c->in_dim, &c->out_dim);
    cohl_config_int(json, "num_attention_heads", 1, 1024, &c->num_heads);
    cohl_config_int(json, "attention_head_dim", 2, 1024, &head_dim);
    cohl_config_int(json, "ffn_dim", 1, 1 << 20, &c->ffn_dim);
    cohl_config_int(json, "num_layers", 1, 1024, &c->num_layers);
    cohl_config_int_or(json, "freq_dim", 2, 65536, FREQ_DIM, &c->freq_dim);
    cohl_config_int_or(json, "text_dim", 1, 65536, TEXT_DIM, &c->text_dim);
    cohl_config_float_or(json, "eps", 0, 1, 1e-6, &eps);
    cohl_config_string_or(json, "qk_norm", "rms_norm_across_heads", &norm);
    cohl_config_bool_or(json, "cross_attn_norm", true, &cross_norm);
    cohl_config_int_or(json, "image_dim", 0, 65536, 0, &c->image_dim);
    cohl_config_int_or(json, "pos_embed_seq_len", 0, 65536, 0, &c->image_positions);
    if (cohl_config_has(json, "vace_layers")) {
        cohl_config_int_or(json, "vace_in_channels", 1, 4096, CONTROL_DIM, &c->control_dim);
        read_control(c, json);
    }
    if ((st = cohl_config_done(json, err)))
        return st;
    c->dim = c->num_heads * head_dim;
    c->text_len = TEXT_LEN;
    c->eps = (float)eps;
    if (strcmp(norm, "rms_norm_across_heads") || !cross_norm)
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: qk_norm is \"%.40s\"%s, expected \"rms_norm_across_heads\" "
                         "and cross_attn_norm", cohl_config_name(json), norm, cross_norm ? "" : " without cross_attn_norm");
    return COHL_OK;
}

cohl_status cohl_dit_config_read(cohl_dit_config *out, cohl_config *json, cohl_error *err)
{
    *out = (cohl_dit_config){ 0 };
    bool diffusers = cohl_config_has(json, "num_attention_heads");
    cohl_status st = diffusers ? read_diffusers(out, json, err) : read_release(out, json, err);
    return st ? st : check(out, cohl_config_name(json), err);
}

/* ---- from the weights ---------------------------------------------------- */

/* Dimension `axis` of a weight, 0 when there is none of this name or rank. */
static int dimension(const cohl_weights *weights, const char *name, int rank, int axis)
{
    const cohl_weight *w = cohl_weights_find(weights, name);
    bool fits = w && w->rank == rank && w->dim[axis] >= 1 && w->dim[axis] <= 1 << 20;
    return fits ? (int)w->dim[axis] : 0;
}

/* How often `width` values a weight holds, 0 when there is none of this name. Its shape may be another
 * than the release's: GGUF files join the first of five sizes and lose leading ones. */
static int rows_of(const cohl_weights *weights, const char *name, int width)
{
    const cohl_weight *w = cohl_weights_find(weights, name);
    bool fits = w && w->count % (size_t)width == 0 && w->count / (size_t)width <= 1 << 20;
    return fits ? (int)(w->count / (size_t)width) : 0;
}

/* Blocks of a list, counted by what each has. */
static int count_blocks(const cohl_weights *weights, const char *list)
{
    char name[64];
    int count = 0;
    do {
        snprintf(name, sizeof name, "%s.%d.ffn.0.weight", list, count);
    } while (count < 1024 && cohl_weights_find(weights, name) && ++count);
    return count;
}

void cohl_dit_config_fit(cohl_dit_config *c, const cohl_weights *weights)
{
    c->image_dim = dimension(weights, "img_emb.proj.0.weight", 1, 0);
    c->image_positions = c->image_dim ? rows_of(weights, "img_emb.emb_pos", c->image_dim) : 0;
}

cohl_status cohl_dit_config_infer(cohl_dit_config *out, const cohl_weights *weights, cohl_error *err)
{
    cohl_dit_config c = { .text_len = TEXT_LEN, .eps = 1e-6f };
    const struct { int *to; const char *name; int rank, axis; } places[] = {
        { &c.dim, "patch_embedding.bias", 1, 0 },
        { &c.text_dim, "text_embedding.0.weight", 2, 1 }, { &c.freq_dim, "time_embedding.0.weight", 2, 1 },
        { &c.ffn_dim, "blocks.0.ffn.0.weight", 2, 0 }, { &c.out_dim, "head.head.weight", 2, 0 },
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!(*places[i].to = dimension(weights, places[i].name, places[i].rank, places[i].axis)))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no %s of rank %d, so it is no Wan transformer",
                             cohl_weights_path(weights), places[i].name, places[i].rank);
    c.in_dim = rows_of(weights, "patch_embedding.weight", c.dim * COHL_DIT_PATCH * COHL_DIT_PATCH);
    c.out_dim /= COHL_DIT_PATCH * COHL_DIT_PATCH;
    c.num_layers = count_blocks(weights, "blocks");
    c.num_heads = c.dim / HEAD_DIM;
    if (c.dim % HEAD_DIM || c.in_dim < 1 || c.out_dim < 1)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: patch_embedding is %d wide, for %d channels in and %d out; expected "
                         "a multiple of %d, for some", cohl_weights_path(weights), c.dim, c.in_dim, c.out_dim, HEAD_DIM);
    cohl_dit_config_fit(&c, weights);
    c.control_dim = rows_of(weights, "vace_patch_embedding.weight", c.dim * COHL_DIT_PATCH * COHL_DIT_PATCH);
    if (c.control_dim)
        space_control(&c, count_blocks(weights, "vace_blocks"));
    *out = c;
    return check(out, cohl_weights_path(weights), err);
}
