/* register_json.c - the register, machine-readable, in the order of the Commission's template. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "film/words.h"
#include "theatre/casting.h"
#include "theatre/scene.h"
#include "train/register.h"

static const double THEATRE_FPS = 16;

/* ---- what was rendered --------------------------------------------------- */

static bool add_frames(void *user, const cohl_register_run *run, int64_t index, uint64_t seed, int frames)
{
    *(int64_t *)user += frames;
    return true;
}

static const char *what_of(const cohl_register_run *run)
{
    return run->kind == COHL_RUN_TOKENIZER ? "captions of scenes, held-out ones too; no pictures" : "rendered film with its captions";
}

static json_t *run_json(const cohl_register_run *run, int64_t *clips, int64_t *frames)
{
    int64_t own = 0, count = cohl_register_walk(run, add_frames, &own);
    *clips += run->kind == COHL_RUN_TOKENIZER ? 0 : count;
    *frames += own;
    json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "part", run->part, "recipe", run->recipe, "what", what_of(run),
                             run->kind == COHL_RUN_TOKENIZER ? "captions" : "clips", (json_int_t)count);
    if (run->kind == COHL_RUN_TOKENIZER)
        return json;
    json_t *lengths = json_array();
    for (int i = 0; i < run->length_count; i++)
        json_array_append_new(lengths, json_integer(run->length[i]));
    json_t *more = json_pack("{s:I, s:f, s:I, s:I, s:i, s:i, s:[ii], s:o, s:f, s:f}", "frames", (json_int_t)own,
                             "film_seconds", (double)own / THEATRE_FPS, "seed", (json_int_t)run->seed, "steps",
                             (json_int_t)run->steps, "batch", run->batch, "act", run->act, "actors", run->actors_min,
                             run->actors_max, "clip_frames", lengths, "hours", run->hours, "kilojoules",
                             run->kilojoules);
    json_object_update_new(json, more);
    return json;
}

/* ---- the theatre --------------------------------------------------------- */

static json_t *names(int kind, int act)
{
    json_t *list = json_array();
    for (int i = 0; i < cohl_word_count(kind); i++)
        if (act == 2 || cohl_words_of(kind)[i].first_act)
            json_array_append_new(list, json_string(cohl_words_of(kind)[i].name));
    return list;
}

static json_t *vocabulary(int act)
{
    json_t *all = json_object();
    for (int kind = 0; kind < COHL_WORD_KIND_COUNT; kind++)
        json_object_set_new(all, cohl_word_kind_name(kind), names(kind, act));
    return all;
}

/* Combinations that no scene of training shows. */
static json_t *held_out(void)
{
    int looks = 0, all_looks = 0, deeds = 0, all_deeds = 0;
    for (int s = 0; s < COHL_SUBJECT_COUNT; s++) {
        for (int c = 0; c < COHL_COLOUR_COUNT; c++)
            for (int p = 0; p < COHL_SETTING_COUNT; p++, all_looks++)
                looks += cohl_held_out_look((cohl_subject)s, (cohl_colour)c, (cohl_setting)p);
        for (int a = 0; a < COHL_ACTION_COUNT; a++) {
            all_deeds += cohl_casting_suits((cohl_subject)s, (cohl_action)a) > 0;
            deeds += cohl_held_out_deed((cohl_subject)s, (cohl_action)a);
        }
    }
    return json_pack("{s:s, s:{s:i, s:i}, s:{s:i, s:i}}", "about",
                     "kept out of training by a hash, to be judged on: subject with colour and setting, subject with "
                     "action", "looks", "held_out", looks, "of", all_looks, "deeds", "held_out", deeds, "of", all_deeds);
}

/* What the renderer of this build makes of eight scenes: the same on every machine, another when its
 * pictures or captions change. */
