/* register_card.c - the register as a page: TRAINING-DATA.md. */
#include "train/register.h"

#include <string.h>

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "not stated";
}

static void add_row(cohl_text *out, const char *what, const char *text)
{
    cohl_text_addf(out, "| %s | %s |\n", what, text);
}

static void add_table(cohl_text *out) { cohl_text_add(out, "| | |\n| --- | --- |\n"); }

/* ---- 1 ------------------------------------------------------------------- */

static void add_general(cohl_text *out, const json_t *general)
{
    const json_t *model = json_object_get(general, "model"), *size = json_object_get(general, "modalities_and_size");
    const char *file;
    json_t *digest;
    cohl_text_add(out, "## 1. General information\n\n### 1.1 Provider\n\n");
    cohl_text_addf(out, "%s\n\n### 1.2 Model\n\n", text_of(json_object_get(general, "provider"), "name_and_contact"));
    add_table(out);
    add_row(out, "name", text_of(model, "name"));
    add_row(out, "released", text_of(model, "released"));
    add_row(out, "depends on other models", text_of(model, "dependencies"));
    json_object_foreach(json_object_get(model, "weights"), file, digest)
        cohl_text_addf(out, "| `%s` | SHA-256 `%s` |\n", file, json_string_value(digest));
    cohl_text_add(out, "\n### 1.3 Modalities, size, characteristics\n\n");
    add_table(out);
    add_row(out, "text", text_of(size, "text"));
    add_row(out, "images", text_of(size, "image"));
    add_row(out, "audio", text_of(size, "audio"));
    cohl_text_addf(out, "| video | %s: exactly %.2f hours |\n", text_of(size, "video"),
                   json_number_value(json_object_get(size, "video_hours_exactly")));
    add_row(out, "latest acquisition", text_of(general, "latest_acquisition"));
    add_row(out, "languages", "English, French");
    add_row(out, "other", text_of(general, "other"));
}

/* ---- 2 ------------------------------------------------------------------- */

static void add_words(cohl_text *out, const json_t *vocabulary, const json_t *all)
{
    const char *kind;
    json_t *list;
    cohl_text_add(out, "| | words of act 1 | and of act 2 |\n| --- | --- | --- |\n");
    json_object_foreach((json_t *)all, kind, list) {
        size_t i, first = json_array_size(json_object_get(vocabulary, kind));
        json_t *word;
        cohl_text_addf(out, "| %s | ", kind);
        for (int act = 1; act <= 2; act++) {
            bool some = false;
            json_array_foreach(list, i, word) {
                const json_t *one = json_object_get(vocabulary, kind);
                bool in_first = false;
                for (size_t k = 0; k < first; k++)
                    in_first = in_first || json_equal(json_array_get(one, k), word);
                if (in_first == (act == 1)) {
                    cohl_text_addf(out, "%s%s", some ? ", " : "", json_string_value(word));
                    some = true;
                }
            }
            cohl_text_add(out, act == 1 ? " | " : " |\n");
        }
    }
}

static void add_runs(cohl_text *out, const json_t *runs)
{
    size_t i;
    json_t *run;
    cohl_text_add(out, "\n| made | recipe | seed | steps of batch | act | clips | frames | seconds of film | hours of "
                       "training | kJ (estimated) |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    json_array_foreach((json_t *)runs, i, run) {
        json_int_t clips = json_integer_value(json_object_get(run, "clips"));
        if (!json_object_get(run, "clips")) {
            cohl_text_addf(out, "| %s | `%s` | | | 2 | %lld captions, no pictures | | | | |\n", text_of(run, "part"),
                           text_of(run, "recipe"), (long long)json_integer_value(json_object_get(run, "captions")));
            continue;
        }
        cohl_text_addf(out, "| %s | `%s` | %lld | %lld of %lld | %lld | %lld | %lld | %.0f | %.2f | %.0f |\n",
                       text_of(run, "part"), text_of(run, "recipe"),
                       (long long)json_integer_value(json_object_get(run, "seed")),
                       (long long)json_integer_value(json_object_get(run, "steps")),
                       (long long)json_integer_value(json_object_get(run, "batch")),
                       (long long)json_integer_value(json_object_get(run, "act")), (long long)clips,
                       (long long)json_integer_value(json_object_get(run, "frames")),
                       json_number_value(json_object_get(run, "film_seconds")),
                       json_number_value(json_object_get(run, "hours")),
                       json_number_value(json_object_get(run, "kilojoules")));
    }
}

