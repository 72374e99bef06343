/* piece.c - pieces of a run, with zeros in place of words and noise. */
#include "engine/piece.h"

#include <stdlib.h>

#include "tensor/tensor.h"

static const double MIDDLE_TIME = 500; /* of the noise levels 0..1000; any costs the same */

/* Of what the transformer is given beside text, as much as it always has. */
static void add_conditions(cohl_ctx *ctx, cohl_dit_request *request, const engine_piece *p)
{
    const cohl_dit_config *dit = &p->dit->config;
    int64_t cells = (int64_t)p->branches * p->frames * p->height * p->width;
    if (dit->image_dim)
        request->image = cohl_tensor_zero(ctx, COHL_F32, 2, (int64_t[]){
            dit->image_positions ? dit->image_positions : cohl_image_encoder_tokens(p->model->image), dit->image_dim });
    if (dit->control_count)
        request->control = cohl_tensor_zero(ctx, COHL_F32, 2, (int64_t[]){ cells, dit->control_dim });
}

void engine_piece_step(cohl_ctx *ctx, const engine_piece *p)
{
    const cohl_dit_config *dit = &p->dit->config;
    const cohl_dit_sample sample[2] = { { p->frames, p->height, p->width, 0, p->text_rows },
                                        { p->frames, p->height, p->width, 0, p->text_rows } };
    int times = p->branches * p->frames;
    float *time = malloc((size_t)times * sizeof *time);
    if (!time) {
        cohl_ctx_fail(ctx, COHL_ERR_MEMORY, "no memory for %d times", times);
        return;
    }
    for (int i = 0; i < times; i++)
        time[i] = (float)MIDDLE_TIME;
    cohl_tensor *text = cohl_tensor_zero(ctx, COHL_F32, 2, (int64_t[]){ p->text_rows, dit->text_dim });
    cohl_tensor *latent = cohl_tensor_zero(ctx, COHL_F32, 2, (int64_t[]){
        (int64_t)times * p->height * p->width, dit->in_dim });
    cohl_dit_request request = { .sample = sample, .sample_count = p->branches, .text = text, .control_scale = 1 };
    add_conditions(ctx, &request, p);
    cohl_dit_clip *clip = !text || !latent ? NULL : cohl_dit_clip_open(ctx, p->dit, &request);
    if (clip)
        cohl_dit_forward(ctx, p->dit, clip, latent, time);
    free(time);
}

void engine_piece_decode(cohl_ctx *ctx, const engine_piece *p, const engine_decoder *decoder)
{
    cohl_tensor *latent = cohl_tensor_zero(ctx, COHL_F32, 4, (int64_t[]){
        1, p->height, p->width, p->model->vae->config.z_dim });
    if (latent)
        engine_decoder_next(decoder, latent);
}
