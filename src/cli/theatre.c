/* theatre.c - `cohl theatre render|words|caption|captions`: the toy theatre that the small model learned from. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/worker.h"
#include "cli/command.h"
#include "cli/deed.h"
#include "cli/options.h"
#include "cli/size.h"
#include "cli/stop.h"
#include "base/rng.h"
#include "deliver/door.h"
#include "deliver/place.h"
#include "model/tokenizer.h"
#include "protect/list.h"
#include "theatre/scene.h"

enum { AHEAD = 4 };     /* frames rendered together, for each thread */

typedef struct asked {
    const char *out, *size, *truth, *table;
    uint64_t    seed;
    int         frames, act, actors, threads, count;
    bool        held_out, json;
    const volatile bool *cancel;     /* render */
} asked;

static cohl_status draw(cohl_scene *scene, const asked *a, cohl_error *err)
{
    cohl_scene_request request = cohl_scene_request_default();
    cohl_status st = a->size ? cohl_size_read(a->size, &request.width, &request.height, err) : COHL_OK;
    if (st)
        return st;
    if (request.width > 4096 || request.height > 4096 || request.width < 16 || request.height < 16)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "--size is \"%.40s\", expected sides of 16 to 4096 pixels", a->size);
    request.frames = a->frames, request.act = a->act, request.held_out = a->held_out;
    if (a->actors)
        request.actors_min = request.actors_max = a->actors;
    cohl_scene_draw(scene, &request, a->seed);
    return COHL_OK;
}

/* ---- render -------------------------------------------------------------- */

typedef struct batch {
    const cohl_scene *scene;
    int               first;
    cohl_frame      **frame;
    const volatile bool *cancel;
} batch;

static void render_one(void *job, int tile, int thread)
{
    batch *b = job;
    if (!*b->cancel)
        cohl_scene_render(b->scene, b->first + tile, &(cohl_picture){ .rgb = b->frame[tile]->rgb });
}

/* Frames first, first+1, ... rendered side by side and put in order. */
static cohl_status put_frames(cohl_door *door, batch *b, int room, cohl_workers *workers, cohl_error *err)
{
    cohl_status st = COHL_OK;
    for (b->first = 0; b->first < b->scene->frames && !st; b->first += room) {
        int left = b->scene->frames - b->first, count = left < room ? left : room;
        cohl_workers_run(workers, count, render_one, b);
        for (int i = 0; i < count && !st; i++)
            st = *b->cancel ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled at frame %d of %d", b->first + i, b->scene->frames)
                            : cohl_door_put(door, b->frame[i], err);
    }
    return st;
}

static cohl_status render_film(cohl_door *door, const cohl_scene *scene, const asked *a, cohl_error *err)
{
    cohl_workers *workers;
    cohl_status st = cohl_workers_new(&workers, a->threads, err);
    if (st)
        return st;
    int room = AHEAD * cohl_workers_count(workers);
    batch b = { .scene = scene, .frame = calloc((size_t)room, sizeof *b.frame), .cancel = a->cancel };
    if (!b.frame)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d frames", room);
    for (int i = 0; i < room && !st; i++)
        st = cohl_frame_new(&b.frame[i], scene->width, scene->height, err);
    if (!st)
        st = put_frames(door, &b, room, workers, err);
    for (int i = 0; i < room && b.frame; i++)
        cohl_frame_free(b.frame[i]);
    free(b.frame);
    cohl_workers_free(workers);
    return st;
}

/* Under a hidden name, which is *hidden; NULL when no truth was asked for. */
static cohl_status write_truth(char **hidden, const cohl_scene *scene, const char *path, cohl_error *err)
{
    cohl_text json = { 0 };
    cohl_status st = path ? cohl_place_begin(hidden, path, false, path, err) : COHL_OK;
    if (!path || st)
        return st;
    cohl_scene_truth(scene, &json);
    cohl_text_add(&json, "\n");
    st = json.failed ? cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", path)
                     : cohl_file_write(*hidden, json.data, json.size, err);
    cohl_text_free(&json);
    return st;
}

/* Both get their names when both are whole: with one missing, both are. */
static cohl_status film_scene(const cohl_scene *scene, const asked *a, const cohl_door_params *params, cohl_error *err)
{
    cohl_door *door;
    cohl_door_report report;
    char *truth = NULL;
    cohl_status st = a->truth ? cohl_place_check(a->truth, false, a->truth, err) : COHL_OK;
    if (!st && a->truth && (cohl_place_same(a->truth, a->out) || (params->sheet && cohl_place_same(a->truth, params->sheet))))
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "--truth %s: the film or its sheet goes there", a->truth);
    if (!st) st = cohl_door_open(&door, params, err);
    if (st)
        return st;
    st = render_film(door, scene, a, err);
    if (!st) st = write_truth(&truth, scene, a->truth, err);
    st = cohl_door_close(door, st, &report, err);
    if (!st && truth && (st = cohl_place_name(truth, a->truth, a->truth, err)))
        cohl_door_report_free(&report);
    if (st)
        cohl_place_remove(truth);
    free(truth);
    if (st)
        return st;
    printf("%s: %d frames of %dx%d, %.2f s: %s\n", report.path, report.frames, params->width, params->height,
           report.seconds, params->title);
    cohl_door_report_free(&report);
    return COHL_OK;
}

