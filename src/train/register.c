/* register.c - what a model was trained on: the runs, and every scene of theirs. */
#define _GNU_SOURCE
#include "train/register.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/vae.h"
#include "train/latents.h"
#include "train/seeds.h"

enum { FILE_BYTES_MAX = 1 << 20 };
static const int64_t SAMPLES_MAX = 10000000000;    /* of a run: each is walked to tell what was seen */

static const char *const kinds[] = { "tokenizer", "vae", "film" };

/* ---- read ---------------------------------------------------------------- */

typedef struct reading {
    const char *path;
    int         index;
    json_t     *run;
    cohl_error *err;
    cohl_status st;
} reading;

static void wrong(reading *r, const char *key, const char *expected)
{
    if (!r->st)
        r->st = cohl_fail(r->err, COHL_ERR_FORMAT, "%s: run %d: \"%s\" is missing or not %s", r->path, r->index + 1, key,
                          expected);
}

/* A whole number, least..most; usual when it is missing, unless that is less than least. */
static int64_t whole(reading *r, const char *key, int64_t least, int64_t most, int64_t usual)
{
    const json_t *value = json_object_get(r->run, key);
    if (!value && usual >= least)
        return usual;
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
        wrong(r, key, "a whole number in its range");
        return least;
    }
    return json_integer_value(value);
}

static double number(reading *r, const char *key, double usual)
{
    const json_t *value = json_object_get(r->run, key);
    if (value && !json_is_number(value))
        wrong(r, key, "a number");
    return value ? json_number_value(value) : usual;
}

static const char *text(reading *r, const char *key)
{
    const char *value = json_string_value(json_object_get(r->run, key));
    if (!value)
        wrong(r, key, "a text");
    return value ? value : "";
}

static void read_lengths(reading *r, cohl_register_run *run)
{
    const json_t *list = json_object_get(r->run, "frames");
    size_t count = json_array_size(list);
    if (!count || count > COHL_REGISTER_LENGTHS_MAX) {
        wrong(r, "frames", "a list of 1 to 8 lengths");
        return;
    }
    run->length_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        json_int_t frames = json_integer_value(json_array_get(list, i));
        run->length[i] = (int)frames;
        if (frames < 1 || frames > 4097)
            wrong(r, "frames", "a list of lengths from 1 to 4097");
    }
}

static void read_run(reading *r, cohl_register_run *run)
{
    const char *task = text(r, "task");
    int kind = 0;
    while (kind < 3 && strcmp(kinds[kind], task))
        kind++;
    if (kind == 3) {
        wrong(r, "task", "tokenizer, vae or film");
        return;
    }
    *run = (cohl_register_run){ .kind = (cohl_register_kind)kind, .part = text(r, "part"), .recipe = text(r, "recipe") };
    run->hours = number(r, "hours", 0), run->kilojoules = number(r, "kilojoules", 0);
    if (kind == COHL_RUN_TOKENIZER) {
        run->captions = (int)whole(r, "captions", 1, 100000000, -1);
        return;
    }
    run->seed = (uint64_t)whole(r, "seed", 0, 2147483647, -1);
    run->steps = whole(r, "steps", 0, 1000000000, -1);
    run->batch = (int)whole(r, "batch", 1, 4096, -1);
    if (run->batch > 0 && run->steps > SAMPLES_MAX / run->batch)
        wrong(r, "steps", "at most 10^10 samples in all");
    run->act = (int)whole(r, "act", 1, 2, -1);
    run->actors_min = (int)whole(r, "actors_min", 1, COHL_ACTORS_MAX, 1);
    run->actors_max = (int)whole(r, "actors_max", run->actors_min, COHL_ACTORS_MAX, -1);
    read_lengths(r, run);
    run->fit_clips = (int)whole(r, "fit_clips", 0, 1000000, 0);
    run->shards_first = (int)whole(r, "shards_first", 1, 4096, 2);
    run->shards_max = (int)whole(r, "shards_max", run->shards_first, 4096, 4096);
    run->repeats = number(r, "repeats", 8);
    if (run->repeats < 0.1)
        wrong(r, "repeats", "at least 0.1");
}

