/* names.c - other programs' names for the tensors of the Wan family.
 *
 * Sources: the diffusers library's scripts/convert_wan_to_diffusers.py for its
 * transformer and autoencoder; the transformers library's T5 and CLIP vision
 * classes; llama.cpp's gguf-py/gguf/constants.py for text encoders in GGUF; the
 * prefixes that ComfyUI reads. */
#include "weights/names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEEP COHL_NAME_KEEP
#define END  { NULL, NULL, KEEP }

static const cohl_name_rule TRANSFORMER[] = {
    { "condition_embedder.time_embedder.linear_1.*", "time_embedding.0.*", KEEP },
    { "condition_embedder.time_embedder.linear_2.*", "time_embedding.2.*", KEEP },
    { "condition_embedder.text_embedder.linear_1.*", "text_embedding.0.*", KEEP },
    { "condition_embedder.text_embedder.linear_2.*", "text_embedding.2.*", KEEP },
    { "condition_embedder.time_proj.*", "time_projection.1.*", KEEP },
    { "condition_embedder.image_embedder.norm1.*", "img_emb.proj.0.*", KEEP },
    { "condition_embedder.image_embedder.ff.net.0.proj.*", "img_emb.proj.1.*", KEEP },
    { "condition_embedder.image_embedder.ff.net.2.*", "img_emb.proj.3.*", KEEP },
    { "condition_embedder.image_embedder.norm2.*", "img_emb.proj.4.*", KEEP },
    { "condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos", KEEP },
    { "scale_shift_table", "head.modulation", KEEP },
    { "proj_out.*", "head.head.*", KEEP },
    { "%.#.scale_shift_table", "%.#.modulation", KEEP },
    { "%.#.attn1.to_q.*", "%.#.self_attn.q.*", KEEP },
    { "%.#.attn1.to_k.*", "%.#.self_attn.k.*", KEEP },
    { "%.#.attn1.to_v.*", "%.#.self_attn.v.*", KEEP },
    { "%.#.attn1.to_out.0.*", "%.#.self_attn.o.*", KEEP },
    { "%.#.attn1.norm_q.*", "%.#.self_attn.norm_q.*", KEEP },
    { "%.#.attn1.norm_k.*", "%.#.self_attn.norm_k.*", KEEP },
    { "%.#.attn2.to_q.*", "%.#.cross_attn.q.*", KEEP },
    { "%.#.attn2.to_k.*", "%.#.cross_attn.k.*", KEEP },
    { "%.#.attn2.to_v.*", "%.#.cross_attn.v.*", KEEP },
    { "%.#.attn2.to_out.0.*", "%.#.cross_attn.o.*", KEEP },
    { "%.#.attn2.norm_q.*", "%.#.cross_attn.norm_q.*", KEEP },
    { "%.#.attn2.norm_k.*", "%.#.cross_attn.norm_k.*", KEEP },
    { "%.#.attn2.add_k_proj.*", "%.#.cross_attn.k_img.*", KEEP },
    { "%.#.attn2.add_v_proj.*", "%.#.cross_attn.v_img.*", KEEP },
    { "%.#.attn2.norm_added_k.*", "%.#.cross_attn.norm_k_img.*", KEEP },
    { "%.#.norm2.*", "%.#.norm3.*", KEEP },
    { "%.#.ffn.net.0.proj.*", "%.#.ffn.0.*", KEEP },
    { "%.#.ffn.net.2.*", "%.#.ffn.2.*", KEEP },
    { "vace_blocks.#.proj_in.*", "vace_blocks.#.before_proj.*", KEEP },
    { "vace_blocks.#.proj_out.*", "vace_blocks.#.after_proj.*", KEEP },
    END
};

/* The parts of a residual block, wherever it stands. */
static const cohl_name_rule VAE_INNER[] = {
    { "%.mid_block.resnets.#.norm1.*", "%.mid_block.resnets.#.residual.0.*", KEEP },
    { "%.mid_block.resnets.#.conv1.*", "%.mid_block.resnets.#.residual.2.*", KEEP },
    { "%.mid_block.resnets.#.norm2.*", "%.mid_block.resnets.#.residual.3.*", KEEP },
    { "%.mid_block.resnets.#.conv2.*", "%.mid_block.resnets.#.residual.6.*", KEEP },
    { "%.%.#.norm1.*", "%.%.#.residual.0.*", KEEP },
    { "%.%.#.conv1.*", "%.%.#.residual.2.*", KEEP },
    { "%.%.#.norm2.*", "%.%.#.residual.3.*", KEEP },
    { "%.%.#.conv2.*", "%.%.#.residual.6.*", KEEP },
    { "%.%.#.conv_shortcut.*", "%.%.#.shortcut.*", KEEP },
    { "%.%.#.resnets.#.norm1.*", "%.%.#.resnets.#.residual.0.*", KEEP },
    { "%.%.#.resnets.#.conv1.*", "%.%.#.resnets.#.residual.2.*", KEEP },
    { "%.%.#.resnets.#.norm2.*", "%.%.#.resnets.#.residual.3.*", KEEP },
    { "%.%.#.resnets.#.conv2.*", "%.%.#.resnets.#.residual.6.*", KEEP },
    { "%.%.#.resnets.#.conv_shortcut.*", "%.%.#.resnets.#.shortcut.*", KEEP },
    END
};

