/* Tests of cli: the built command is run; what it prints, leaves and answers. argv: cohl, tiny_model. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "typed.h"

static bool is_there(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return cohl_file_exists(path);
}

static void test_generate_makes_a_film_its_sheet_and_says_what_it_cost(void **state)
{
    expect(run("generate 'a red balloon drifts' --model tiny --frames 9 -o one.mp4"), 0);
    assert_true(is_there("one.mp4") && is_there("one.sheet.png"));
    assert_non_null(strstr(out, "one.mp4: 9 frames of 64x64"));
    assert_non_null(strstr(out, "peak memory"));
    assert_non_null(strstr(out, "energy about"));
    assert_non_null(strstr(said, " J ahead ("));
}

static void test_a_plan_is_told_and_nothing_made(void **state)
{
    expect(run("generate 'a red balloon' --model tiny --frames 9 --plan -o planned.mp4"), 0);
    assert_non_null(strstr(out, "planned.mp4: 9 frames of 64x64"));
    assert_non_null(strstr(out, "J ahead"));
    expect(run("generate 'a red balloon' --model tiny --frames 9 --plan -o planned.mp4 --json"), 0);
    json_t *all = json_loads(out, 0, NULL);
    assert_true(json_number_value(json_object_get(json_object_get(all, "estimate"), "operations")) > 1e6);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json_object_get(all, "plan"), "film"), "frames")),
                     9);
    assert_int_equal(json_array_size(json_object_get(all, "films")), 0);
    json_decref(all);
    assert_false(is_there("planned.mp4") || is_there("planned.report.json") || is_there("planned.sheet.png"));
}

/* SHA-256 of a film's mdat box, all of it: signatures and their clock stand elsewhere. */
static void coded_pictures(const char *name, char sum[65])
{
    char path[160];
    cohl_map map;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(cohl_map_open(&map, path, NULL), COHL_OK);
    const uint8_t *at = map.data, *end = map.data + map.size;
    size_t size = 0;
    for (; end - at >= 8 && memcmp(at + 4, "mdat", 4); at += size)
        size = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    assert_true(end - at > 8);
    assert_int_equal(cohl_digest_bytes(sum, at, (size_t)(end - at), NULL), COHL_OK);
    cohl_map_close(&map);
}

static void test_generate_again_makes_the_same_bytes(void **state)
{
    expect(run("generate 'a red balloon' --model tiny --frames 9 --seed 3 -o first.mp4 --threads 1"), 0);
    expect(run("generate --again first.mp4 --model tiny -o second.mp4 --threads 3"), 0);
    char first[65], second[65], third[65];
    coded_pictures("first.mp4", first);
    coded_pictures("second.mp4", second);
    assert_string_equal(first, second);
    expect(run("generate --again first.mp4 --seed 4 --model tiny -o third.mp4"), 0);
    coded_pictures("third.mp4", third);
    assert_string_not_equal(first, third);
}

static void test_takes_are_numbered(void **state)
{
    expect(run("generate 'a red balloon' --model tiny --frames 5 --takes 2 -o take.gif --no-sheet"), 0);
    assert_true(is_there("take-1.gif") && is_there("take-2.gif"));
    assert_false(is_there("take-1.sheet.png"));
}

static void test_generate_answers_in_json(void **state)
{
    expect(run("generate 'a red cat' --model tiny --frames 5 --fps 4 --size 64x96 -o j.mp4 --json"), 0);
    json_t *all = json_loads(out, 0, NULL), *film = json_array_get(json_object_get(all, "films"), 0);
    const json_t *word = json_array_get(json_object_get(film, "unknown_words"), 0);
    assert_true(json_is_true(json_object_get(all, "ok")));
    assert_string_equal(json_string_value(json_object_get(word, "word")), "cat");
    assert_string_equal(json_string_value(json_object_get(word, "nearest")), "dog");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(film, "recipe"), "height")), 96);
    assert_int_equal(json_array_size(json_object_get(film, "notes")), 1);
    assert_true(json_real_value(json_object_get(json_object_get(all, "estimate"), "joules")) > 0);
    json_decref(all);
    expect(run("generate a --model tiny --size 65x64 --json"), 2);
    all = json_loads(out, 0, NULL);
    assert_false(json_is_true(json_object_get(all, "ok")));
    assert_non_null(json_object_get(json_object_get(all, "error"), "text"));
    json_decref(all);
}

