/* Tests of train/register: the committed page and register are what the code says; questions; bad files.
 *
 *     test_register SOURCE_FOLDER */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "theatre/scene.h"
#include "train/register.h"

static const char *source;
static char folder[] = "/tmp/cohl-register-XXXXXX", model[256];
static cohl_register *reg;

static int set_up(void **state)
{
    cohl_error err = { 0 };
    if (!mkdtemp(folder) || cohl_register_open(&reg, model, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

static int tear_down(void **state)
{
    char command[96];
    cohl_register_free(reg);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0;
}

static json_t *built(void)
{
    json_t *json;
    cohl_error err = { 0 };
    if (cohl_register_json(&json, reg, &err))
        fail_msg("%s", err.text);
    return json;
}

static char *committed(const char *name)
{
    char path[300], *text;
    snprintf(path, sizeof path, "%s/%s", source, name);
    assert_int_equal(cohl_file_read(&text, NULL, path, 1 << 20, NULL), COHL_OK);
    return text;
}

static void test_the_committed_page_is_what_the_code_prints(void **state)
{
    cohl_text card = { 0 };
    json_t *json = built();
    char *page = committed("TRAINING-DATA.md");
    cohl_register_card(json, &card);
    assert_string_equal(page, card.data);
    free(page);
    cohl_text_free(&card);
    json_decref(json);
}

static void test_the_committed_register_is_what_the_code_prints(void **state)
{
    json_t *json = built();
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9)), *file = committed("models/mini/training-data.json");
    size_t size = strlen(text);
    assert_memory_equal(file, text, size);
    assert_string_equal(file + size, "\n");
    free(file);
    free(text);
    json_decref(json);
}

static void test_sources_stand_in_the_templates_order_and_only_one_is_not_empty(void **state)
{
    static const char *const keys[] = { "public_datasets", "licensed_datasets", "third_party_datasets", "crawled", "user_data",
                                        "synthetic", "other" };
    json_t *json = built(), *list;
    const char *key;
    size_t at = 0;
    json_object_foreach(json_object_get(json, "sources"), key, list) {
        assert_string_equal(key, keys[at++]);
        assert_int_equal(json_array_size(list), !strcmp(key, "synthetic"));
    }
    assert_int_equal(at, 7);
    json_decref(json);
}

static void test_questions_have_answers(void **state)
{
    static const struct { const char *what, *as, *answer, *because; } cases[] = {
        { "a red balloon", "words", "yes", "subject of the theatre's vocabulary, act 1" },
        { "balloon head", "words", "yes", "\\\"balloon head\\\" is a subject" },
        { "un ballon rouge", "words", "yes", "\\\"red\\\" is a colour" },
        { "Pikachu", "words", "no", "\\\"Pikachu\\\" is no word of the vocabulary" },
        { "a red Pikachu", "words", "no", "is no word" },
        { "octopus", "words", "yes", "act 2" },
        { "/etc/hostname", "words", "no", "" },
        { "9bd4ee11a69a116beb844988ae8df68ce11d7328668c83d32209fc01045c948c", "digest", "no", "no file was read" },
        { "7", "seed", "yes", "captioned for the tokenizer" },
        { "123456789", "seed", "no", "no scene of this seed" },
        { "", "words", "no", "nothing was asked" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cohl_file_exists(cases[i].what))
            continue;
        json_t *answer = cohl_register_ask(reg, cases[i].what);
        char *all = json_dumps(answer, 0);
        if (strcmp(json_string_value(json_object_get(answer, "as")), cases[i].as) ||
            strcmp(json_string_value(json_object_get(answer, "answer")), cases[i].answer) || !strstr(all, cases[i].because))
            fail_msg("%s", all);
        free(all);
        json_decref(answer);
    }
    char *path;
    assert_true(asprintf(&path, "%s/LICENSE", source) > 0);
    json_t *answer = cohl_register_ask(reg, path);
    assert_string_equal(json_string_value(json_object_get(answer, "as")), "file");
    json_decref(answer);
    free(path);
}

static void test_held_out_combinations_are_told(void **state)
{
    int found = 0;
    for (int s = 0; s < COHL_SUBJECT_COUNT; s++)
        for (int c = 0; c < COHL_COLOUR_COUNT; c++)
            for (int p = 0; p < COHL_SETTING_COUNT; p++) {
                char what[120];
                bool held = cohl_held_out_look((cohl_subject)s, (cohl_colour)c, (cohl_setting)p);
                snprintf(what, sizeof what, "%s %s in the %s", cohl_words_of(COHL_WORD_COLOUR)[c].name,
                         cohl_words_of(COHL_WORD_SUBJECT)[s].name, cohl_words_of(COHL_WORD_SETTING)[p].name);
                if ((s * 7 + c + p) % 5)
                    continue;
                json_t *answer = cohl_register_ask(reg, what);
                bool yes = !strcmp(json_string_value(json_object_get(answer, "answer")), "yes");
                if (yes == held)
                    fail_msg("\"%s\" is %sheld out, the answer is %s", what, held ? "" : "not ", yes ? "yes" : "no");
                found += held;
                json_decref(answer);
            }
    assert_true(found > 5);
}

/* Seeds of the walk are those of what the trainer draws: the first clip of the autoencoder's first step. */
typedef struct first_seed { uint64_t seed; int frames; } first_seed;

static bool keep_first(void *user, const cohl_register_run *run, int64_t index, uint64_t seed, int frames)
{
    *(first_seed *)user = (first_seed){ seed, frames };
    return false;
}

static void test_a_rendered_scene_is_found_by_its_seed(void **state)
{
    for (int i = 0; i < reg->run_count; i++) {
        first_seed first = { 0 };
        char digits[24];
        if (reg->run[i].kind == COHL_RUN_TOKENIZER)
            continue;
        cohl_register_walk(&reg->run[i], keep_first, &first);
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)first.seed);
        json_t *answer = cohl_register_ask(reg, digits);
        assert_string_equal(json_string_value(json_object_get(answer, "answer")), "yes");
        json_decref(answer);
        assert_true(first.frames >= 1);
    }
}

