/* dit.h - the diffusion transformer of Wan 2.1 and 2.2: noisy latents to velocity.
 *
 * One network serves the family. Text alone, image channels behind the latent's own (2.1 and 2.2
 * image to video), tokens of an image encoder (2.1 image to video, first and last frame) and a
 * control branch (VACE) are parts that exist where the configuration asks for them.
 *
 * It works on packed samples: the latent cells of all of them stand one behind
 * the other, whatever their sizes, and attention is told where each begins. So
 * a training batch, or a prompt and its counterpart for guidance, is one pass.
 * What does not change from step to step - text, positions, camera - is worked
 * out once, in a clip:
 *
 *     cohl_dit_clip *clip = cohl_dit_clip_open(ctx, dit, &(cohl_dit_request){
 *         .sample = samples, .sample_count = 2, .text = states });
 *     for each step {
 *         cohl_ctx_mark_t mark = cohl_ctx_mark(ctx);
 *         cohl_tensor *velocity = cohl_dit_forward(ctx, dit, clip, latent, times);
 *         ...
 *         cohl_ctx_release(ctx, mark);
 *     }
 *
 * A time is the noise level of one latent frame, 0 (clean) to 1000 (noise);
 * frames of one clip may differ, which is how known frames enter. The velocity
 * is noise - data.
 *
 * Names as in the official state dict. Three inputs of our own enter through projections
 * that start at zero and exist only where the config asks: the mean of the text states and
 * numbers about the camera into the time embedding, and its place in the frame into a token. */
#ifndef COHL_MODEL_DIT_H
#define COHL_MODEL_DIT_H

#include "model/shelf.h"
#include "weights/config.h"

enum {
    COHL_DIT_PATCH = 2,             /* a token covers 2 x 2 cells of one frame */
    COHL_DIT_CONTROL_MAX = 128,     /* blocks of a control branch */
    COHL_DIT_DATA_MAX = 256,        /* channels whose deviation is said */
    COHL_DIT_ROPE_THETA = 10000,
};

typedef struct cohl_dit_config {
    int   in_dim, out_dim;      /* channels of a latent cell, and of its velocity  (16)   */
    int   dim, ffn_dim;         /* width of a token, and inside the feed-forward          */
    int   num_heads, num_layers;
    int   freq_dim;             /* width of the time's sinusoids                   (256)  */
    int   text_dim, text_len;   /* a text state's width; rows after padding (4096, 512)   */
    float eps;                  /* of all norms                                    (1e-6) */
    int   pooled_text_dim;      /* 0, or text_dim: the mean text state enters      (0)    */
    int   camera_dim;           /* numbers about the camera for each latent frame  (0)    */
    int   data_std_count;       /* 0, or in_dim and out_dim: deviations are known  (0)    */
    float data_std[COHL_DIT_DATA_MAX];   /* of each channel of clean latents: the network is asked
                                   only for what they do not say of a velocity            */
    double rope_theta;          /* base of the rotary frequencies; 0 = the family's (10000) */
    double rope_scale;          /* radians a step along an axis turns the fastest pair; 0 = 1 (1) */
    int   position_dim;         /* waves that tell a token its place in the frame; 0 = none (0) */
    int   image_dim;            /* width of an image encoder's token; 0 = none     (0)    */
    int   image_positions;      /* image tokens with a learned place, 514; 0 = none (0)   */
    int   control_dim;          /* channels of a control cell (VACE: 96); 0 = none (0)    */
    int   control_count;        /* blocks of the control branch                           */
    int   control_layer[COHL_DIT_CONTROL_MAX];   /* the block that each one's hint follows, rising */
} cohl_dit_config;

/* Both spellings: that of the Wan release ("dim", "num_heads", "model_type", "vace_layers") and that
 * of the diffusers library ("num_attention_heads", "attention_head_dim", "in_channels").
 *
 * COHL_ERR_UNSUPPORTED  a network without the family's norms, or of an unknown type
 * COHL_ERR_FORMAT       a value is missing or out of range; sizes that do not divide */
