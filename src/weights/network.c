/* network.c - which network a file of weights holds. */
#include "weights/network.h"

#include <stdio.h>
#include <string.h>

/* Size `at` of a tensor; 0 if it is not there. */
static int64_t size_of(const cohl_weights *weights, const char *name, int at)
{
    const cohl_weight *w = cohl_weights_find(weights, name);
    return w && at < w->rank ? w->dim[at] : 0;
}

/* How many numbers from 0 on make format the name of a tensor. */
static int count_layers(const cohl_weights *weights, const char *format)
{
    enum { MOST = 1024 };
    char name[128];
    for (int i = 0; i < MOST; i++) {
        snprintf(name, sizeof name, format, i);
        if (!cohl_weights_find(weights, name))
            return i;
    }
    return MOST;
}

/* The patch embedding of a file that joined its first two sizes still has the bias for the first. */
static int64_t input_channels(const cohl_weights *weights, int64_t dim)
{
    const cohl_weight *w = cohl_weights_find(weights, "patch_embedding.weight");
    return w && dim ? (int64_t)w->count / dim / 4 : 0;
}

static const char *transformer_model(const cohl_network *n)
{
    static const struct { int64_t dim, in_dim; int layers; bool image, ends, vace; const char *model; } known[] = {
        { 1536, 16, 30, false, false, false, "Wan 2.1 T2V 1.3B" },
        { 5120, 16, 40, false, false, false, "Wan 2.1 T2V 14B, or an expert of Wan 2.2 T2V A14B" },
        { 5120, 36, 40, true, false, false, "Wan 2.1 I2V 14B" },
        { 5120, 36, 40, true, true, false, "Wan 2.1 FLF2V 14B" },
        { 5120, 36, 40, false, false, false, "an expert of Wan 2.2 I2V A14B" },
        { 3072, 48, 30, false, false, false, "Wan 2.2 TI2V 5B" },
        { 1536, 16, 30, false, false, true, "Wan 2.1 VACE 1.3B" },
        { 5120, 16, 40, false, false, true, "Wan 2.1 VACE 14B" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].dim == n->dim && known[i].in_dim == n->in_dim && known[i].layers == n->layers &&
            known[i].image == n->image && known[i].ends == n->ends && known[i].vace == (n->vace_layers > 0))
            return known[i].model;
    return NULL;
}

static void describe_transformer(cohl_network *n, const cohl_weights *w)
{
    n->name = "transformer";
    n->dim = size_of(w, "patch_embedding.bias", 0);
    n->in_dim = input_channels(w, n->dim);
    n->out_dim = size_of(w, "head.head.bias", 0) / 4;
    n->ffn_dim = size_of(w, "blocks.0.ffn.0.bias", 0);
    n->text_dim = size_of(w, "text_embedding.0.weight", 1);
    n->layers = count_layers(w, "blocks.%d.self_attn.q.weight");
    n->vace_layers = count_layers(w, "vace_blocks.%d.self_attn.q.weight");
    n->image = cohl_weights_find(w, "img_emb.proj.1.weight") != NULL;
    n->ends = cohl_weights_find(w, "img_emb.emb_pos") != NULL;
    n->model = transformer_model(n);
}

static void describe_text(cohl_network *n, const cohl_weights *w)
{
    n->name = "text encoder";
    n->dim = size_of(w, "token_embedding.weight", 1);
    n->layers = count_layers(w, "blocks.%d.attn.q.weight");
    n->model = n->dim == 4096 && n->layers == 24 ? "UMT5-XXL, of all Wan models" : NULL;
}

static void describe_vae(cohl_network *n, const cohl_weights *w)
{
    n->name = "autoencoder";
    n->dim = size_of(w, "conv2.bias", 0);
    bool staged = cohl_weights_find(w, "decoder.upsamples.0.upsamples.0.residual.0.gamma") != NULL;
    n->model = staged && n->dim == 48 ? "Wan 2.2 VAE, of TI2V 5B"
             : !staged && n->dim == 16 ? "Wan 2.1 VAE, of Wan 2.1 and of A14B" : NULL;
}

static void describe_image(cohl_network *n, const cohl_weights *w)
{
    n->name = "image encoder";
    n->dim = size_of(w, "visual.pre_norm.bias", 0);
    n->layers = count_layers(w, "visual.transformer.%d.norm1.weight");
    n->model = n->dim == 1280 && n->layers == 32 ? "CLIP ViT-H/14, of Wan 2.1 I2V" : NULL;
}

static void describe_taehv(cohl_network *n, const cohl_weights *w)
{
    n->name = "fast autoencoder";
    n->dim = size_of(w, "decoder.1.weight", 1);
    n->model = n->dim == 16 ? "taew2_1, for Wan 2.1 and A14B" : n->dim == 48 ? "taew2_2, for Wan 2.2 TI2V 5B" : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

static bool is_lora(const cohl_weights *w)
{
    static const char *const ends[] = { ".lora_A.weight", ".lora_down.weight", ".lora_A.default.weight", ".lora.down.weight" };
    for (size_t i = 0; i < cohl_weights_count(w); i++)
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            if (ends_with(cohl_weights_at(w, i)->name, ends[k]))
                return true;
    return false;
}

cohl_network cohl_network_identify(const cohl_weights *weights)
{
    static const struct { const char *mark; cohl_network_kind kind; void (*describe)(cohl_network *, const cohl_weights *); }
    kinds[] = {
        { "patch_embedding.bias", COHL_NETWORK_TRANSFORMER, describe_transformer },
        { "blocks.0.attn.q.weight", COHL_NETWORK_TEXT, describe_text },
        { "decoder.middle.0.residual.2.weight", COHL_NETWORK_VAE, describe_vae },
        { "visual.pre_norm.bias", COHL_NETWORK_IMAGE, describe_image },
        { "decoder.3.conv.0.weight", COHL_NETWORK_TAEHV, describe_taehv },
    };
    cohl_network n = { .kind = COHL_NETWORK_UNKNOWN, .name = "unknown" };
    if (is_lora(weights)) {
        n.kind = COHL_NETWORK_LORA;
        n.name = "LoRA";
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !n.kind; i++)
        if (cohl_weights_find(weights, kinds[i].mark)) {
            n.kind = kinds[i].kind;
            kinds[i].describe(&n, weights);
        }
    for (size_t i = 0; i < cohl_weights_count(weights); i++)
        n.parameters += (int64_t)cohl_weights_at(weights, i)->count;
    return n;
}