static void test_bad_input_gets_one_sentence_and_its_exit_code(void **state)
{
    static const struct { const char *arguments; int code; const char *says; } cases[] = {
        { "", 2, "usage" },
        { "gen", 2, "did you mean generate?" },
        { "trian", 2, "did you mean train?" },
        { "xyz", 2, "cohl --help lists them" },
        { "generate", 2, "missing PROMPT" },
        { "generate '' --model tiny", 2, "prompt is empty" },
        { "generate a b --model tiny", 2, "one word too many" },
        { "generate a --model tiny --frames 0", 2, "from 1 to" },
        { "generate a --model tiny --frames 1000000000", 2, "at most 60 s" },
        { "generate a --model tiny --size 100x64", 2, "96x64 and 128x64" },
        { "generate a --model tiny --size big", 2, "WIDTHxHEIGHT" },
        { "generate a --model tiny --seed -1", 2, "--seed" },
        { "generate a --model tiny --seed 18446744073709551616", 2, "--seed" },
        { "generate a --model tiny --solver magic", 2, "unipc" },
        { "generate a --model tiny --sed 1", 2, "did you mean --seed" },
        { "generate a --model tiny --precision f8", 2, "f32, bf16 or int8" },
        { "generate a --model tiny -o film.avi", 2, ".mp4" },
        { "generate a --model tiny -o nowhere/film.mp4", 1, "nowhere" },
        { "generate a --model tiny --image none.png", 1, "none.png" },
        { "generate a --model tiny --image tiny/model_index.json", 1, "model_index.json: not a picture that can be read" },
        { "generate a --model tiny --image cut.png", 1, "cut.png: not a picture that can be read: broken PNG" },
        { "generate a --model tiny --extend tiny/model_index.json", 1, "not a film that can be read" },
        { "generate a --model none", 1, "none" },
        { "checks nonsense", 2, "expected list, install or remove" },
        { "checks list --from tiny", 2, "goes with `cohl checks install`" },
        { "checks install --from nowhere", 1, "nowhere" },
        { "checks install --from tiny", 1, "npm pack nsfwjs@4.4.0" },
        { "checks install --from tiny/model_index.json", 1, "its SHA-512 begins with" },
        { "generate a --model tiny/model_index.json", 1, "is a file, expected a model's folder" },
        { "generate a --model --frames 5", 2, "--model needs a value: --model FOLDER" },
        { "generate --again tiny/model_index.json --model tiny", 1, "model_index.json" },
        { "info none.mp4", 1, "none.mp4" },
        { "info tiny/vae/config.json", 1, "config.json" },
        { "detect", 2, "missing FILE" },
        { "detect none.mp4", 1, "none.mp4" },
        { "detect tiny/model_index.json", 1, "model_index.json" },
        { "detect none.mp4 --new-key", 2, "--new-key takes no FILE" },
        { "deliver", 2, "missing FILE" },
        { "deliver none.mp4", 2, "missing -o FILE" },
        { "deliver none.mp4 -o x.mp4", 1, "none.mp4" },
        { "deliver one.mp4 -o x.avi", 2, ".mp4" },
        { "deliver one.mp4 -o nowhere/x.mp4", 1, "nowhere" },
        { "deliver one.mp4 -o x.mp4 --crf 64", 2, "from 0 to 63" },
        { "deliver one.mp4 -o x.mov --crf 20", 2, ".mov has no quality to choose" },
        { "deliver one.mp4 -o x.mp4 --size big", 2, "WIDTHxHEIGHT" },
        { "deliver one.mp4 -o mickey-mouse.mp4", 3, "copyright.character" },
        { "deliver tiny/model_index.json -o x.mp4", 1, "not a film that can be read" },
        { "bench giants --rows taew,none", 2, "no row is called \"none\"; there are pass-f32" },
        { "bench watermark --media none", 1, "none: no footage there" },
        { "theatre dance", 2, "dance" },
        { "theatre caption --seed ' -5'", 2, "from 0 to" },
        { "theatre render --frames 0", 2, "--frames" },
        { "theatre render --size 1x1", 2, "--size" },
    };
    char path[64];
    snprintf(path, sizeof path, "%s/cut.png", folder);
    assert_int_equal(cohl_file_write(path, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, NULL), COHL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int code = run("%s", cases[i].arguments);
        if (code != cases[i].code || !strstr(said, cases[i].says))
            fail_msg("cohl %s: %d, \"%s\", expected %d and \"%s\"", cases[i].arguments, code, said, cases[i].code,
                     cases[i].says);
        if (*cases[i].arguments && strchr(said, '\n') != strrchr(said, '\n'))
            fail_msg("cohl %s: more than one line: %s", cases[i].arguments, said);
        assert_false(is_there("film.avi") || is_there("nowhere"));
    }
}