static void add_held_out(cohl_text *out, const json_t *held)
{
    const json_t *looks = json_object_get(held, "looks"), *deeds = json_object_get(held, "deeds");
    cohl_text_addf(out, "\nHeld out: %lld of %lld combinations of subject, colour and setting, and %lld of %lld of subject and "
                   "action, %s.\n", (long long)json_integer_value(json_object_get(looks, "held_out")),
                   (long long)json_integer_value(json_object_get(looks, "of")),
                   (long long)json_integer_value(json_object_get(deeds, "held_out")),
                   (long long)json_integer_value(json_object_get(deeds, "of")), "kept out of training to be judged on");
}

static void add_sources(cohl_text *out, const json_t *sources)
{
    static const struct { const char *title, *key; } none[] = {
        { "2.1 Publicly available datasets", "public_datasets" },
        { "2.2 Private datasets: licensed, or of other third parties", "licensed_datasets" },
        { "2.3 Data crawled and scraped from the web", "crawled" }, { "2.4 User data", "user_data" } };
    const json_t *theatre = json_array_get(json_object_get(sources, "synthetic"), 0);
    cohl_text_add(out, "\n## 2. Data sources\n\n");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cohl_text_addf(out, "### %s\n\n%s\n\n", none[i].title, json_array_size(json_object_get(sources, none[i].key)) ?
                       "See the register." : "None.");
    cohl_text_addf(out, "### 2.5 Synthetic data\n\n**%s**: %s. Licence %s, rights with %s.\nFiles: %s.\n\n%lld clips of "
                   "%lld frames in all, %.0f seconds of film.\n SHA-256 of what the renderer of this version makes of eight "
                   "scenes: `%s`.\n", text_of(theatre, "name"), text_of(theatre, "origin"), text_of(theatre, "licence"),
                   text_of(theatre, "rights_holder"), text_of(theatre, "files"),
                   (long long)json_integer_value(json_object_get(theatre, "clips")),
                   (long long)json_integer_value(json_object_get(theatre, "frames")),
                   json_number_value(json_object_get(theatre, "film_seconds")), text_of(theatre, "renderer_sha256"));
    add_runs(out, json_object_get(theatre, "runs"));
    cohl_text_add(out, "\nA scene holds these words and no others:\n\n");
    add_words(out, json_object_get(theatre, "vocabulary_act_1"), json_object_get(theatre, "vocabulary_act_2"));
    add_held_out(out, json_object_get(theatre, "held_out"));
    cohl_text_add(out, "\n### 2.6 Other sources\n\nNone.\n");
}

/* ---- 3 ------------------------------------------------------------------- */

static void add_processing(cohl_text *out, const json_t *processing)
{
    cohl_text_addf(out, "\n## 3. Data processing\n\n### 3.1 Reservations of text and data mining\n\n%s.\n\n### 3.2 Removal of "
                   "illegal content\n\n%s.\n\n### 3.3 Other\n\n%s.\n", text_of(processing, "text_and_data_mining"),
                   text_of(processing, "illegal_content"), text_of(processing, "other"));
}

void cohl_register_card(const json_t *json, cohl_text *out)
{
    const json_t *general = json_object_get(json, "general");
    cohl_text_addf(out, "# Training data of %s\n\nWhat this model was trained on, in the order of the summary that the law "
                   "asks for\n(%s).\n\n"
                   "This page is what `cohl info FOLDER --card` prints for the model's folder. With `--json` it prints the "
                   "register\nthat the page is made from (`training-data.json` in the folder, where the model ships), and "
                   "`cohl info FOLDER\n--trained-on \"...\"` answers whether something was in it.\n\n",
                   text_of(json_object_get(general, "model"), "name"), text_of(json, "template"));
    add_general(out, general);
    add_sources(out, json_object_get(json, "sources"));
    add_processing(out, json_object_get(json, "processing"));
}
