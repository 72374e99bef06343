/* making_condition.c - what is given, for models that take it beside the sample.
 *
 * Such a model sees pictures, not latents: of a window the given frames, and of a later one the frame
 * from which it goes on. An image model looks at the first of them, a first-and-last-frame model at
 * both ends, through the image encoder too. */
#include "engine/making_condition.h"

#include <stdlib.h>
#include <string.h>

#include "model/condition.h"

typedef struct gathering {
    cohl_run        *run;
    cohl_frame      *frame;
    int              count;      /* frames of the window */
    float          **pixels;     /* [count]: what is given, -1..1, or NULL */
} gathering;

static cohl_status keep(gathering *g, int at, const cohl_frame *frame, cohl_error *err)
{
    size_t size = cohl_frame_bytes(frame);
    if (!(g->pixels[at] = malloc(size * sizeof **g->pixels)))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a given frame");
    for (size_t i = 0; i < size; i++)
        g->pixels[at][i] = (float)frame->rgb[i] / 127.5f - 1;
    return COHL_OK;
}

/* The frames of latent frame i of the window, where they are given. */
static cohl_status gather_latent(gathering *g, const reel_window *w, int i, cohl_error *err)
{
    const reel *reel = &g->run->reel;
    int j = w->begin + i, at = i ? 1 + (i - 1) * COHL_VAE_TIME : 0;
    cohl_status st = COHL_OK;
    if (i == 0 && w->begin)
        return g->run->anchor ? keep(g, 0, g->run->anchor, err) : COHL_OK;
    if (reel_level(reel, j) > 0)
        return COHL_OK;
    for (int k = 0; k < reel_latent_count(j) && !st; k++)
        if (!(st = making_given(g->run, reel_latent_first(reel, j) + k, g->frame, err)))
            st = keep(g, at + k, g->frame, err);
    return st;
}

/* Tokens of a picture into the condition's, behind those that are there. */
static cohl_status look(making_condition *c, cohl_run *run, const float *pixels, cohl_error *err)
{
    cohl_image_encoder *encoder = run->engine->model->image;
    int tokens = cohl_image_encoder_tokens(encoder);
    size_t width = (size_t)run->engine->model->dit->config.image_dim;
    float *more = realloc(c->tokens, (size_t)(c->token_count + tokens) * width * sizeof *more);
    if (!more)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a picture's tokens");
    c->tokens = more;
    cohl_ctx_mark_t mark = cohl_ctx_mark(&run->ctx);
    cohl_tensor_download(&run->ctx, more + (size_t)c->token_count * width,
                         cohl_image_encode(&run->ctx, encoder, pixels, run->plan.width, run->plan.height));
    cohl_ctx_release(&run->ctx, mark);
    c->token_count += tokens;
    return cohl_ctx_fine(&run->ctx) ? COHL_OK : cohl_ctx_status(&run->ctx, err);
}

static cohl_status look_at_ends(making_condition *c, const gathering *g, cohl_error *err)
{
    const cohl_film_model *m = g->run->engine->model;
    const float *first = g->pixels[0], *last = g->pixels[g->count - 1];
    bool both = m->dit->config.image_positions > 0;
    if (!first || (both && !last))
        return cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s makes film from %s: give %s", m->can.name,
                         both ? "its first and last picture" : "a first picture",
                         both ? "both, and a film that one window holds" : "one");
    cohl_status st = look(c, g->run, first, err);
    return st || !both ? st : look(c, g->run, last, err);
}

static cohl_status work_out(making_condition *c, const gathering *g, cohl_error *err)
{
    cohl_run *run = g->run;
    const cohl_film_model *m = run->engine->model;
    int z = m->vae->config.z_dim, control = m->dit->config.control_count;
    int channels = control ? cohl_condition_control_channels(z) : cohl_condition_image_channels(z);
    size_t cells = (size_t)(1 + g->count / COHL_VAE_TIME) * (size_t)run->height * (size_t)run->width;
    cohl_given_clip clip = { g->count, run->plan.width, run->plan.height, (const float *const *)g->pixels };
    float *values = malloc(cells * (size_t)channels * sizeof *values);
    *(control ? &c->control : &c->beside) = values;
    if (!values)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for what is given");
    cohl_status st = m->image ? look_at_ends(c, g, err) : COHL_OK;
    return st ? st : (control ? cohl_condition_control : cohl_condition_image)(&run->ctx, m->vae, &clip, values, err);
}

cohl_status making_condition_new(making_condition *c, cohl_run *run, const reel_window *window, cohl_error *err)
{
    gathering g = { .run = run, .count = 1 + (window->count - 1) * COHL_VAE_TIME };
    *c = (making_condition){ 0 };
    if (!run->engine->model->can.known->by_condition)
        return COHL_OK;
    cohl_status st = cohl_frame_new(&g.frame, run->plan.width, run->plan.height, err);
    if (!st && !(g.pixels = calloc((size_t)g.count, sizeof *g.pixels)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d given frames", g.count);
    for (int i = 0; i < window->count && !st; i++)
        st = gather_latent(&g, window, i, err);
    if (!st)
        st = work_out(c, &g, err);
    for (int i = 0; i < g.count && g.pixels; i++)
        free(g.pixels[i]);
    free(g.pixels);
    cohl_frame_free(g.frame);
    return st;
}

void making_condition_free(making_condition *c)
{
    free(c->beside);
    free(c->control);
    free(c->tokens);
    *c = (making_condition){ 0 };
}