/* Each is the tiny model with one thing broken by a line of shell. */
static void test_a_broken_model_is_named_with_what_is_wrong(void **state)
{
    static const struct { const char *broken; const char *says; } cases[] = {
        { "rm model_index.json", "model_index.json" },
        { "rm scheduler/config.json", "scheduler/config.json" },
        { "rm vae/model.safetensors", "no .safetensors" },
        { "rm tokenizer/words.tsv", "words.tsv" },
        { ": > tokenizer/words.tsv", "holds no words" },
        { ": > vae/config.json", "vae/config.json" },
        { ": > vae/model.safetensors", "0 bytes are too few" },
        { "truncate -s -100 vae/model.safetensors", "are not inside" },
        { "truncate -s 5000 vae/model.safetensors", "a cut one" },
        { "echo 12345678 >> vae/model.safetensors", "belong to no tensor" },
        { "printf '\\377\\377\\377\\377\\377\\377\\377\\177' | dd of=vae/model.safetensors conv=notrunc status=none",
          "the header should be" },
        { "sed -i 's/\"dim\": 24/\"dim\": -24/' transformer/config.json", "from 1 to 65536, found -24" },
        { "sed -i 's/\"num_layers\": 2/\"num_layers\": 3/' transformer/config.json", "no tensor blocks.2" },
        { "sed -i 's/\"num_layers\": 2/\"num_layers\": 1/' transformer/config.json", "does not have" },
        { "sed -i 's/\"num_heads\": 2/\"num_heads\": 5/' transformer/config.json", "transformer/config.json: dim 24" },
        { "sed -i 's/\"z_dim\": 6/\"z_dim\": 8/' vae/config.json", "expected [" },
        { "sed -i s/euler/magic/ scheduler/config.json", "magic" },
        { "sed -i 's/33\\]/32]/' model_index.json", "32 is not 4k+1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char command[512];
        snprintf(command, sizeof command, "cd %s && rm -rf broken && cp -r tiny broken && cd broken && %s", folder,
                 cases[i].broken);
        assert_int_equal(system(command), 0);
        int code = run("generate a --model broken --frames 5 -o b.gif");
        if (code != 1 || !strstr(said, cases[i].says) || strchr(said, '\n') != strrchr(said, '\n'))
            fail_msg("%s: %d, \"%s\", expected 1 and \"%s\"", cases[i].broken, code, said, cases[i].says);
        assert_false(is_there("b.gif"));
    }
}

/* cohl, with its stderr as *told. */
static pid_t begin(FILE **told, const char *const *arguments)
{
    const char *words[24] = { "cohl" };
    int ends[2], count = 1;
    while (*arguments)
        words[count++] = *arguments++;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (!pid) {
        if (chdir(folder) || dup2(ends[1], STDERR_FILENO) < 0)
            _exit(9);
        execv(cohl, (char *const *)words);
        _exit(9);
    }
    close(ends[1]);
    assert_non_null(*told = fdopen(ends[0], "r"));
    return pid;
}

/* It is interrupted; `said` is the last line it had to say. */
static void expect_stopped(pid_t pid, FILE *told, char said[256])
{
    char line[256];
    int status;
    kill(pid, SIGINT);
    while (fgets(line, sizeof line, told))
        memcpy(said, line, sizeof line);
    fclose(told);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
    char command[128];
    snprintf(command, sizeof command, "test -z \"$(find %s -name '*stopped*')\"", folder);
    assert_int_equal(system(command), 0);
}

/* A film of many steps is interrupted once it runs. It ends before the steps do, which take minutes. */
static void test_an_interrupt_ends_it_soon_and_leaves_nothing(void **state)
{
    static const char *const long_film[] = { "generate", "a red balloon", "--model", "tiny", "--steps", "1000", "--size",
                                             "128x128", "--frames", "33", "--reuse", "off", "-o", "stopped.mp4", NULL };
    FILE *told;
    char line[256] = "";
    int step, steps;
    pid_t pid = begin(&told, long_film);
    while (!strstr(line, " J ahead ("))
        assert_non_null(fgets(line, sizeof line, told));
    expect_stopped(pid, told, line);
    if (strcmp(line, "cohl: cancelled\n")) {                /* within a step */
        if (sscanf(line, "cohl: cancelled at steps %d of %d", &step, &steps) != 2 || step >= steps)
            fail_msg("it said: %s", line);
    }
}

/* Its film is being written: a hidden name that begins so stands in the folder. */
static void await_hidden(const char *begin)
{
    static const struct timespec moment = { .tv_nsec = 10000000 };
    bool there = false;
    for (int i = 0; i < 3000 && !there; i++) {
        nanosleep(&moment, NULL);
        DIR *all = opendir(folder);
        assert_non_null(all);
        for (const struct dirent *entry; (entry = readdir(all));)
            there |= !strncmp(entry->d_name, begin, strlen(begin));
        closedir(all);
    }
    assert_true(there);
}

/* It killed them: hidden files stayed, and the exit code was a signal's. */
static void test_an_interrupt_ends_other_films_too(void **state)
{
    static const char *const made[] = { "theatre", "render", "--size", "64x64", "--frames", "4097", "-o", "stopped.mp4", NULL },
                      *const again[] = { "deliver", "again.mp4", "--fps", "240", "-o", "stopped.webm", NULL };
    const char *const *const films[] = { made, again };
    char line[256] = "";
    int frame, frames;
    FILE *told;
    expect(run("theatre render --size 64x64 --frames 65 -o again.mp4"), 0);
    for (int i = 0; i < 2; i++) {
        pid_t pid = begin(&told, films[i]);
        await_hidden(".stopped.");
        expect_stopped(pid, told, line);
        if (sscanf(line, "cohl: cancelled at frame %d of %d", &frame, &frames) != 2 || frame >= frames)
            fail_msg("%s said: %s", films[i][0], line);
    }
}

/* Who opens a file that another holds under a lease waits until that one has been told: so it is known where
 * the command is. */
static void test_an_interrupt_while_weights_are_opened_ends_it(void **state)
{
    static const char *const film[] = { "generate", "a red balloon", "--model", "tiny", "-o", "stopped.mp4", NULL };
    char path[128], line[256] = "";
    sigset_t opens;
    int number;
    FILE *told;
    snprintf(path, sizeof path, "%s/tiny/transformer/model.safetensors", folder);
    int weights = open(path, O_RDWR | O_CLOEXEC);
    sigemptyset(&opens);
    sigaddset(&opens, SIGIO);
    sigaddset(&opens, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &opens, NULL);
    if (weights < 0 || fcntl(weights, F_SETLEASE, F_WRLCK)) {
        print_message("no leases on files here: skipped\n");
        close(weights);
        skip();
    }
    pid_t pid = begin(&told, film);
    assert_int_equal(sigwait(&opens, &number), 0);
    if (number == SIGIO) {
        expect_stopped(pid, told, line);
        assert_string_equal(line, "cohl: cancelled while the model was opened\n");
    }
    close(weights);
    if (number == SIGCHLD) {
        fclose(told);
        waitpid(pid, NULL, 0);
        print_message("a lease holds nobody up here: skipped\n");
        skip();
    }
}

static void test_info_tells_films_models_and_weights(void **state)
{
    expect(run("generate 'a red balloon' --model tiny --frames 9 -o seen.mp4"), 0);
    expect(run("info seen.mp4 --json"), 0);
    json_t *json = json_loads(out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(json, "frames")), 9);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "recipe"), "prompt")), "a red balloon");
    json_decref(json);
    expect(run("info tiny --json"), 0);
    json = json_loads(out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "name")), "tiny");
    assert_non_null(json_object_get(json_object_get(json, "parts"), "transformer"));
    json_decref(json);
    expect(run("info tiny/vae/model.safetensors"), 0);
    assert_non_null(strstr(out, "encoder.conv1.weight"));
}