#define VAE_ENDS                                                       \
    { "%.conv_in.*", "%.conv1.*", KEEP },                              \
    { "%.mid_block.resnets.0.*", "%.middle.0.*", KEEP },               \
    { "%.mid_block.attentions.0.*", "%.middle.1.*", KEEP },            \
    { "%.mid_block.resnets.1.*", "%.middle.2.*", KEEP },               \
    { "%.norm_out.*", "%.head.0.*", KEEP },                            \
    { "%.conv_out.*", "%.head.2.*", KEEP },                            \
    { "quant_conv.*", "conv1.*", KEEP },                               \
    { "post_quant_conv.*", "conv2.*", KEEP }

/* Wan 2.1: one list of blocks a side, of which the decoder's are told in groups of four. */
static const cohl_name_rule VAE21[] = {
    VAE_ENDS,
    { "encoder.down_blocks.#.*", "encoder.downsamples.#.*", KEEP },
    { "decoder.up_blocks.0.resnets.#.*", "decoder.upsamples.#.*", KEEP },
    { "decoder.up_blocks.0.upsamplers.0.*", "decoder.upsamples.3.*", KEEP },
    { "decoder.up_blocks.1.resnets.0.*", "decoder.upsamples.4.*", KEEP },
    { "decoder.up_blocks.1.resnets.1.*", "decoder.upsamples.5.*", KEEP },
    { "decoder.up_blocks.1.resnets.2.*", "decoder.upsamples.6.*", KEEP },
    { "decoder.up_blocks.1.upsamplers.0.*", "decoder.upsamples.7.*", KEEP },
    { "decoder.up_blocks.2.resnets.0.*", "decoder.upsamples.8.*", KEEP },
    { "decoder.up_blocks.2.resnets.1.*", "decoder.upsamples.9.*", KEEP },
    { "decoder.up_blocks.2.resnets.2.*", "decoder.upsamples.10.*", KEEP },
    { "decoder.up_blocks.2.upsamplers.0.*", "decoder.upsamples.11.*", KEEP },
    { "decoder.up_blocks.3.resnets.0.*", "decoder.upsamples.12.*", KEEP },
    { "decoder.up_blocks.3.resnets.1.*", "decoder.upsamples.13.*", KEEP },
    { "decoder.up_blocks.3.resnets.2.*", "decoder.upsamples.14.*", KEEP },
    END
};

/* Wan 2.2: stages of blocks. */
static const cohl_name_rule VAE22[] = {
    VAE_ENDS,
    { "encoder.down_blocks.#.resnets.#.*", "encoder.downsamples.#.downsamples.#.*", KEEP },
    { "encoder.down_blocks.#.downsampler.*", "encoder.downsamples.#.downsamples.2.*", KEEP },
    { "decoder.up_blocks.#.resnets.#.*", "decoder.upsamples.#.upsamples.#.*", KEEP },
    { "decoder.up_blocks.#.upsampler.*", "decoder.upsamples.#.upsamples.3.*", KEEP },
    END
};

static const cohl_name_rule T5[] = {
    { "shared.weight", "token_embedding.weight", KEEP },
    { "encoder.embed_tokens.weight", "token_embedding.weight", COHL_NAME_SPARE },
    { "encoder.block.#.layer.0.SelfAttention.q.*", "blocks.#.attn.q.*", KEEP },
    { "encoder.block.#.layer.0.SelfAttention.k.*", "blocks.#.attn.k.*", KEEP },
    { "encoder.block.#.layer.0.SelfAttention.v.*", "blocks.#.attn.v.*", KEEP },
    { "encoder.block.#.layer.0.SelfAttention.o.*", "blocks.#.attn.o.*", KEEP },
    { "encoder.block.#.layer.0.SelfAttention.relative_attention_bias.*", "blocks.#.pos_embedding.embedding.*", KEEP },
    { "encoder.block.#.layer.0.layer_norm.*", "blocks.#.norm1.*", KEEP },
    { "encoder.block.#.layer.1.DenseReluDense.wi_0.*", "blocks.#.ffn.gate.0.*", KEEP },
    { "encoder.block.#.layer.1.DenseReluDense.wi_1.*", "blocks.#.ffn.fc1.*", KEEP },
    { "encoder.block.#.layer.1.DenseReluDense.wo.*", "blocks.#.ffn.fc2.*", KEEP },
    { "encoder.block.#.layer.1.layer_norm.*", "blocks.#.norm2.*", KEEP },
    { "encoder.final_layer_norm.*", "norm.*", KEEP },
    { "decoder.*", "", COHL_NAME_DROP },             /* the half of the whole T5 that writes text */
    { "lm_head.*", "", COHL_NAME_DROP },
    END
};

