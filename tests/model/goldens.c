/* goldens.c - runs recorded numbers against the models, one row a folder.
 *
 *     goldens [--dtype fp32|bf16|int8] [--backend ref|cpu|both] [--json] DIR...
 *
 * DIR is a golden's folder or holds such folders. Exit status: 0 when all were
 * run and are right, 1 when one is wrong, 3 when one was not run, 2 for a wrong
 * command line. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "golden.h"
#include "tensor/backend.h"

enum { RIGHT = 0, WRONG = 1, USAGE = 2, NOT_RUN = 3 };

static const struct kind { const char *name; golden_kind_fn *run; } kinds[] = {
    { "wan-dit", golden_dit },
    { "wan-vae-2.1", golden_vae },
    { "wan-vae-2.2", golden_vae },
    { "umt5-encoder", golden_text_encoder },
    { "wan-t2v-e2e", golden_t2v },
    { "wan-i2v-e2e", golden_i2v },
    { "wan-ti2v-e2e", golden_ti2v },
    { "schedulers", golden_schedulers },
    { "torch-cpu-randn", golden_randn },
    { "clip-vision", golden_image },
    { "taehv", golden_taehv },
    { "real-latent", golden_latent },
};

typedef struct runner {
    const char   *dtype;
    bool          json;
    const char   *backend[2];
    int           backend_count;
    cohl_workers *workers;
    json_t       *rows;       /* with --json */
    bool          wrong, not_run;
} runner;

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

/* Of weights: F32 for "fp32", and for what is no type. */
static cohl_dtype dtype_of(const char *name)
{
    return !strcmp(name, "bf16") ? COHL_BF16 : !strcmp(name, "int8") ? COHL_Q8 : COHL_F32;
}

/* The row of one run; why NULL = it ran. */
static void report(runner *r, const golden *g, const char *kind, const char *backend, bool ok, const char *why)
{
    r->wrong |= !why && !ok;
    r->not_run |= why != NULL;
    const char *dtype = r->dtype;
    if (r->json) {
        json_array_append_new(r->rows, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:f, s:f, s:i, s:s}",
            "kind", kind, "folder", g->folder, "backend", backend, "dtype", dtype, "ok", ok && !why,
            "run", !why, "error", g->error, "tolerance", g->tolerance, "compared", g->compared,
            "note", why ? why : g->worst_text));
    } else if (why) {
        printf("%-14s %-5s %-4s not run: %s: %s\n", kind, backend, dtype, g->folder, why);
    } else {
        printf("%-14s %-5s %-4s %-8s %.2e of %.2e  %s (%s, %d compared)\n", kind, backend, dtype,
               ok ? "ok" : "WRONG", g->error, g->tolerance, g->folder, g->worst_text, g->compared);
    }
    fflush(stdout);
}

static void run_kind(runner *r, golden *g, const struct kind *kind, const char *backend)
{
    cohl_ctx ctx;
    cohl_error err = { 0 };
    cohl_ctx_params params = { .backend = cohl_backend_named(backend), .workers = r->workers,
                               .precision = strcmp(r->dtype, "bf16") ? COHL_PRECISION_F32 : COHL_PRECISION_BF16 };
    if (!params.backend) {
        report(r, g, kind->name, backend, false, "this build has no such back end");
        return;
    }
    cohl_status st = cohl_ctx_open(&ctx, &params, &err);
    if (!st) {
        g->ctx = &ctx;
        st = kind->run(g, &err);
        cohl_ctx_close(&ctx);
    }
    bool none = !st && !g->compared;
    report(r, g, kind->name, backend, g->error <= g->tolerance,
           st ? err.text : none ? "nothing to compare" : NULL);
}

static void run_folder(runner *r, const char *folder)
{
    char *config_path = cohl_path_join(folder, "config.json"), *io_path = cohl_path_join(folder, "io.safetensors");
    if (!cohl_file_exists(io_path)) {   /* a record of input alone has it under another name */
        free(io_path);
        io_path = cohl_path_join(folder, "latent.safetensors");
    }
    json_t *config = json_load_file(config_path, 0, NULL);
    const char *name = json_string_value(json_object_get(config, "kind"));
    const struct kind *kind = name ? find_kind(name) : NULL;
    golden empty = { .folder = folder, .config = config, .dtype = dtype_of(r->dtype) };
    if (!kind)
        report(r, &empty, name ? name : "?", "-", false, "no such kind");
    for (int i = 0; i < r->backend_count && kind; i++) {
        golden g = empty;
        cohl_error err = { 0 };
        if (cohl_safetensors_open(&g.io, io_path, &err))
            report(r, &g, kind->name, r->backend[i], false, err.text);
        else
            run_kind(r, &g, kind, r->backend[i]);
        cohl_safetensors_close(g.io);
    }
    json_decref(config);
    free(config_path);
    free(io_path);
}

static bool is_golden(const char *folder)
{
    char *path = cohl_path_join(folder, "config.json");
    bool is = cohl_file_exists(path);
    free(path);
    return is;
}

/* A golden, or all goldens in it in the order of their names. */
static void run_dir(runner *r, const char *dir)
{
    struct dirent **entry = NULL;
    if (is_golden(dir)) {
        run_folder(r, dir);
        return;
    }
    int count = scandir(dir, &entry, NULL, alphasort), found = 0;
    for (int i = 0; i < count; i++) {
        char *path = cohl_path_join(dir, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && is_golden(path)) {
            run_folder(r, path);
            found++;
        }
        free(path);
        free(entry[i]);
    }
    free(entry);
    if (!found)
        report(r, &(golden){ .folder = dir }, "?", "-", false, "no folder with a config.json");
}

/* The value of "--name value" at argv[*i], or NULL. */
static const char *option(int argc, char **argv, int *i, const char *name)
{
    if (strcmp(argv[*i], name) || *i + 1 >= argc)
        return NULL;
    return argv[++*i];
}

static bool choose(runner *r, int argc, char **argv, int *i)
{
    const char *value;
    if ((value = option(argc, argv, i, "--dtype"))) {
        r->dtype = value;
        return !strcmp(value, "fp32") || dtype_of(value) != COHL_F32;
    }
    if ((value = option(argc, argv, i, "--backend"))) {
        bool both = !strcmp(value, "both");
        r->backend_count = both ? 2 : 1;
        r->backend[0] = both ? "ref" : value;
        r->backend[1] = "cpu";
        return true;
    }
    return r->json = !strcmp(argv[*i], "--json");
}

int main(int argc, char **argv)
{
    runner r = { .dtype = "fp32", .backend = { cohl_backend_best()->name }, .backend_count = 1 };
    int i = 1, usage = 0;
    for (; i < argc && !strncmp(argv[i], "--", 2) && !usage; i++)
        usage = !choose(&r, argc, argv, &i);
    if (usage || i == argc) {
        fprintf(stderr, "usage: goldens [--dtype fp32|bf16|int8] [--backend ref|cpu|both] [--json] DIR...\n");
        return USAGE;
    }
    r.rows = json_array();
    cohl_workers_new(&r.workers, 0, NULL);
    for (; i < argc; i++)
        run_dir(&r, argv[i]);
    if (r.json) {
        json_dumpf(r.rows, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(r.rows);
    cohl_workers_free(r.workers);
    return r.wrong ? WRONG : r.not_run ? NOT_RUN : RIGHT;
}