static void test_a_film_is_delivered_once_more(void **state)
{
    json_error_t why;
    expect(run("generate 'a red balloon' --model tiny --frames 9 -o first.mp4"), 0);
    expect(run("deliver first.mp4 -o again.mov --size 128x128 --fps 8 --sheet again.png --json"), 0);
    json_t *made = json_loads(out, 0, &why);
    assert_true(json_integer_value(json_object_get(made, "ledger_film")) > 0);
    json_decref(made);
    assert_true(is_there("again.png"));
    expect(run("verify again.mov --json"), 0);
    assert_non_null(strstr(out, "c2pa.transcoded"));
    assert_non_null(strstr(out, "first.mp4"));
    expect(run("info again.mov --json"), 0);
    json_t *info = json_loads(out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(info, "width")), 128);
    assert_string_equal(json_string_value(json_object_get(json_object_get(info, "recipe"), "prompt")), "a red balloon");
    json_decref(info);
    expect(run("deliver again.mov -o again.webm"), 0);
    assert_non_null(strstr(out, "again.webm.c2pa"));
    expect(run("verify again.webm"), 0);
    /* what was made elsewhere is not given this installation's name */
    setenv("XDG_DATA_HOME", path_of("elsewhere"), 1);
    expect(run("deliver again.webm -o stolen.mp4"), 3);
    assert_non_null(strstr(said, "only where it was made"));
    assert_false(is_there("stolen.mp4"));
    setenv("XDG_DATA_HOME", path_of(".home"), 1);
}