static void open_fails(const char *text, cohl_status expected, const char *said)
{
    cohl_register *other;
    cohl_error err = { 0 };
    char path[96];
    snprintf(path, sizeof path, "%s/training.json", folder);
    unlink(path);
    if (text)
        assert_int_equal(cohl_file_write(path, text, strlen(text), NULL), COHL_OK);
    assert_int_equal(cohl_register_open(&other, folder, &err), expected);
    if (!strstr(err.text, said))
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
}

static void test_bad_files_are_one_sentence(void **state)
{
    open_fails(NULL, COHL_ERR_UNSUPPORTED, "has no training.json");
    open_fails("[", COHL_ERR_FORMAT, "not a JSON object");
    open_fails("{}", COHL_ERR_FORMAT, "\"runs\" has 0 members");
    open_fails("{\"runs\":[{}]}", COHL_ERR_FORMAT, "run 1: \"task\"");
    open_fails("{\"runs\":[{\"task\":\"dance\"}]}", COHL_ERR_FORMAT, "\"task\" is missing or not tokenizer, vae or film");
    open_fails("{\"runs\":[{\"task\":\"tokenizer\",\"part\":\"a\",\"recipe\":\"b\",\"captions\":-1}]}", COHL_ERR_FORMAT,
               "\"captions\"");
    open_fails("{\"runs\":[{\"task\":\"film\",\"part\":\"a\",\"recipe\":\"b\",\"seed\":1,\"steps\":1,\"batch\":1,\"act\":1,"
               "\"actors_max\":1,\"frames\":[]}]}", COHL_ERR_FORMAT, "\"frames\"");
}

static void test_other_weights_than_those_told_of_are_refused(void **state)
{
    cohl_register *other;
    json_t *json;
    cohl_error err = { 0 };
    char path[96];
    snprintf(path, sizeof path, "%s/w", folder);
    assert_int_equal(cohl_file_write(path, "weights", 7, NULL), COHL_OK);
    snprintf(path, sizeof path, "%s/training.json", folder);
    const char *text = "{\"weights\":{\"w\":\"00\"},\"runs\":[{\"task\":\"tokenizer\",\"part\":\"a\",\"recipe\":\"b\","
                       "\"captions\":3}]}";
    assert_int_equal(cohl_file_write(path, text, strlen(text), NULL), COHL_OK);
    assert_int_equal(cohl_register_open(&other, folder, NULL), COHL_OK);
    assert_int_equal(cohl_register_json(&json, other, &err), COHL_ERR_FORMAT);
    assert_non_null(strstr(err.text, "is not what training.json tells of"));
    cohl_register_free(other);
}

