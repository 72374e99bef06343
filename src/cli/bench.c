/* bench.c - `cohl bench WHAT`: how good and how fast, against floors. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/size.h"

typedef struct bench {
    const char *name, *about;
    cohl_status (*run)(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);
} bench;

static const bench benches[] = {
    { "control", "do films show what their prompts say? by the critic", cohl_bench_control },
    { "critic", "is the critic right about rendered film?", cohl_bench_critic },
    { "giants", "how fast are Wan 2.1 1.3B and its decoders here, and how exact in bf16 and int8?", cohl_bench_giants },
    { "known", "do films that go on from film show their seams, does a minute stay itself?", cohl_bench_known },
    { "reuse", "what do steps without a network lose, and what do they save?", cohl_bench_reuse },
    { "speed", "how fast is each part, and what share of the processor is that?", cohl_bench_speed },
    { "vae", "does the autoencoder keep the picture, and how fast is it?", cohl_bench_vae },
    { "watermark", "are marks found after compression and cropping, and never where there are none?", cohl_bench_watermark },
    { NULL, NULL, NULL },
};

static const bench *named(const char *name)
{
    for (const bench *b = benches; b->name; b++)
        if (name && !strcmp(b->name, name))
            return b;
    return NULL;
}

static void list(FILE *out)
{
    for (const bench *b = benches; b->name; b++)
        fprintf(out, "  %-10s %s\n", b->name, b->about);
}

static void say(const char *sentence) { fprintf(stderr, "%s\n", sentence); }

static void show_progress(int done, int of)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, done < of ? "\r%d of %d\033[K" : "\r\033[K", done, of);
}

static int run_bench(int argc, char **argv)
{
    cohl_bench_params params = cohl_bench_params_default();
    cohl_bench_report report = { .rows = 0 };
    const char *word, *size = NULL;
    int exit_code;
    bool json = false;
    const cohl_option options[] = {
        { "--model", "FOLDER", "the model (the one that ships)", COHL_OPTION_TEXT, &params.model, 0, 0 },
        { "--critic", "FOLDER", "the critic (critic/ in the model's folder)", COHL_OPTION_TEXT, &params.critic, 0, 0 },
        { "--prompts", "FILE", "control: prompts as JSON lines (held-out scenes of the theatre)",
          COHL_OPTION_TEXT, &params.prompts, 0, 0 },
        { "--count", "N", "prompts, renders, clips or pieces (300, 1000, 12, 44; known: 60; reuse: 8)", COHL_OPTION_INT, &params.count, 1, 1e6 },
        { "--size", "WxH", "known: of the films (the model's own)", COHL_OPTION_TEXT, &size, 0, 0 },
        { "--frames", "N", "control: of each film (the most the model learned); known: of a minute (960); reuse: of each film (17)", COHL_OPTION_INT, &params.frames, 1, 4097 },
        { "--steps", "N", "control, known: solver steps (the model's)", COHL_OPTION_INT, &params.steps, 1, 1000 },
        { "--act", "N", "1 first act, 2 the whole vocabulary (the model's)", COHL_OPTION_INT, &params.act, 1, 2 },
        { "--seed", "N", "other scenes, other films (0)", COHL_OPTION_SEED, &params.seed, 0, 0 },
        { "--sheet", "FILE", "control: a .png of 40 films with the critic's words; known: FILE-fill.png, ...", COHL_OPTION_TEXT, &params.sheet, 0, 0 },
        { "--media", "FOLDER", "watermark: footage that is cut (../shared/media)", COHL_OPTION_TEXT, &params.media, 0, 0 },
        { "--record", "FILE", "watermark, known: keep each result; with what it has already a bench goes on", COHL_OPTION_TEXT, &params.record, 0, 0 },
        { "--only", "TEXT", "watermark: measure only this: \"CRF 40\", \"cars.mp4\", \"unmarked\", \"wrong keys\"; known: extend, extend-before, "
          "fill, between, blend, loop, remix, seams (all of these), gap, minute or memory", COHL_OPTION_TEXT, &params.only, 0, 0 },
        { "--rows", "A,B", "giants: only these rows (all)", COHL_OPTION_TEXT, &params.rows, 0, 0 },
        { "--quick", NULL, "giants: compute seconds from a part of the work, write no file", COHL_OPTION_FLAG, &params.quick, 0, 0 },
        { "--threads", "N", "worker threads (all)", COHL_OPTION_INT, &params.threads, 0, 256 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "bench", "WHAT",
        "Measure: control (do films show what their prompts say?), critic (is the judge right?), giants\n"
        "(how fast are Wan's networks?), known (are joins of film seen, does a minute stay itself?), speed\n"
        "(how fast is each part?), vae (does the autoencoder keep the picture?), watermark (are the marks\n"
        "found?), reuse (what do steps without a network lose?). Exit code 1 when a floor is missed.", options };
    cohl_error err;

    if (!cohl_options_parse(&usage, argc, argv, &word, 0, 1, &exit_code))
        return exit_code;
    const bench *b = named(word);
    if (!b) {
        fprintf(stderr, "cohl bench: %s%s%s; there are\n", word ? "no bench is called \"" : "missing WHAT",
                word ? word : "", word ? "\"" : "");
        list(stderr);
        return COHL_EXIT_USAGE;
    }
    params.progress = show_progress;
    params.say = say;
    cohl_status st = size ? cohl_size_read(size, &params.width, &params.height, &err) : COHL_OK;
    if (!st)
        st = b->run(&report, &params, &err);
    exit_code = st ? cohl_command_fail(&err) : cohl_bench_ok(&report) ? COHL_EXIT_OK : COHL_EXIT_FAILED;
    if (!st)
        cohl_bench_print(&report, json);
    cohl_bench_report_free(&report);
    return exit_code;
}

const cohl_command cohl_command_bench = { "bench", "measure films, critic and autoencoder against floors", run_bench };