/* "--seed" as the manual page spells it: "\-\-seed". */
static const char *in_roff(const char *name)
{
    static char out[128];
    size_t size = 0;
    for (; *name; name++) {
        if (*name == '-')
            out[size++] = '\\';
        out[size++] = *name;
    }
    out[size] = 0;
    return out;
}

/* Options are the words with a dash in the first column of a --help page. */
static int look_up_options(const char *command, const char *help, const char *const page[4])
{
    int count = 0;
    for (const char *line = strchr(help, '\n'); line; line = strchr(line + 1, '\n')) {
        char left[27], *rest = left;
        if (strncmp(line, "\n  -", 4))
            continue;
        snprintf(left, sizeof left, "%s", line + 3);
        for (char *name; (name = strtok_r(rest, ", ", &rest)) && *name == '-'; count++) {
            char fish[128];
            snprintf(fish, sizeof fish, name[1] == '-' ? " -l %s" : " -s %s", name + (name[1] == '-' ? 2 : 1));
            const char *wanted[4] = { name, name, fish, in_roff(name) };
            for (int i = 0; i < 4; i++)
                if (strcmp(name, "--help") && !strstr(page[i], wanted[i]))
                    fail_msg("cohl %s %s: not in page %d of bash, zsh, fish, man", command, name, i);
        }
    }
    return count;
}

static void test_completions_and_the_manual_know_every_option(void **state)
{
    static const char *const asked[] = { "completion bash", "completion zsh", "completion fish", "man" };
    char *page[4], *commands;
    int count = 0;
    for (int i = 0; i < 4; i++) {
        expect(run("%s", asked[i]), 0);
        page[i] = strdup(out);
    }
    expect(run("--help"), 0);
    assert_non_null(commands = strdup(out));
    for (char *line = strstr(commands, "\n  "); line; line = strstr(line + 1, "\n  ")) {
        char name[32];
        assert_int_equal(sscanf(line, " %31s", name), 1);
        for (int i = 0; i < 4; i++)
            if (!strstr(page[i], name))
                fail_msg("cohl %s: not in the page of %s", name, asked[i]);
        expect(run("%s --help", name), 0);
        count += look_up_options(name, out, (const char *const *)page);
    }
    assert_true(count > 40);
    free(commands);
    for (int i = 0; i < 4; i++)
        free(page[i]);
    expect(run("completion bash | bash -n"), 0);
    expect(run("completion tcsh"), 2);
}

/* The tiny model's training.json names its weights; without it they are somebody else's. */
static void test_weights_from_outside_need_the_networks_or_a_word(void **state)
{
    expect(run("checks --json"), 0);
    json_t *all = json_loads(out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(all, "networks")), 4);
    assert_false(json_is_true(json_object_get(json_array_get(json_object_get(all, "networks"), 0), "installed")));
    json_decref(all);
    expect(run("verify one.mp4 --json"), 0);
    assert_null(strstr(out, "without_frame_checks"));
    assert_int_equal(rename(path_of("tiny/training.json"), path_of("training.json")), 0);
    expect(run("generate 'a red balloon' --model tiny --frames 5 -o outside.mp4"), 3);
    assert_non_null(strstr(said, "cohl checks install"));
    assert_non_null(strstr(said, "--without-frame-checks"));
    assert_false(is_there("outside.mp4"));
    expect(run("generate 'a red balloon' --model tiny --frames 5 -o outside.mp4 --without-frame-checks"), 0);
    expect(run("verify outside.mp4 --json"), 0);
    assert_non_null(strstr(out, "without_frame_checks"));
    assert_int_equal(rename(path_of("training.json"), path_of("tiny/training.json")), 0);
}

