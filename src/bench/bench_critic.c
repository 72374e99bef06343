/* bench_critic.c - is the critic right about films whose truth is known? */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench/bench.h"
#include "bench/tally.h"
#include "media/sheet.h"
#include "model/critic.h"

enum { LOOKS = COHL_CRITIC_FRAMES, RENDERS = 1000, FRAMES = 81, STREAM = 0x63726974 };

static const cohl_tally_floors floors = { { .97, .97, .97, .97, .97, .97, 0 } };

/* The frames the critic looks at, and no others, rendered in full. */
static cohl_status render(cohl_frame *look[LOOKS], const cohl_scene *scene, cohl_error *err)
{
    cohl_status st = COHL_OK;
    memset(look, 0, LOOKS * sizeof *look);
    for (int i = 0; i < LOOKS && !st; i++) {
        if ((st = cohl_frame_new(&look[i], scene->width, scene->height, err)))
            break;
        cohl_scene_render(scene, cohl_sheet_pick(i, LOOKS, scene->frames), &(cohl_picture){ .rgb = look[i]->rgb });
    }
    return st;
}

/* Half of the scenes hold a combination that film models never see: the critic must know those too. */
static cohl_status judge_one(cohl_tally *tally, cohl_ctx *ctx, const cohl_critic *critic, int act, uint64_t seed,
                             cohl_error *err)
{
    cohl_scene_request request = cohl_scene_request_default();
    cohl_frame *look[LOOKS];
    cohl_verdict verdict;
    cohl_scene scene;

    request.act = act, request.frames = FRAMES, request.held_out = seed & 1;
    cohl_scene_draw(&scene, &request, seed);
    cohl_status st = render(look, &scene, err);
    if (!st)
        st = cohl_critic_judge(ctx, critic, (const cohl_frame *const *)look, LOOKS, &verdict, err);
    if (!st) {
        cohl_wanted wanted = cohl_wanted_of_scene(&scene);
        cohl_score score = cohl_verdict_score(&verdict, &wanted);
        cohl_tally_add(tally, &score, &wanted);
    }
    for (int i = 0; i < LOOKS; i++)
        cohl_frame_free(look[i]);
    return st;
}

static cohl_status judge_all(cohl_tally *tally, cohl_ctx *ctx, const cohl_bench_params *params, cohl_error *err)
{
    int count = params->count ? params->count : RENDERS, act = params->act ? params->act : 1;
    char *folder = params->critic ? strdup(params->critic) : cohl_bench_part(params, "critic");
    cohl_critic *critic = NULL;
    cohl_status st = folder ? cohl_critic_load(&critic, ctx, folder, err)
                            : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    for (int i = 0; i < count && !st; i++) {
        uint64_t seed = cohl_rng_mix(cohl_rng_mix(params->seed, STREAM), (uint64_t)i);
        st = judge_one(tally, ctx, critic, act, seed, err);
        if (params->progress)
            params->progress(i + 1, count);
    }
    cohl_critic_free(critic);
    free(folder);
    return st;
}

cohl_status cohl_bench_critic(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err)
{
    cohl_tally *tally = calloc(1, sizeof *tally);
    cohl_workers *workers = NULL;
    cohl_ctx ctx;
    cohl_status st = tally ? cohl_workers_new(&workers, params->threads, err)
                           : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a tally");
    if (!st && !(st = cohl_ctx_open(&ctx, &(cohl_ctx_params){ .workers = workers }, err))) {
        st = judge_all(tally, &ctx, params, err);
        cohl_ctx_close(&ctx);
    }
    if (!st)
        cohl_tally_report(tally, &floors, report);
    cohl_workers_free(workers);
    free(tally);
    return st;
}