/* A model folder whose weights are those of the shipped one, and a recipe that went on from it. */
static void model_of(const char *at, cohl_recipe *recipe, const char *from)
{
    static const char *const parts[] = { "text_encoder", "transformer", "vae", "tokenizer" };
    char text[2048];
    cohl_error err = { 0 };
    assert_int_equal(cohl_folder_make(at, NULL), COHL_OK);
    for (int i = 0; i < 4; i++) {
        char *to = cohl_path_join(at, parts[i]), *part = cohl_path_join(model, parts[i]), *real = realpath(part, NULL);
        assert_non_null(real);
        assert_int_equal(symlink(real, to), 0);
        free(to);
        free(part);
        free(real);
    }
    snprintf(text, sizeof text, "{\"task\":\"film\",\"seed\":9,\"steps\":40,\"batch\":3,\"start_from\":\"%s\","
             "\"index\":{\"cohl\":{\"name\":\"mine\"}},\"data\":{\"vae\":\"%s/vae/\",\"tokenizer\":\"%s/tokenizer\","
             "\"act\":1,\"actors_max\":2,\"shards_first\":4,\"shapes\":[[320,192,17],[320,192,1]]}}", from, model, model);
    if (cohl_recipe_parse(recipe, "mine", text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void test_a_model_trained_here_tells_all_its_runs(void **state)
{
    char at[128];
    cohl_recipe recipe;
    cohl_register *mine;
    cohl_error err = { 0 };
    const cohl_progress progress = { .step = 30, .seconds = 3600, .joules = 5000 };
    snprintf(at, sizeof at, "%s/mine", folder);
    model_of(at, &recipe, model);
    if (cohl_register_write(at, &recipe, &progress, &err) || cohl_register_open(&mine, at, &err) ||
        cohl_register_check(mine, &err))
        fail_msg("%s", err.text);
    const cohl_register_run *last = &mine->run[mine->run_count - 1];
    assert_int_equal(mine->run_count, reg->run_count + 1);
    for (int i = 0; i < reg->run_count; i++)
        assert_string_equal(mine->run[i].part, reg->run[i].part);
    assert_int_equal(last->steps, 30);
    assert_int_equal(last->seed, 9);
    assert_int_equal(last->batch, 3);
    assert_int_equal(last->shards_first, 4);
    assert_int_equal(last->actors_max, 2);
    assert_int_equal(last->length_count, 2);
    assert_int_equal(last->length[0], 17);
    assert_true(last->hours == 1 && last->kilojoules == 5);
    assert_string_equal(json_string_value(json_object_get(mine->file, "model")), "mine");
    assert_true(cohl_register_walk(last, NULL, NULL) > 0);
    cohl_register_free(mine);
    cohl_recipe_close(&recipe);
}

static void test_a_beginning_that_is_not_known_leaves_the_model_unaccounted(void **state)
{
    char at[128], bare[128];
    cohl_recipe recipe;
    cohl_error err = { 0 };
    const cohl_progress progress = { .step = 1 };
    snprintf(at, sizeof at, "%s/unknown", folder);
    snprintf(bare, sizeof bare, "%s/bare", folder);
    assert_int_equal(cohl_folder_make(bare, NULL), COHL_OK);
    model_of(at, &recipe, bare);
    assert_int_equal(cohl_register_write(at, &recipe, &progress, &err), COHL_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "has no training.json"));
    char *path = cohl_path_join(at, "training.json");
    assert_false(cohl_file_exists(path));
    free(path);
    cohl_recipe_close(&recipe);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    source = argv[1];
    snprintf(model, sizeof model, "%s/models/mini", source);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_model_trained_here_tells_all_its_runs),
        cmocka_unit_test(test_a_beginning_that_is_not_known_leaves_the_model_unaccounted),
        cmocka_unit_test(test_the_committed_page_is_what_the_code_prints),
        cmocka_unit_test(test_the_committed_register_is_what_the_code_prints),
        cmocka_unit_test(test_sources_stand_in_the_templates_order_and_only_one_is_not_empty),
        cmocka_unit_test(test_questions_have_answers),
        cmocka_unit_test(test_held_out_combinations_are_told),
        cmocka_unit_test(test_a_rendered_scene_is_found_by_its_seed),
        cmocka_unit_test(test_bad_files_are_one_sentence),
        cmocka_unit_test(test_other_weights_than_those_told_of_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
