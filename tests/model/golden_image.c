/* golden_image.c - records of the image encoder: the square it sees, and its tokens. */
#include <stdlib.h>

#include "golden.h"
#include "model/image_encoder.h"

/* [3, side, side] of the file against ours, channels last. */
static void compare_pixels(golden *g, const cohl_image_encoder *encoder, const float *rgb, int width, int height, int i)
{
    const cohl_weight *w;
    float *file = golden_values(g, &w, "case%d.pixels", i), *ours = cohl_image_encoder_pixels(encoder, rgb, width, height);
    float *want = file ? golden_channels_last(file, (int64_t[]){ 3, 1, w->dim[2], w->dim[3] }) : NULL;
    if (want && ours)
        golden_compare(g, "pixels", ours, want, w->count, 2e-5, 1);
    free(want);
    free(ours);
    free(file);
}

static void run_case(golden *g, cohl_image_encoder *encoder, int i, double tolerance)
{
    const cohl_weight *image, *out;
    float *file = golden_values(g, &image, "case%d.image", i), *want = golden_values(g, &out, "case%d.out", i);
    cohl_ctx_mark_t mark = cohl_ctx_mark(g->ctx);
    if (file && want && image->rank == 3) {
        int height = (int)image->dim[1], width = (int)image->dim[2];
        float *rgb = golden_channels_last(file, (int64_t[]){ 3, 1, height, width });
        float *got = malloc(out->count * sizeof *got);
        compare_pixels(g, encoder, rgb, width, height, i);
        cohl_tensor *tokens = cohl_image_encode(g->ctx, encoder, rgb, width, height);
        cohl_tensor_download(g->ctx, got, tokens);
        if (tokens)
            golden_compare(g, "tokens", got, want, out->count, tolerance, 1);
        free(got);
        free(rgb);
    } else {
        cohl_ctx_fail(g->ctx, COHL_ERR_FORMAT, "case%d has no image or no out", i);
    }
    cohl_ctx_release(g->ctx, mark);
    free(file);
    free(want);
}

cohl_status golden_image(golden *g, cohl_error *err)
{
    cohl_config *json = NULL;
    cohl_weights *weights = NULL;
    cohl_image_encoder *encoder = NULL;
    cohl_image_encoder_config config;
    cohl_status st;
    double tolerance = golden_number(json_object_get(g->config, "tolerance"), "out_maxabs_f32", 5e-5);

    if ((st = golden_config(&json, g, NULL, err)))                          goto done;
    if ((st = cohl_image_encoder_config_read(&config, json, err)))          goto done;
    if ((st = golden_weights(&weights, g, "weights.safetensors", err)))     goto done;
    if ((st = cohl_image_encoder_open(&encoder, &config, g->ctx, weights, g->dtype, err)))
        goto done;
    for (size_t i = 0; i < json_array_size(json_object_get(g->config, "cases")); i++)
        run_case(g, encoder, (int)i, tolerance);
    st = cohl_ctx_status(g->ctx, err);
done:
    cohl_image_encoder_close(encoder);
    cohl_weights_close(weights);
    cohl_config_close(json);
    return st;
}