static cohl_status render(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_scene scene;
    cohl_text caption = { 0 };
    a->cancel = cohl_stop_watch();       /* before anything is written */
    char *recipe = NULL, *sheet = cohl_door_sheet_path(a->out);
    cohl_status st = draw(&scene, a, err);
    if (st) {
        free(sheet);
        return st;
    }
    cohl_scene_caption(&scene, &caption, COHL_ENGLISH, false, 0);
    json_t *json = json_pack("{s:s, s:{s:o, s:i, s:i, s:i, s:i, s:i, s:b}}", "cohl", COHL_VERSION, "theatre",
                             "seed", cohl_json_whole(a->seed), "width", scene.width, "height", scene.height,
                             "frames", scene.frames, "act", a->act, "actors", a->actors,
                             "held_out", a->held_out);
    recipe = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!recipe || !sheet || caption.failed || !caption.data) {
        st = cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory", a->out);
    } else {
        cohl_door_params params = cohl_door_params_default();
        params.path = a->out, params.sheet = scene.frames > 1 ? sheet : NULL;
        params.width = scene.width, params.height = scene.height, params.fps = scene.fps;
        params.frames = scene.frames, params.recipe = recipe, params.title = caption.data;
        params.rendered = true, params.facts = "{\"theatre\":true,\"policies\":[]}";
        if (cohl_protect_open(&params.lists, NULL, NULL))
            st = cohl_protect_unread(NULL, err);
        if (!st) st = film_scene(&scene, a, &params, err);
        cohl_store_close(params.lists);
    }
    cohl_text_free(&caption);
    free(recipe);
    free(sheet);
    return st;
}

/* ---- caption ------------------------------------------------------------- */