static cohl_status fingerprint(char hex[COHL_DIGEST_HEX], cohl_error *err)
{
    enum { SIDE = 64, SCENES = 8 };
    uint8_t *rgb = malloc(SIDE * SIDE * 3), bytes[COHL_DIGEST_BYTES];
    cohl_digest *digest = NULL;
    cohl_status st = rgb ? cohl_digest_begin(&digest, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a scene");
    for (int i = 0; i < SCENES && !st; i++) {
        cohl_scene_request request = cohl_scene_request_default();
        cohl_scene scene;
        cohl_text caption = { 0 };
        request.width = request.height = SIDE, request.frames = 17;
        cohl_scene_draw(&scene, &request, (uint64_t)i);
        cohl_scene_render(&scene, 8, &(cohl_picture){ .rgb = rgb });
        cohl_scene_caption(&scene, &caption, i % 2 ? COHL_FRENCH : COHL_ENGLISH, i % 4 > 1, (uint64_t)i);
        cohl_digest_add(digest, rgb, SIDE * SIDE * 3);
        cohl_digest_add(digest, caption.data, caption.size);
        cohl_text_free(&caption);
    }
    cohl_digest_end(digest, bytes);
    cohl_digest_hex(hex, bytes);
    free(rgb);
    return st;
}

/* ---- weights ------------------------------------------------------------- */

cohl_status cohl_register_check(const cohl_register *reg, cohl_error *err)
{
    const char *file;
    json_t *named, *all = json_object_get(reg->file, "weights");
    if (!json_object_size(all))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s/training.json: \"weights\" names no file", reg->folder);
    json_object_foreach(all, file, named) {
        char hex[COHL_DIGEST_HEX], *path = cohl_path_join(reg->folder, file);
        cohl_status st = path ? cohl_digest_file(hex, path, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory");
        if (!st && (!json_is_string(named) || strcmp(hex, json_string_value(named))))
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: is not what training.json tells of: its SHA-256 is %s, "
                           "training.json names %.64s", path, hex, json_is_string(named) ? json_string_value(named) : "?");
        free(path);
        if (st)
            return st;
    }
    return COHL_OK;
}

/* ---- the template's three parts ------------------------------------------ */

static json_t *general(const cohl_register *reg, int64_t frames)
{
    const json_t *f = reg->file;
    return json_pack("{s:{s:O?}, s:{s:O?, s:O?, s:s, s:O?}, s:{s:s, s:s, s:s, s:s, s:f}, s:s, s:[ss], s:s}",
        "provider", "name_and_contact", json_object_get(f, "provider"),
        "model", "name", json_object_get(f, "model"), "released", json_object_get(f, "released"), "dependencies",
        "none: trained from random numbers", "weights", json_object_get(f, "weights"),
        "modalities_and_size", "text", "captions, less than 1 billion tokens", "image", "none of its own: stills are film of "
        "one frame", "audio", "none", "video", "less than 10,000 hours", "video_hours_exactly",
        (double)frames / THEATRE_FPS / 3600,
        "latest_acquisition", "nothing was acquired; scenes were rendered while it learned",
        "languages", "English", "French",
        "other", "a toy theatre of paper, clay and cloth; no photographs, no real people, no text in pictures");
}

static json_t *sources(json_t *runs, int64_t clips, int64_t frames, const char *print)
{
    return json_pack("{s:[], s:[], s:[], s:[], s:[], s:[{s:s, s:s, s:s, s:s, s:I, s:I, s:f, s:s, s:s, s:o, s:o, s:o, s:o}], "
                     "s:[]}",
        "public_datasets", "licensed_datasets", "third_party_datasets", "crawled", "user_data", "synthetic",
        "name", "the toy theatre", "origin", "src/theatre/ of this repository: a renderer, no model made it", "licence",
        "MIT", "rights_holder", "the authors of this repository", "clips", (json_int_t)clips, "frames",
        (json_int_t)frames, "film_seconds", (double)frames / THEATRE_FPS, "files",
        "none: every clip is drawn from a seed, used, and drawn again at need", "renderer_sha256", print, "vocabulary_act_1",
        vocabulary(1), "vocabulary_act_2", vocabulary(2), "held_out", held_out(), "runs", runs, "other");
}

static json_t *processing(void)
{
    return json_pack("{s:s, s:s, s:s}",
        "text_and_data_mining", "No work of others was mined, so no reservation of rights could be met",
        "illegal_content", "The renderer cannot show any: its whole vocabulary is listed above",
        "other", "A scene too ambiguous for its caption is drawn again with other numbers; the pictures of held-out combinations never "
        "are. The tokenizer alone read captions of held-out scenes");
}

cohl_status cohl_register_json(json_t **out, const cohl_register *reg, cohl_error *err)
{
    char print[COHL_DIGEST_HEX];
    int64_t clips = 0, frames = 0;
    *out = NULL;
    cohl_status st = cohl_register_check(reg, err);
    if (!st) st = fingerprint(print, err);
    if (st)
        return st;
    json_t *runs = json_array();
    for (int i = 0; i < reg->run_count; i++)
        json_array_append_new(runs, run_json(&reg->run[i], &clips, &frames));
    *out = json_pack("{s:s, s:o, s:o, s:o}", "template",
                     "Regulation (EU) 2024/1689, Article 53(1)(d); template of the Commission, C(2025) 8311",
                     "general", general(reg, frames), "sources", sources(runs, clips, frames, print), "processing",
                     processing());
    return *out ? COHL_OK : cohl_fail(err, COHL_ERR_MEMORY, "no memory for the register");
}