static const cohl_name_rule LLAMA_T5[] = {
    { "token_embd.*", "token_embedding.*", KEEP },
    { "enc.blk.#.attn_q.*", "blocks.#.attn.q.*", KEEP },
    { "enc.blk.#.attn_k.*", "blocks.#.attn.k.*", KEEP },
    { "enc.blk.#.attn_v.*", "blocks.#.attn.v.*", KEEP },
    { "enc.blk.#.attn_o.*", "blocks.#.attn.o.*", KEEP },
    { "enc.blk.#.attn_rel_b.*", "blocks.#.pos_embedding.embedding.*", KEEP },
    { "enc.blk.#.attn_norm.*", "blocks.#.norm1.*", KEEP },
    { "enc.blk.#.ffn_gate.*", "blocks.#.ffn.gate.0.*", KEEP },
    { "enc.blk.#.ffn_up.*", "blocks.#.ffn.fc1.*", KEEP },
    { "enc.blk.#.ffn_down.*", "blocks.#.ffn.fc2.*", KEEP },
    { "enc.blk.#.ffn_norm.*", "blocks.#.norm2.*", KEEP },
    { "enc.output_norm.*", "norm.*", KEEP },
    { "dec.*", "", COHL_NAME_DROP },
    END
};

static const cohl_name_rule CLIP[] = {
    { "vision_model.embeddings.class_embedding", "visual.cls_embedding", KEEP },
    { "vision_model.embeddings.position_embedding.weight", "visual.pos_embedding", KEEP },
    { "vision_model.embeddings.patch_embedding.*", "visual.patch_embedding.*", KEEP },
    { "vision_model.embeddings.position_ids", "", COHL_NAME_DROP },
    { "vision_model.pre_layrnorm.*", "visual.pre_norm.*", KEEP },
    { "vision_model.encoder.layers.#.layer_norm1.*", "visual.transformer.#.norm1.*", KEEP },
    { "vision_model.encoder.layers.#.layer_norm2.*", "visual.transformer.#.norm2.*", KEEP },
    { "vision_model.encoder.layers.#.self_attn.q_proj.*", "visual.transformer.#.attn.to_qkv.*", COHL_NAME_FIRST },
    { "vision_model.encoder.layers.#.self_attn.k_proj.*", "visual.transformer.#.attn.to_qkv.*", COHL_NAME_SECOND },
    { "vision_model.encoder.layers.#.self_attn.v_proj.*", "visual.transformer.#.attn.to_qkv.*", COHL_NAME_THIRD },
    { "vision_model.encoder.layers.#.self_attn.out_proj.*", "visual.transformer.#.attn.proj.*", KEEP },
    { "vision_model.encoder.layers.#.mlp.fc1.*", "visual.transformer.#.mlp.0.*", KEEP },
    { "vision_model.encoder.layers.#.mlp.fc2.*", "visual.transformer.#.mlp.2.*", KEEP },
    { "vision_model.post_layernorm.*", "visual.post_norm.*", KEEP },
    { "visual_projection.weight", "visual.head", COHL_NAME_TURNED },
    { "text_model.*", "", COHL_NAME_DROP },
    { "text_projection.*", "", COHL_NAME_DROP },
    END
};

/* The release's CLIP file holds both branches; films need the one that sees. */
static const cohl_name_rule CLIP_WHOLE[] = {
    { "textual.*", "", COHL_NAME_DROP },
    { "log_scale", "", COHL_NAME_DROP },
    END
};

