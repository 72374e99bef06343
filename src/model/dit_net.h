/* dit_net.h - the inside of the transformer; for dit*.c only. */
#ifndef COHL_MODEL_DIT_NET_H
#define COHL_MODEL_DIT_NET_H

#include "model/dit.h"
#include "tensor/ops.h"

typedef struct dit_attention {
    cohl_affine  q, k, v, o;        /* [dim, dim] */
    cohl_tensor *norm_q, *norm_k;   /* [dim]: over all heads together */
    cohl_affine  k_image, v_image;  /* for image tokens; weight NULL = none */
    cohl_tensor *norm_k_image;
} dit_attention;

/* A network's parameters in the parts that are brought together: those before the blocks that make
 * the text's and the time's embedding, then three of each block. The others are always held. */
enum { DIT_SELF, DIT_CROSS, DIT_FEED, DIT_PARTS };
typedef struct dit_part { int first, count; } dit_part;

typedef struct dit_block {
    cohl_tensor  *modulation;       /* [6 dim]: shift, scale, gate of attention, then of the FFN */
    dit_attention self, cross;
    cohl_affine   norm3;            /* [dim], before the cross-attention */
    cohl_affine   ffn_in, ffn_out;  /* [ffn_dim, dim], [dim, ffn_dim] */
    cohl_affine   before, after;    /* [dim, dim], of a control branch: into its first block, and
                                       from each to its hint; weight NULL = none; in the third part */
    dit_part      part[DIT_PARTS];
} dit_block;

/* Image tokens to the width of the network. */
typedef struct dit_image {
    cohl_tensor *position;          /* [image_positions, image_dim], or NULL */
    cohl_affine  norm_in, norm_out; /* [image_dim], [dim] */
    cohl_affine  in, out;           /* [image_dim, image_dim], [dim, image_dim] */
} dit_image;

struct cohl_dit_net {
    cohl_affine  patch;             /* [dim, 4 in_dim]: channel slowest, then row, column */
    cohl_affine  text_in, text_out, time_in, time_out, time_projection;
    cohl_affine  head;              /* [4 out_dim, dim]: row, column, then channel fastest */
    cohl_tensor *head_modulation;   /* [2 dim]: shift, scale */
    cohl_tensor *pooled, *camera;   /* [dim, text_dim], [dim, camera_dim], or NULL */
    cohl_tensor *position;          /* [dim, position_dim], or NULL */
    cohl_affine  control_patch;     /* [dim, 4 control_dim] */
    dit_image    image;
    dit_part     text, time;        /* text_in and text_out; time_in to time_projection */
    dit_block    block[];           /* [num_layers], then [control_count] of the control branch */
};

/* A row of text states is a key of a cross-attention; a time has a group of
 * tokens, a frame's or one. */
struct cohl_dit_clip {
    int          cells, tokens, frames, groups, sample_count;
    cohl_tensor *patch_cell;        /* I32 [cells]: the cells in the order tokens take them */
    cohl_tensor *cell_patch;        /* I32 [cells]: and back */
    cohl_tensor *group;             /* I32 [tokens]: the time a token has */
    cohl_tensor *cell_group;        /* I32 [cells]: and a cell; NULL where nobody asks */
    cohl_tensor *turn;              /* [tokens, head_dim/2, 2]: cos, sin of the position */
    cohl_tensor *place;             /* [tokens, dim]: added to a token, or NULL */
    cohl_span   *self, *cross;      /* [sample_count] */
    cohl_tensor *added;             /* [groups, dim] for the time embedding, or NULL */
    cohl_tensor **k, **v;           /* of each block's cross-attention: [text rows + 1, dim] */
    cohl_tensor  *row;              /* I32 [sample_count text_len]: those of them that samples look at,
                                       padded by the last, which is that of a state of zeros */
    cohl_span    *image;            /* [sample_count], or NULL without image tokens */
    cohl_tensor **image_k, **image_v;   /* the same of the image tokens */
    cohl_tensor  *control;          /* [tokens, dim]: the control branch's input, or NULL */
    float         control_scale;
};

cohl_dit_net *dit_net_new(const cohl_dit_config *config, cohl_params *params);
/* A part's parameters are there until the next is brought; `next` is read ahead. False after a failure. */
bool          dit_bring(cohl_ctx *ctx, const cohl_dit *dit, dit_part part, dit_part next);
cohl_tensor  *dit_affine(cohl_ctx *ctx, cohl_tensor *x, cohl_affine affine);
/* cells [cells, channels] -> [tokens, 4 channels], channel slowest -> [tokens, dim] */
cohl_tensor  *dit_patches(cohl_ctx *ctx, const cohl_dit_clip *clip, cohl_tensor *cells, cohl_affine embedding);
/* [rows, dim] -> [rows, heads, dim / heads] */
cohl_tensor  *dit_heads(cohl_ctx *ctx, cohl_tensor *x, int heads);

#endif
