/* dit_net.h - the inside of the transformer; for dit*.c only. */
#ifndef COHL_MODEL_DIT_NET_H
#define COHL_MODEL_DIT_NET_H

#include "model/dit.h"
#include "tensor/ops.h"

typedef struct dit_attention {
    cohl_affine  q, k, v, o;        /* [dim, dim] */
    cohl_tensor *norm_q, *norm_k;   /* [dim]: over all heads together */
} dit_attention;

typedef struct dit_block {
    cohl_tensor  *modulation;       /* [6 dim]: shift, scale, gate of attention, then of the FFN */
    dit_attention self, cross;
    cohl_affine   norm3;            /* [dim], before the cross-attention */
    cohl_affine   ffn_in, ffn_out;  /* [ffn_dim, dim], [dim, ffn_dim] */
} dit_block;

struct cohl_dit_net {
    cohl_affine  patch;             /* [dim, 4 in_dim]: channel slowest, then row, column */
    cohl_affine  text_in, text_out, time_in, time_out, time_projection;
    cohl_affine  head;              /* [4 out_dim, dim]: row, column, then channel fastest */
    cohl_tensor *head_modulation;   /* [2 dim]: shift, scale */
    cohl_tensor *pooled, *camera;   /* [dim, text_dim], [dim, camera_dim], or NULL */
    dit_block    block[];
};

/* A row of text states is a key of a cross-attention; a time has a group of
 * tokens, a frame's or one. */
struct cohl_dit_clip {
    int          cells, tokens, frames, groups, sample_count;
    cohl_tensor *patch_cell;        /* I32 [cells]: the cells in the order tokens take them */
    cohl_tensor *cell_patch;        /* I32 [cells]: and back */
    cohl_tensor *group;             /* I32 [tokens]: the time a token has */
    cohl_tensor *turn;              /* [tokens, head_dim/2, 2]: cos, sin of the position */
    cohl_span   *self, *cross;      /* [sample_count] */
    cohl_tensor *added;             /* [groups, dim] for the time embedding, or NULL */
    cohl_tensor **k, **v;           /* [num_layers]: of the cross-attentions [rows, heads, head_dim] */
};

cohl_dit_net *dit_net_new(const cohl_dit_config *config, cohl_params *params);
cohl_tensor  *dit_affine(cohl_ctx *ctx, cohl_tensor *x, cohl_affine affine);
/* [rows, dim] -> [rows, heads, dim / heads] */
cohl_tensor  *dit_heads(cohl_ctx *ctx, cohl_tensor *x, int heads);

#endif