static void test_theatre_renders_a_scene_with_its_truth(void **state)
{
    expect(run("theatre render --seed 4 --frames 5 --size 64x64 -o scene.mp4 --truth scene.json"), 0);
    char path[64], *text;
    snprintf(path, sizeof path, "%s/scene.json", folder);
    assert_int_equal(cohl_file_read(&text, NULL, path, 1 << 24, NULL), COHL_OK);
    json_t *truth = json_loads(text, 0, NULL);
    assert_true(json_is_object(truth));
    json_decref(truth);
    free(text);
    assert_true(is_there("scene.mp4"));
    expect(run("theatre words --json"), 0);
    json_t *words = json_loads(out, 0, NULL);
    assert_true(json_array_size(json_object_get(words, "subject")) > 8);
    json_decref(words);
    expect(run("theatre caption --seed 4"), 0);
    assert_true(strlen(out) > 20);
}

/* A seed above 2^63 stood in the recipe as a negative number. */
static void test_a_scene_carries_any_seed(void **state)
{
    static const char *const seeds[] = { "9223372036854775807", "18446744073709551615" };
    for (int i = 0; i < 2; i++) {
        char command[128], *seed;
        snprintf(command, sizeof command, "theatre render --seed %s --frames 1 --size 64x64 -o seed.mp4", seeds[i]);
        expect(run(command), 0);
        expect(run("info seed.mp4 --json"), 0);
        json_t *info = json_loads(out, 0, NULL), *recipe = json_object_get(info, "recipe");
        json_t *told = json_object_get(json_object_get(recipe, "theatre"), "seed");
        seed = json_is_string(told) ? strdup(json_string_value(told)) : json_dumps(told, JSON_ENCODE_ANY);
        assert_string_equal(seed, seeds[i]);
        free(seed);
        json_decref(info);
    }
}

/* It went by the name's ending. */
static void test_info_tells_pictures_and_films_by_what_they_hold(void **state)
{
    static const struct { const char *from, *to, *kind; } cases[] = {
        { "kind.mp4", "film.png", "film" }, { "kind.sheet.png", "picture.mp4", "picture" } };
    expect(run("theatre render --frames 5 --size 64x64 -o kind.mp4"), 0);
    for (int i = 0; i < 2; i++) {
        char from[160], to[160], command[64];
        snprintf(from, sizeof from, "%s/%s", folder, cases[i].from);
        snprintf(to, sizeof to, "%s/%s", folder, cases[i].to);
        assert_int_equal(rename(from, to), 0);
        snprintf(command, sizeof command, "info %s --json", cases[i].to);
        expect(run(command), 0);
        json_t *info = json_loads(out, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(info, "kind")), cases[i].kind);
        json_decref(info);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generate_makes_a_film_its_sheet_and_says_what_it_cost),
        cmocka_unit_test(test_a_plan_is_told_and_nothing_made),
        cmocka_unit_test(test_generate_again_makes_the_same_bytes),
        cmocka_unit_test(test_takes_are_numbered),
        cmocka_unit_test(test_generate_answers_in_json),
        cmocka_unit_test(test_bad_input_gets_one_sentence_and_its_exit_code),
        cmocka_unit_test(test_a_broken_model_is_named_with_what_is_wrong),
        cmocka_unit_test(test_an_interrupt_ends_it_soon_and_leaves_nothing),
        cmocka_unit_test(test_an_interrupt_ends_other_films_too),
        cmocka_unit_test(test_an_interrupt_while_weights_are_opened_ends_it),
        cmocka_unit_test(test_a_film_is_delivered_once_more),
        cmocka_unit_test(test_info_tells_films_models_and_weights),
        cmocka_unit_test(test_completions_and_the_manual_know_every_option),
        cmocka_unit_test(test_theatre_renders_a_scene_with_its_truth),
        cmocka_unit_test(test_a_scene_carries_any_seed),
        cmocka_unit_test(test_info_tells_pictures_and_films_by_what_they_hold),
        cmocka_unit_test(test_weights_from_outside_need_the_networks_or_a_word),
    };
    if (argc != 3)
        return 2;
    /* the tests run elsewhere, and the runner may have given "./cohl" */
    cohl = realpath(argv[1], NULL), tiny_model = realpath(argv[2], NULL);
    if (!cohl || !tiny_model)
        return 2;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