static cohl_status read_runs(cohl_register *reg, const char *path, cohl_error *err)
{
    json_t *runs = json_object_get(reg->file, "runs");
    reading r = { .path = path, .err = err };
    size_t count = json_array_size(runs);
    if (!count || count > COHL_REGISTER_RUNS_MAX)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"runs\" has %zu members, expected 1 to %d", path, count,
                         COHL_REGISTER_RUNS_MAX);
    for (size_t i = 0; i < count && !r.st; i++) {
        r.index = (int)i, r.run = json_array_get(runs, i);
        read_run(&r, &reg->run[i]);
    }
    reg->run_count = (int)count;
    return r.st;
}

cohl_status cohl_register_open(cohl_register **out, const char *folder, cohl_error *err)
{
    char *path = cohl_path_join(folder, "training.json"), *bytes = NULL;
    size_t size = 0;
    json_error_t where;
    cohl_register *reg = calloc(1, sizeof *reg);
    cohl_status st = COHL_OK;
    *out = NULL;
    if (!reg || !path || !(reg->folder = strdup(folder)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", folder);
    else if (!cohl_file_exists(path))
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "%s: has no training.json, so what it was trained on is not known "
                       "here: ask who published it", folder);
    if (!st) st = cohl_file_read(&bytes, &size, path, FILE_BYTES_MAX, err);
    if (!st)
        reg->file = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where);
    if (!st && !json_is_object(reg->file))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: is not a JSON object", path);
    if (!st) st = read_runs(reg, path, err);
    free(bytes);
    free(path);
    if (st)
        cohl_register_free(reg);
    else
        *out = reg;
    return st;
}

void cohl_register_free(cohl_register *reg)
{
    if (!reg)
        return;
    json_decref(reg->file);
    free(reg->folder);
    free(reg);
}

/* ---- walk ---------------------------------------------------------------- */

typedef struct walker {
    const cohl_register_run *run;
    cohl_register_fn *fn;
    void    *user;
    int64_t  count;
    bool     over;
} walker;

static void meet(walker *w, uint64_t seed, int frames)
{
    if (!w->over && w->fn && !w->fn(w->user, w->run, w->count, seed, frames))
        w->over = true;
    w->count += !w->over;
}

/* As task_vae.c draws a clip: its length is the first number of its own stream. */
static void walk_autoencoder(walker *w)
{
    const cohl_register_run *run = w->run;
    for (int i = 0; i < run->fit_clips && !w->over; i++)
        meet(w, cohl_seed_of_fit(run->seed, i), 1 + COHL_VAE_TIME);
    for (int64_t step = 0; step < run->steps && !w->over; step++)
        for (int i = 0; i < run->batch && !w->over; i++) {
            uint64_t seed = cohl_rng_mix(cohl_seed_of_batch(run->seed, COHL_STREAM_TRAIN, step), (uint64_t)i);
            cohl_rng rng = cohl_rng_make(seed, COHL_STREAM_TRAIN);
            meet(w, seed, run->length[cohl_rng_below(&rng, (uint32_t)run->length_count)]);
        }
}

static void walk_film(walker *w)
{
    const cohl_register_run *run = w->run;
    uint64_t store = cohl_rng_mix(run->seed, COHL_STREAM_TRAIN);
    int shards = !run->steps ? 0 : cohl_shards_at(run->shards_first, run->shards_max, run->repeats, COHL_SHARD_CLIPS,
                                                  run->batch, run->steps - 1);
    for (int shard = 0; shard < shards && !w->over; shard++)
        for (int i = 0; i < COHL_SHARD_CLIPS && !w->over; i++)
            meet(w, cohl_seed_of_shard_clip(store, shard, i), run->length[shard % run->length_count]);
}

int64_t cohl_register_walk(const cohl_register_run *run, cohl_register_fn *fn, void *user)
{
    walker w = { .run = run, .fn = fn, .user = user };
    if (run->kind == COHL_RUN_AUTOENCODER)
        walk_autoencoder(&w);
    else if (run->kind == COHL_RUN_FILM)
        walk_film(&w);
    for (int i = 0; run->kind == COHL_RUN_TOKENIZER && i < run->captions && !w.over; i++)
        meet(&w, (uint64_t)i, 0);                   /* `cohl theatre captions`: scene i */
    return w.count;
}
