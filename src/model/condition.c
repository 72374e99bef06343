/* condition.c - given frames as channels beside the sample. */
#include "model/condition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FOLD = 8, MASK_IMAGE = COHL_VAE_TIME, MASK_CONTROL = FOLD * FOLD };

int cohl_condition_image_channels(int z_dim)   { return MASK_IMAGE + z_dim; }
int cohl_condition_control_channels(int z_dim) { return 2 * z_dim + MASK_CONTROL; }

/* Where latents are written: `channels` of each cell's `width`, from `at` on. */
typedef struct place { float *out; int width, at, channels; } place;

static void put_cells(const place *p, size_t first, const float *values, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        memcpy(p->out + (first + i) * (size_t)p->width + p->at, values + i * (size_t)p->channels,
               (size_t)p->channels * sizeof *values);
}

static void fill_cells(const place *p, size_t first, float value, int channel, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        p->out[(first + i) * (size_t)p->width + p->at + channel] = value;
}

/* ---- latents ------------------------------------------------------------- */

typedef struct encoding {
    cohl_ctx              *ctx;
    cohl_vae_stream       *stream;
    const cohl_given_clip *clip;
    bool                   blank;        /* grey, whatever is given */
    float                 *pixels;       /* of a piece: [4, height, width, 3] */
    float                 *latent;       /* [cells, z_dim] */
    size_t                 cells;        /* of a latent frame */
} encoding;

/* Frames of a piece, mid-grey where none is given. */
static cohl_tensor *piece(const encoding *e, int begin, int count)
{
    const cohl_given_clip *c = e->clip;
    size_t size = (size_t)c->height * (size_t)c->width * 3;
    for (int i = 0; i < count; i++) {
        const float *given = e->blank ? NULL : c->frame[begin + i];
        float *to = e->pixels + (size_t)i * size;
        if (given)
            memcpy(to, given, size * sizeof *to);
        else
            memset(to, 0, size * sizeof *to);
    }
    return cohl_tensor_upload(e->ctx, e->pixels, COHL_F32, 4, (int64_t[]){ count, c->height, c->width, 3 });
}

static cohl_status encode_pieces(const encoding *e, const place *to, cohl_error *err)
{
    for (int begin = 0, at = 0; begin < e->clip->frames; at++) {
        int count = at ? COHL_VAE_TIME : 1;
        cohl_ctx_mark_t mark = cohl_ctx_mark(e->ctx);
        cohl_tensor *latent = cohl_vae_stream_next(e->stream, piece(e, begin, count));
        cohl_tensor_download(e->ctx, e->latent, latent);
        cohl_ctx_release(e->ctx, mark);
        if (!cohl_ctx_fine(e->ctx))
            return cohl_ctx_status(e->ctx, err);
        put_cells(to, (size_t)at * e->cells, e->latent, e->cells);
        begin += count;
    }
    return COHL_OK;
}

/* The clip's latents, or those of a grey clip of its size. */
static cohl_status encode(cohl_ctx *ctx, const cohl_vae *vae, const cohl_given_clip *clip, bool blank, const place *to,
                          cohl_error *err)
{
    int space = cohl_vae_space(&vae->config);
    encoding e = { .ctx = ctx, .clip = clip, .blank = blank,
                   .cells = (size_t)(clip->height / space) * (size_t)(clip->width / space) };
    assert(clip->frames % COHL_VAE_TIME == 1 && clip->height % space == 0 && clip->width % space == 0);
    e.pixels = malloc(COHL_VAE_TIME * (size_t)clip->height * (size_t)clip->width * 3 * sizeof *e.pixels);
    e.latent = malloc(e.cells * (size_t)vae->config.z_dim * sizeof *e.latent);
    cohl_status st = e.pixels && e.latent ? cohl_vae_stream_open(&e.stream, ctx, vae, COHL_VAE_ENCODE, err)
                                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory to encode %d x %d pixels",
                                                      clip->width, clip->height);
    if (!st)
        st = encode_pieces(&e, to, err);
    cohl_vae_stream_close(e.stream);
    free(e.pixels);
    free(e.latent);
    return st;
}

/* ---- masks --------------------------------------------------------------- */

/* Channel i of latent frame k is the i-th of the four frames it stands for; frame 0 counts four times. */
static void mask_image(const cohl_given_clip *clip, const place *to, size_t cells)
{
    int latents = 1 + clip->frames / COHL_VAE_TIME;
    for (int k = 0; k < latents; k++)
        for (int i = 0; i < MASK_IMAGE; i++) {
            int frame = k ? 1 + (k - 1) * COHL_VAE_TIME + i : 0;
            fill_cells(to, (size_t)k * cells, clip->frame[frame] ? 1 : 0, i, cells);
        }
}

/* 1 = to be made. Of its frames a latent frame has the one nearest to its middle. */
static void mask_control(const cohl_given_clip *clip, const place *to, size_t cells)
{
    int latents = 1 + clip->frames / COHL_VAE_TIME;
    for (int k = 0; k < latents; k++) {
        int frame = (int)((k + 0.5) * clip->frames / latents);
        for (int i = 0; i < MASK_CONTROL; i++)
            fill_cells(to, (size_t)k * cells, clip->frame[frame] ? 0 : 1, i, cells);
    }
}

/* ---- conditions ---------------------------------------------------------- */

static size_t cells_of(const cohl_vae *vae, const cohl_given_clip *clip)
{
    int space = cohl_vae_space(&vae->config);
    return (size_t)(clip->height / space) * (size_t)(clip->width / space);
}

cohl_status cohl_condition_image(cohl_ctx *ctx, const cohl_vae *vae, const cohl_given_clip *clip, float *out,
                                 cohl_error *err)
{
    int z = vae->config.z_dim, width = cohl_condition_image_channels(z);
    mask_image(clip, &(place){ out, width, 0, MASK_IMAGE }, cells_of(vae, clip));
    return encode(ctx, vae, clip, false, &(place){ out, width, MASK_IMAGE, z }, err);
}

/* Whole frames are given or not, so of the part that is to be made nothing is seen: it is grey. */
cohl_status cohl_condition_control(cohl_ctx *ctx, const cohl_vae *vae, const cohl_given_clip *clip, float *out,
                                   cohl_error *err)
{
    int z = vae->config.z_dim, width = cohl_condition_control_channels(z);
    mask_control(clip, &(place){ out, width, 2 * z, MASK_CONTROL }, cells_of(vae, clip));
    cohl_status st = encode(ctx, vae, clip, false, &(place){ out, width, 0, z }, err);
    return st ? st : encode(ctx, vae, clip, true, &(place){ out, width, z, z }, err);
}