cohl_status cohl_dit_config_read(cohl_dit_config *out, cohl_config *json, cohl_error *err);

/* The same from the shapes of the weights alone, for files that come without a configuration:
 * heads are 128 wide and prompts 512 tokens long, as in every release. COHL_ERR_FORMAT where the
 * weights are no transformer of this family; the sentence names the tensor that tells. */
cohl_status cohl_dit_config_infer(cohl_dit_config *out, const cohl_weights *weights, cohl_error *err);
/* Only what a configuration leaves open: the Wan 2.1 and 2.2 image models call themselves alike,
 * and differ in whether the weights of image tokens are there. */
void cohl_dit_config_fit(cohl_dit_config *config, const cohl_weights *weights);

typedef struct cohl_dit_net cohl_dit_net;

typedef struct cohl_dit {
    cohl_dit_config config;
    cohl_params     params;
    cohl_dit_net   *net;        /* the parameters by their place */
    cohl_shelf     *shelf;      /* that they are brought from; NULL = all are held */
} cohl_dit;

/* Declares the parameters; cohl_params_alloc gives them memory. */
cohl_status cohl_dit_new(cohl_dit **out, const cohl_dit_config *config, cohl_error *err);
void        cohl_dit_free(cohl_dit *dit);
/* In place of cohl_params_alloc and a load: parameters are brought from `weights` as passes need them,
 * third of a block after third of a block, and stay as far as `room` lets them. ctx, weights and room
 * outlive the network. Passes through networks of one room take turns; none records. Errors as
 * cohl_params_load. */
cohl_status cohl_dit_stream(cohl_dit *dit, cohl_ctx *ctx, const cohl_weights *weights, cohl_dtype dtype,
                            cohl_room *room, cohl_error *err);
/* Of a streamed network: bytes of all parameters, of those that are always held, and of the largest
 * part, which the slot takes. */
typedef struct cohl_dit_memory { size_t all, kept, slot; } cohl_dit_memory;
cohl_dit_memory cohl_dit_memory_of(const cohl_dit *dit);

/* One sample of a pack. */
typedef struct cohl_dit_sample {
    int frames, height, width;  /* of the latent; height and width even */
    int text_begin, text_count; /* its rows of the text states, 1..text_len; may be shared */
} cohl_dit_sample;

typedef struct cohl_dit_request {
    const cohl_dit_sample *sample;
    int          sample_count;
    cohl_tensor *text;          /* [rows, text_dim], not padded */
    const float *camera;        /* host memory [frames of all samples, camera_dim]; NULL = zeros */
    bool         time_per_token;/* times are given for each token instead of each frame (false) */
    cohl_tensor *image;         /* [image tokens, image_dim] that every sample looks at; NULL where
                                   the network has no image_dim */
    cohl_tensor *control;       /* [cells, control_dim], in the latent's order; NULL = no hints */
    float        control_scale; /* of the hints                                         (1) */
} cohl_dit_request;

typedef struct cohl_dit_clip cohl_dit_clip;

/* Lives in the context's scratch: gone at the release of a mark taken before, nothing to
 * close. Recorded when a tape runs, so text states may carry gradients. NULL after a failure. */
cohl_dit_clip *cohl_dit_clip_open(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_request *request);

/* Latent cells of all samples, tokens, and how many times cohl_dit_forward reads. */
int cohl_dit_clip_cells(const cohl_dit_clip *clip);
int cohl_dit_clip_tokens(const cohl_dit_clip *clip);
int cohl_dit_clip_times(const cohl_dit_clip *clip);

/* latent [cells, in_dim] (or [F, H, W, in_dim] of a single sample): each sample's cells in the
 * order frame, row, column; samples one behind the other.
 * time   host memory, 0..1000: one for each latent frame of sample 0, then of sample 1, ...
 * -> velocity [cells, out_dim]. */
cohl_tensor *cohl_dit_forward(cohl_ctx *ctx, const cohl_dit *dit, const cohl_dit_clip *clip,
                              cohl_tensor *latent, const float *time);

#endif