static cohl_status caption(void *asked_by, cohl_error *err)
{
    const asked *a = asked_by;
    static const struct { const char *key; cohl_language language; bool dense; } kinds[] = {
        { "english", COHL_ENGLISH, false }, { "english_dense", COHL_ENGLISH, true },
        { "french", COHL_FRENCH, false }, { "french_dense", COHL_FRENCH, true },
    };
    cohl_scene scene;
    json_t *json = a->json ? json_object() : NULL;
    cohl_status st = draw(&scene, a, err);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !st; i++) {
        cohl_text text = { 0 };
        cohl_scene_caption(&scene, &text, kinds[i].language, kinds[i].dense, 0);
        if (json)
            json_object_set_new(json, kinds[i].key, json_string(text.data ? text.data : ""));
        else
            puts(text.data ? text.data : "");
        cohl_text_free(&text);
    }
    if (json && !st) {
        json_dumpf(json, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(json);
    return st;
}

/* ---- captions ------------------------------------------------------------ */

/* Caption i of the text a tokenizer learns from: everything the model may ever hear, so held-out
 * scenes, three subjects and both languages too. */
static void write_caption(cohl_text *text, int i)
{
    cohl_scene scene;
    cohl_scene_request request = cohl_scene_request_default();
    request.act = 2, request.actors_max = COHL_ACTORS_MAX, request.held_out = i % 4 == 0;
    cohl_scene_draw(&scene, &request, (uint64_t)i);
    cohl_scene_caption(&scene, text, i % 2 ? COHL_FRENCH : COHL_ENGLISH, i % 5 == 0, cohl_rng_mix(7, (uint64_t)i));
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words of text, sorted, each once; text is cut up, the list is the caller's to free. */
static const char **list_words(char *text, int *count)
{
    size_t room = 2 + strlen(text) / 2;
    const char **word = calloc(room, sizeof *word);
    char *rest = NULL;
    int all = 0, kept = 0;
    if (!word)
        return NULL;
    for (char *at = strtok_r(text, " \n", &rest); at; at = strtok_r(NULL, " \n", &rest))
        word[all++] = at;
    qsort(word, (size_t)all, sizeof *word, compare_words);
    for (int i = 0; i < all; i++)
        if (!i || strcmp(word[i], word[kept - 1]))
            word[kept++] = word[i];
    *count = kept;
    return word;
}

static cohl_status write_table(char *text, const char *folder, cohl_error *err)
{
    cohl_tokenizer *tokenizer;
    int count = 0;
    cohl_status st = cohl_tokenizer_open(&tokenizer, folder, err);
    if (st)
        return st;
    const char **word = list_words(text, &count);
    char *path = cohl_path_join(folder, "words.tsv");
    st = word && path ? cohl_tokenizer_write_words(tokenizer, word, count, path, err)
                      : cohl_fail(err, COHL_ERR_MEMORY, "no memory for the words of the captions");
    free(path);
    free(word);
    cohl_tokenizer_close(tokenizer);
    return st;
}

static cohl_status captions(void *asked_by, cohl_error *err)
{
    const asked *a = asked_by;
    cohl_text all = { 0 }, one = { 0 };
    for (int i = 0; i < a->count; i++) {
        write_caption(&one, i);
        if (a->table)
            cohl_text_addf(&all, "%s\n", one.data ? one.data : "");
        else
            puts(one.data ? one.data : "");
    }
    cohl_status st = COHL_OK;
    if (one.failed || all.failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %d captions", a->count);
    else if (a->table)
        st = write_table(all.data, a->table, err);
    cohl_text_free(&all);
    cohl_text_free(&one);
    return st;
}

/* ---- words --------------------------------------------------------------- */

static json_t *synonyms(const char *const *list)
{
    json_t *out = json_array();
    for (; *list; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

static void words_json(void)
{
    json_t *all = json_object();
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
        json_t *list = json_array();
        for (int i = 0; i < cohl_word_count(kind); i++) {
            const cohl_word *w = &cohl_words_of(kind)[i];
            json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:o, s:o}", "name", w->name, "about", w->about,
                                                  "act", w->first_act ? 1 : 2, "english", synonyms(w->english),
                                                  "french", synonyms(w->french)));
        }
        json_object_set_new(all, cohl_word_kind_name(kind), list);
    }
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

static void words_plain(void)
{
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++) {
        printf("%s%s\n", kind ? "\n" : "", cohl_word_kind_name(kind));
        for (int i = 0; i < cohl_word_count(kind); i++) {
            const cohl_word *w = &cohl_words_of(kind)[i];
            printf("  %-14s act %d  %s / %s: %s\n", w->name, w->first_act ? 1 : 2, w->english[0], w->french[0], w->about);
        }
    }
}

static cohl_status words(void *asked_by, cohl_error *err)
{
    const asked *a = asked_by;
    if (a->json)
        words_json();
    else
        words_plain();
    return COHL_OK;
}

/* ---- the command --------------------------------------------------------- */

static const cohl_deed deeds[] = {
    { "render", NULL, render }, { "words", NULL, words }, { "caption", NULL, caption }, { "captions", NULL, captions },
    { 0 }
};

static int run_theatre(int argc, char **argv)
{
    asked a = { .out = "scene.mp4", .frames = 81, .act = 2, .count = 10 };
    const char *word[2] = { NULL };
    const cohl_deed *deed;
    int exit_code;
    cohl_error err = { 0 };
    const cohl_option options[] = {
        { "--seed", "N", "which scene (0)", COHL_OPTION_SEED, &a.seed, 0, 0 },
        { "-o, --out", "FILE", "render: where the film goes (scene.mp4)", COHL_OPTION_TEXT, &a.out, 0, 0 },
        { "--truth", "FILE", "render: also write what is so in every frame, as JSON", COHL_OPTION_TEXT, &a.truth, 0, 0 },
        { "--size", "WxH", "pixels (320x192)", COHL_OPTION_TEXT, &a.size, 0, 0 },
        { "--frames", "N", "at 16 a second (81)", COHL_OPTION_INT, &a.frames, 1, 4097 },
        { "--act", "N", "1: the first act's words, 2: all of them (2)", COHL_OPTION_INT, &a.act, 1, 2 },
        { "--actors", "N", "how many subjects (1 or 2, as the seed says)", COHL_OPTION_INT, &a.actors, 1, COHL_ACTORS_MAX },
        { "--held-out", NULL, "only scenes that training never saw", COHL_OPTION_FLAG, &a.held_out, 0, 0 },
        { "--threads", "N", "worker threads; the film is the same with any number (all)", COHL_OPTION_INT, &a.threads, 0, 256 },
        { "--count", "N", "captions: how many (10)", COHL_OPTION_INT, &a.count, 1, 10000000 },
        { "--table", "FOLDER", "captions: write their words to the tokenizer there, as words.tsv", COHL_OPTION_TEXT, &a.table, 0, 0 },
        { "--json", NULL, "words, caption: as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "theatre", "render|words|caption|captions",
                               "The toy theatre: render a scene with its truth, list the words it knows, or say how one "
                               "scene is captioned, or many.", options };

    if (!cohl_options_parse(&usage, argc, argv, word, 1, 1, &exit_code))
        return exit_code;
    if (!(deed = cohl_deed_find("theatre", deeds, word)))
        return COHL_EXIT_USAGE;
    return deed->run(&a, &err) ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

const cohl_command cohl_command_theatre = { "theatre", "render scenes of the toy theatre, list its words", run_theatre };
