/* film_sheet.c - what the film model makes of held-out prompts, on one sheet. */
#include "train/film_sheet.h"

#include <stdlib.h>
#include <string.h>

#include "media/sheet.h"
#include "media/still.h"
#include "model/sample.h"

enum { STEPS = 20, FILMS = 12, STILLS = 24, CELLS = 36, IDS_MAX = 512, CELL_MOST = 256, CELL_LEAST = 96 };
static const float GUIDANCE = 4, SHIFT = 3;

static cohl_status sample_one(const cohl_film_sheet *s, const char *prompt, int seed, float *latent,
                              cohl_error *err)
{
    int32_t id[IDS_MAX];
    cohl_schedule schedule;
    const cohl_solver *solver = cohl_solver_find("euler");
    cohl_sample_request r = {
        .text = s->nets->text, .dit = s->nets->dit, .id = id, .frames = s->shard->frames,
        .height = s->shard->height, .width = s->shard->width, .schedule = &schedule, .solver = solver,
        .guidance = GUIDANCE, .seed = (uint64_t)seed,
    };
    cohl_status st = cohl_tokenizer_encode(s->tokenizer, prompt, id, s->text_max, &r.id_count, err);
    if (!st)
        st = cohl_schedule_make(&schedule, cohl_schedule_kind_find("euler"), STEPS, SHIFT, err);
    return st ? st : cohl_sample_latents(s->ctx, &r, latent, err);
}

/* Frame `at` of decoded rgb [frames, height, width, 3], -1..1. */
static cohl_status take_frame(cohl_frame **out, const float *rgb, int width, int height, int at, cohl_error *err)
{
    cohl_status st = cohl_frame_new(out, width, height, err);
    if (st)
        return st;
    const float *y = rgb + (size_t)at * cohl_frame_bytes(*out);
    for (size_t i = 0; i < cohl_frame_bytes(*out); i++) {
        float v = y[i] < -1 ? -1 : y[i] > 1 ? 1 : y[i];
        (*out)->rgb[i] = (uint8_t)((v + 1) * 127.5f + 0.5f);
    }
    return COHL_OK;
}

/* The film of one prompt as `count` cells. */
static cohl_status make_cells(const cohl_film_sheet *s, int film, cohl_sheet_cell *cell, int count, cohl_error *err)
{
    const cohl_scene_request *request = &s->shard->request;
    size_t values = (size_t)s->shard->frames * (size_t)s->shard->height * (size_t)s->shard->width * (size_t)s->shard->channels;
    size_t pixels = (size_t)request->frames * (size_t)request->width * (size_t)request->height * 3;
    const int64_t dim[4] = { s->shard->frames, s->shard->height, s->shard->width, s->shard->channels };
    float *latent = malloc(values * sizeof *latent), *rgb = malloc(pixels * sizeof *rgb);
    cohl_text prompt = { 0 };
    cohl_scene scene;
    cohl_status st = latent && rgb ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a sheet");

    cohl_scene_draw(&scene, request, s->shard->seed[film]);
    cohl_scene_caption(&scene, &prompt, COHL_ENGLISH, false, (uint64_t)film);
    if (!st && !(st = sample_one(s, prompt.data, film, latent, err))) {
        cohl_ctx_mark_t mark = cohl_ctx_mark(s->ctx);
        cohl_tensor *z = cohl_tensor_upload(s->ctx, latent, COHL_F32, 4, dim);
        cohl_tensor_download(s->ctx, rgb, cohl_vae_decode(s->ctx, s->vae, z));
        cohl_ctx_release(s->ctx, mark);
        st = cohl_ctx_status(s->ctx, err);
    }
    for (int i = 0; i < count && !st; i++) {
        cohl_frame *frame = NULL;
        st = take_frame(&frame, rgb, request->width, request->height, cohl_sheet_pick(i, count, request->frames), err);
        cell[i].frame = frame;
    }
    cell[0].caption = prompt.data;     /* ours to free with the cell */
    free(latent);
    free(rgb);
    return st;
}

cohl_status cohl_film_sheet_write(const cohl_film_sheet *s, const char *path, cohl_error *err)
{
    cohl_sheet_cell cells[CELLS] = { { NULL, NULL } };
    cohl_sheet_params params = cohl_sheet_params_default();
    cohl_frame *sheet = NULL;
    bool stills = s->shard->frames == 1;
    int films = stills ? STILLS : FILMS, each = stills ? 1 : 3;
    cohl_status st = COHL_OK;

    params.columns = 6, params.caption_lines = 4, params.margin = 4;
    params.cell_width = s->shard->request.width;      /* as large as the film, but for its words */
    if (params.cell_width > CELL_MOST)
        params.cell_width = CELL_MOST;
    if (params.cell_width < CELL_LEAST)
        params.cell_width = CELL_LEAST;
    for (int i = 0; i < films && !st; i++)
        st = make_cells(s, i, cells + i * each, each, err);
    if (!st && !(st = cohl_sheet_new(&sheet, cells, films * each, &params, err)))
        st = cohl_still_write(path, sheet, NULL, 0, err);
    for (int i = 0; i < CELLS; i++) {
        cohl_frame_free((cohl_frame *)cells[i].frame);
        free((char *)cells[i].caption);
    }
    cohl_frame_free(sheet);
    return st;
}