static const cohl_naming transformer = { "diffusers", "condition_embedder.time_proj.weight", NULL, TRANSFORMER };
static const cohl_naming vae21 = { "diffusers", "decoder.up_blocks.0.upsamplers.0.resample.1.weight", VAE_INNER, VAE21 };
static const cohl_naming vae22 = { "diffusers", "decoder.up_blocks.0.upsampler.resample.1.weight", VAE_INNER, VAE22 };
static const cohl_naming t5 = { "transformers", "encoder.block.0.layer.0.SelfAttention.q.weight", NULL, T5 };
static const cohl_naming llama_t5 = { "llama.cpp", "enc.blk.0.attn_q.weight", NULL, LLAMA_T5 };
static const cohl_naming clip = { "transformers", "vision_model.embeddings.class_embedding", NULL, CLIP };
static const cohl_naming clip_whole = { "original", "visual.cls_embedding", NULL, CLIP_WHOLE };
static const cohl_naming original = { "original", NULL, NULL, NULL };

const cohl_naming *const cohl_namings[] = { &transformer, &vae21, &vae22, &t5, &llama_t5, &clip, &clip_whole, &original,
                                            NULL };

const cohl_naming *cohl_naming_named(const char *name)
{
    for (int i = 0; cohl_namings[i]; i++)
        if (!strcmp(cohl_namings[i]->name, name))
            return cohl_namings[i];
    return NULL;
}

/* ---- matching ------------------------------------------------------------ */

/* What the wildcards of a pattern matched, in order. */
enum { WILDCARDS_MAX = 6 };

typedef struct match {
    const char *at[WILDCARDS_MAX];
    size_t      length[WILDCARDS_MAX];
    int         count;
} match;

static size_t word_length(const char *name, char wildcard)
{
    return wildcard == '*' ? strlen(name) : wildcard == '#' ? strspn(name, "0123456789") : strcspn(name, ".");
}

static bool matches(match *m, const char *pattern, const char *name)
{
    m->count = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '#' && *pattern != '%' && *pattern != '*') {
            if (*pattern != *name++)
                return false;
            continue;
        }
        size_t length = word_length(name, *pattern);
        if (!length)
            return false;
        assert(m->count < WILDCARDS_MAX);
        m->at[m->count] = name;
        m->length[m->count++] = length;
        name += length;
    }
    return !*name;
}

static void fill(char out[COHL_NAME_MAX], const char *pattern, const match *m)
{
    size_t used = 0;
    int next = 0;
    for (; *pattern && used < COHL_NAME_MAX - 1; pattern++) {
        if (*pattern != '#' && *pattern != '%' && *pattern != '*') {
            out[used++] = *pattern;
            continue;
        }
        size_t length = m->length[next], room = COHL_NAME_MAX - 1 - used;
        memcpy(out + used, m->at[next], length < room ? length : room);
        used += length < room ? length : room;
        next++;
    }
    out[used] = 0;
}

static cohl_name_deed apply(char out[COHL_NAME_MAX], const cohl_name_rule *rules, const char *name)
{
    match m;
    for (const cohl_name_rule *rule = rules; rule && rule->from; rule++)
        if (matches(&m, rule->from, name)) {
            fill(out, rule->to, &m);
            return rule->deed;
        }
    snprintf(out, COHL_NAME_MAX, "%s", name);
    return KEEP;
}

cohl_name_deed cohl_name_translate(char out[COHL_NAME_MAX], const cohl_naming *naming, const char *name)
{
    char between[COHL_NAME_MAX];
    apply(between, naming->inner, name);
    return apply(out, naming->outer, between);
}

/* ---- prefixes and extras ------------------------------------------------- */

size_t cohl_name_prefix(const char *name, cohl_part *part)
{
    static const struct { const char *prefix; cohl_part part; } known[] = {
        { "model.diffusion_model.", COHL_PART_TRANSFORMER },
        { "diffusion_model.", COHL_PART_TRANSFORMER },
        { "first_stage_model.", COHL_PART_VAE },
        { "vae.", COHL_PART_VAE },
        { "text_encoders.umt5xxl.transformer.", COHL_PART_TEXT },
        { "text_encoders.umt5xxl.", COHL_PART_TEXT },
        { "text_encoder.", COHL_PART_TEXT },
        { "clip_vision.", COHL_PART_IMAGE },
        { "image_encoder.", COHL_PART_IMAGE },
        { "module.", COHL_PART_ANY },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].prefix);
        if (!strncmp(name, known[i].prefix, length)) {
            *part = known[i].part;
            return length;
        }
    }
    *part = COHL_PART_ANY;
    return 0;
}

bool cohl_name_is_extra(const char *name)
{
    static const char *const tails[] = { "scale_weight", "weight_scale", "scale_input", "input_scale", "comfy_quant",
                                         "scaled_fp8", "spiece_model", "logit_scale", "position_ids" };
    const char *dot = strrchr(name, '.'), *tail = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (!strcmp(tail, tails[i]))
            return true;
    return false;
}
