/* info.c - `cohl info PATH`: what a film, a picture, a model or a file of weights is. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "media/reader.h"
#include "media/still.h"
#include "model/film_model.h"
#include "model/film_places.h"
#include "train/register.h"
#include "weights/gguf.h"
#include "weights/lora.h"
#include "weights/network.h"
#include "weights/source.h"
#include "weights/torch.h"

enum { PICTURE_BYTES_MAX = 256 << 20 };

/* Every answer is JSON first; without --json it is printed as lines. */

/* What stands in a file is a stranger's. value: NULL: none, of an object. */
static void print_line(int depth, const char *key, const char *value)
{
    int size = (int)strlen(key), width = 14 - 2 * depth;
    printf("%*s", 2 * depth, "");
    cohl_print_clean(key);
    if (value) {
        printf("%*s ", size < width ? width - size : 0, "");
        cohl_print_clean(value);
    }
    puts("");
}

static void print_lines(const json_t *value, int depth)
{
    const char *key;
    json_t *item;
    size_t i;
    json_object_foreach((json_t *)value, key, item) {
        char *text = json_dumps(item, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        if (json_is_object(item)) {
            print_line(depth, key, NULL);
            print_lines(item, depth + 1);
        } else if (json_is_string(item)) {
            print_line(depth, key, json_string_value(item));
        } else {
            print_line(depth, key, text ? text : "");
        }
        free(text);
    }
    json_array_foreach((json_t *)value, i, item)
        print_lines(item, depth);
}

/* ---- films and pictures -------------------------------------------------- */

static void set_tags(json_t *json, const cohl_tags *tags)
{
    json_t *all = json_object();
    for (int i = 0; i < tags->count; i++) {
        const char *key = tags->tag[i].key;    /* a GIF has one comment and no keys: it is the recipe */
        bool may_be = !strcasecmp(key, COHL_TAG_RECIPE) || !strcasecmp(key, "comment");
        json_t *recipe = may_be ? json_loads(tags->tag[i].value, 0, NULL) : NULL;
        if (recipe)
            json_object_set_new(json, "recipe", recipe);
        else
            json_object_set_new(all, key, json_string(tags->tag[i].value));
    }
    json_object_set_new(json, "tags", all);
}

static cohl_status film_info(json_t *json, const char *path, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_status st = cohl_film_reader_open(&reader, path, 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    json_object_set_new(json, "kind", json_string("film"));
    json_object_set_new(json, "width", json_integer(info->native_width));
    json_object_set_new(json, "height", json_integer(info->native_height));
    json_object_set_new(json, "frames", json_integer(info->frames));
    json_object_set_new(json, "fps", json_real(info->fps));
    json_object_set_new(json, "seconds", json_real(info->seconds));
    json_object_set_new(json, "codec", json_string(info->codec));
    json_object_set_new(json, "container", json_string(info->container));
    set_tags(json, &info->tags);
    cohl_film_reader_close(reader);
    return COHL_OK;
}

static cohl_status picture_info(json_t *json, const char *path, cohl_error *err)
{
    char *bytes;
    size_t size;
    cohl_frame *frame = NULL;
    cohl_tags tags = { 0 };
    cohl_status st = cohl_file_read(&bytes, &size, path, PICTURE_BYTES_MAX, err);
    if (st)
        return st;
    if (!(st = cohl_still_decode(&frame, (const uint8_t *)bytes, size, path, err)) &&
        !(st = cohl_still_tags(&tags, (const uint8_t *)bytes, size, err))) {
        json_object_set_new(json, "kind", json_string("picture"));
        json_object_set_new(json, "width", json_integer(frame->width));
        json_object_set_new(json, "height", json_integer(frame->height));
        set_tags(json, &tags);
    }
    cohl_frame_free(frame);
    cohl_tags_free(&tags);
    free(bytes);
    return st;
}

/* ---- weights ------------------------------------------------------------- */

static json_t *shape(const cohl_weight *w)
{
    json_t *dims = json_array();
    for (int i = 0; i < w->rank; i++)
        json_array_append_new(dims, json_integer(w->dim[i]));
    return dims;
}

/* How many tensors and bytes of each type. */
static json_t *types_of(const cohl_weights *weights)
{
    json_t *types = json_object();
    for (size_t i = 0; i < cohl_weights_count(weights); i++) {
        const cohl_weight *w = cohl_weights_at(weights, i);
        const char *name = cohl_weight_type_name(w);
        json_t *type = json_object_get(types, name);
        if (!type)
            json_object_set_new(types, name, type = json_pack("{s:i, s:i}", "tensors", 0, "bytes", 0));
        json_t *tensors = json_object_get(type, "tensors"), *bytes = json_object_get(type, "bytes");
        json_integer_set(tensors, json_integer_value(tensors) + 1);
        json_integer_set(bytes, json_integer_value(bytes) + (json_int_t)cohl_weight_bytes(w));
    }
    return types;
}

static void set_network(json_t *json, const cohl_network *n)
{
    json_object_set_new(json, "network", json_string(n->name));
    if (n->model)
        json_object_set_new(json, "model", json_string(n->model));
    json_object_set_new(json, "parameters", json_integer(n->parameters));
    if (n->dim)
        json_object_set_new(json, "dim", json_integer(n->dim));
    if (n->layers)
        json_object_set_new(json, "layers", json_integer(n->layers));
    if (n->kind == COHL_NETWORK_TRANSFORMER) {
        json_object_set_new(json, "in_dim", json_integer(n->in_dim));
        json_object_set_new(json, "out_dim", json_integer(n->out_dim));
        json_object_set_new(json, "image_branch", json_boolean(n->image));
        json_object_set_new(json, "control_layers", json_integer(n->vace_layers));
    }
}

static cohl_status lora_info(json_t *json, const char *path, cohl_error *err)
{
    cohl_lora *lora;
    cohl_lora_sampling few = cohl_lora_sampling_of(path);
    cohl_status st = cohl_lora_open(&lora, path, err);
    if (st)
        return st;
    json_object_set_new(json, "changes", json_pack("{s:i, s:i, s:s}", "modules", cohl_lora_count(lora), "rank",
                                                   cohl_lora_rank(lora), "spelling", cohl_lora_spelling(lora)));
    if (few.steps)
        json_object_set_new(json, "sampling", json_pack("{s:s, s:i, s:f, s:f}", "known_as", few.name, "steps",
                                                        few.steps, "shift", few.shift, "guidance", few.guidance));
    cohl_lora_close(lora);
    return COHL_OK;
}

static cohl_status weights_info(json_t *json, const char *path, cohl_error *err)
{
    cohl_weights *weights;
    cohl_status st = cohl_weights_open(&weights, path, err);
    if (st)
        return st;
    cohl_network network = cohl_network_identify(weights);
    json_object_set_new(json, "kind", json_string("weights"));
    json_object_set_new(json, "format", json_string(cohl_weights_format(weights)));
    json_object_set_new(json, "naming", json_string(cohl_weights_naming(weights)));
    set_network(json, &network);
    if (network.kind == COHL_NETWORK_LORA)
        st = lora_info(json, path, err);
    json_object_set_new(json, "types", types_of(weights));
    json_object_set_new(json, "tensor_count", json_integer((json_int_t)cohl_weights_count(weights)));
    json_t *tensors = json_object();
    for (size_t i = 0; i < cohl_weights_count(weights); i++) {
        const cohl_weight *w = cohl_weights_at(weights, i);
        json_object_set_new(tensors, w->name, json_pack("[s, o]", cohl_weight_type_name(w), shape(w)));
    }
    json_object_set_new(json, "tensors", tensors);
    cohl_weights_close(weights);
    return st;
}

/* ---- models -------------------------------------------------------------- */

/* path NULL: the model has no such part. */
static cohl_status part_info(json_t *parts, const char *name, const char *path, cohl_part part, cohl_error *err)
{
    cohl_weights *weights;
    json_int_t values = 0, bytes = 0;
    cohl_status st = path ? cohl_weights_open_part(&weights, path, part, err) : COHL_OK;
    if (st || !path)
        return st;
    for (size_t i = 0; i < cohl_weights_count(weights); i++) {
        const cohl_weight *w = cohl_weights_at(weights, i);
        values += (json_int_t)w->count;
        bytes += (json_int_t)cohl_weight_bytes(w);
    }
    json_object_set_new(parts, name, json_pack("{s:I, s:I, s:i}", "parameters", values, "bytes", bytes, "tensors",
                                               (int)cohl_weights_count(weights)));
    cohl_weights_close(weights);
    return COHL_OK;
}

static json_t *sizes(const cohl_film_abilities *can)
{
    json_t *list = json_array();
    for (int i = 0; i < can->size_count; i++)
        json_array_append_new(list, json_pack("[i, i]", can->size[i][0], can->size[i][1]));
    return list;
}

static cohl_status parts_info(json_t *parts, const char *folder, cohl_error *err)
{
    cohl_film_places at;
    cohl_status st = cohl_film_model_places(&at, folder, err);
    if (st)
        return st;
    const struct { const char *name, *path; cohl_part part; } rows[] = {
        { "text_encoder", at.text, COHL_PART_TEXT },       { "transformer", at.transformer, COHL_PART_TRANSFORMER },
        { "transformer_2", at.low, COHL_PART_TRANSFORMER }, { "image_encoder", at.image, COHL_PART_IMAGE },
        { "vae", at.vae, COHL_PART_VAE },                   { "fast_vae", at.fast, COHL_PART_ANY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !st; i++)
        st = part_info(parts, rows[i].name, rows[i].path, rows[i].part, err);
    cohl_film_places_free(&at);
    return st;
}

static cohl_status model_info(json_t *json, const char *folder, cohl_error *err)
{
    cohl_film_abilities can;
    cohl_film_sampling usual;
    json_t *parts = json_object();
    cohl_status st = cohl_film_model_describe(&can, &usual, folder, err);
    if (!st)
        st = parts_info(parts, folder, err);
    if (st) {
        json_decref(parts);
        return st;
    }
    json_t *can_json = json_pack("{s:f, s:i, s:i, s:o, s:i, s:s, s:s, s:i}", "fps", can.fps, "frames_min",
                                 can.frames_min, "frames_max", can.frames_max, "sizes", sizes(&can),
                                 "size_multiple", can.grid, "known", can.known->name,
                                 "known_about", can.known->about, "words", can.words);
    json_object_set_new(json, "kind", json_string("model"));
    json_object_set_new(json, "name", json_string(can.name));
    json_object_set_new(json, "about", json_string(can.about));
    json_object_set_new(json, "can", can_json);
    json_object_set_new(json, "sampling", json_pack("{s:s, s:i, s:f, s:f}", "solver", usual.solver->name, "steps",
                                                    usual.steps, "shift", usual.shift, "guidance", usual.guidance));
    json_object_set_new(json, "parts", parts);
    return COHL_OK;
}

/* ---- training data -------------------------------------------------------- */

static void tell_answer(json_t *answer, bool as_json)
{
    size_t i;
    json_t *line;
    if (as_json) {
        cohl_print_json(answer);
        return;
    }
    printf("%s\n", cohl_text_of(answer, "answer"));
    json_array_foreach(json_object_get(answer, "because"), i, line) {
        cohl_print_clean(json_string_value(line));
        puts("");
    }
    json_decref(answer);
}

static void tell_card(json_t *json, bool as_json)
{
    cohl_text card = { 0 };
    if (as_json) {
        cohl_print_json(json);
        return;
    }
    cohl_register_card(json, &card);
    fputs(card.data ? card.data : "", stdout);
    cohl_text_free(&card);
    json_decref(json);
}

/* The register's card, or its answer to a question. */
static int tell_training(const char *folder, const char *question, bool as_json)
{
    cohl_register *reg;
    cohl_error err = { 0 };
    json_t *json = NULL;
    cohl_status st = cohl_folder_exists(folder) ? cohl_register_open(&reg, folder, &err)
                                                : cohl_fail(&err, COHL_ERR_ARGUMENT, "%s: expected a model's folder", folder);
    if (st)
        return cohl_command_fail(&err);
    if (question && !(json = cohl_register_ask(reg, question)))
        st = cohl_fail(&err, COHL_ERR_ARGUMENT, "the question is not UTF-8");
    else if (!question)
        st = cohl_register_json(&json, reg, &err);
    if (!st && question)
        tell_answer(json, as_json);
    else if (!st)
        tell_card(json, as_json);
    cohl_register_free(reg);
    return st ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

/* ---- the command --------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
    size_t a = strlen(text), b = strlen(ending);
    return a >= b && !strcasecmp(text + a - b, ending);
}

/* By a usual ending, or by the first bytes of a format that has some. */
static bool is_weights(const char *path)
{
    static const char *const more[] = { ".index.json", ".pt", ".bin" };
    for (int i = 0; cohl_source_kinds[i]; i++)
        if (ends_with(path, cohl_source_kinds[i]->ending))
            return true;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (ends_with(path, more[i]))
            return true;
    uint8_t start[16] = { 0 };
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(start, 1, sizeof start, file) : 0;
    if (file)
        fclose(file);
    return cohl_gguf_is(start, size) || cohl_torch_is(start, size);
}

/* A folder that says what it is, or that holds all parts of a model; others may be folders of shards. */
static bool is_model(const char *path)
{
    cohl_film_places at;
    char *index = cohl_path_join(path, "model_index.json");
    bool found = index && cohl_file_exists(index);
    free(index);
    if (found || cohl_film_model_places(&at, path, NULL))
        return found;
    cohl_film_places_free(&at);
    return true;
}

static cohl_status look(json_t *json, const char *path, cohl_error *err)
{
    if (is_model(path))
        return model_info(json, path, err);
    if (cohl_folder_exists(path) || is_weights(path))
        return weights_info(json, path, err);
    /* Films are told by reading them, but a still picture would pass for a film of one frame. */
    return cohl_still_begins(path) ? picture_info(json, path, err) : film_info(json, path, err);
}

static int run_info(int argc, char **argv)
{
    const char *path;
    const char *question = NULL;
    bool as_json = false, card = false;
    int exit_code;
    cohl_error err = { 0 };
    const cohl_option options[] = {
        { "--card", NULL, "a model: what it was trained on; with --json the register", COHL_OPTION_FLAG, &card, 0, 0 },
        { "--trained-on", "X", "a model: was X in training? words, a seed, a file or its SHA-256", COHL_OPTION_TEXT, &question, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &as_json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "info", "PATH",
                               "What a film or picture (with its recipe), a model's folder, or a file of weights is: safetensors\n"
                               "with or without its index, GGUF, PyTorch's .pth, a LoRA; and what a model was trained on.",
                               options };

    if (!cohl_options_parse(&usage, argc, argv, &path, 1, 1, &exit_code))
        return exit_code;
    if (card || question)
        return tell_training(path, question, as_json);
    json_t *json = json_pack("{s:o}", "path", cohl_json_name(path));
    cohl_status st = json ? look(json, path, &err) : cohl_fail(&err, COHL_ERR_MEMORY, "no memory to tell it");
    if (!st && as_json) {
        json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        putchar('\n');
    } else if (!st) {
        print_lines(json, 0);
    }
    json_decref(json);
    return st ? cohl_command_fail(&err) : COHL_EXIT_OK;
}

const cohl_command cohl_command_info = { "info", "what a film, a model or a file of weights is", run_info };
