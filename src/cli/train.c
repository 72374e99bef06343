/* train.c - `cohl train RECIPE`: learn, from where the last sitting left off. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/account.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/stop.h"
#include "tensor/backend.h"
#include "train/loop.h"

static int print_tasks(void)
{
    for (int i = 0; cohl_task_kinds[i]; i++)
        printf("%-10s %s\n", cohl_task_kinds[i]->name, cohl_task_kinds[i]->about);
    return COHL_EXIT_OK;
}

/* What the model learned from, beside it; where that is not known, a word instead. */
static cohl_status account(const char *folder, const cohl_recipe *recipe, const cohl_train_report *report, cohl_error *err)
{
    cohl_error why = { 0 };
    if (!cohl_account || !strcmp(recipe->task, "critic"))
        return COHL_OK;
    char *model = cohl_path_join(folder, "model");
    cohl_status st = model ? cohl_account(model, recipe, &report->progress, &why)
                           : cohl_fail(&why, COHL_ERR_MEMORY, "no memory for a name");
    free(model);
    if (st != COHL_ERR_UNSUPPORTED && st != COHL_ERR_FORMAT)
        return st ? cohl_fail(err, st, "%s", why.text) : COHL_OK;
    fprintf(stderr, "cohl train: %s/model gets no training.json, and counts as a model from outside: %s\n", folder, why.text);
    return COHL_OK;
}

static cohl_status train(const char *path, const char *folder, const char *backend_name, int threads,
                         double minutes, cohl_train_report *report, cohl_error *err)
{
    cohl_recipe recipe;
    cohl_workers *workers = NULL;
    char *made = NULL;
    cohl_status st = cohl_recipe_open(&recipe, path, err);
    if (st)
        return st;
    const cohl_backend *backend = backend_name ? cohl_backend_named(backend_name) : cohl_backend_best();
    if (!backend)
        st = cohl_fail(err, COHL_ERR_ARGUMENT, "no back end is called \"%s\" in this build on this machine",
                       backend_name);
    if (!folder && !st && !(folder = made = cohl_path_join("training", recipe.name)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st)
        st = cohl_workers_new(&workers, threads, err);
    if (!st) {
        cohl_train_params params = { .recipe = &recipe, .folder = folder, .workers = workers,
                                     .backend = backend, .stop = cohl_stop_watch(), .minutes = minutes };
        st = cohl_train(&params, report, err);
        if (!st)
            printf("%s: %lld of %d steps, %.2f hours and about %.0f kJ so far, loss %.4f, held out %.4f\n",
                   folder, (long long)report->progress.step, recipe.steps,
                   report->progress.seconds / 3600, report->progress.joules / 1000, report->loss,
                   report->held_out);
        if (!st)
            st = account(folder, &recipe, report, err);
    }
    cohl_workers_free(workers);
    cohl_recipe_close(&recipe);
    free(made);
    return st;
}

static int run_train(int argc, char **argv)
{
    const char *folder = NULL, *backend = NULL, *word;
    int threads = 0, exit_code;
    double minutes = 0;
    bool tasks = false;
    const cohl_option options[] = {
        { "-o, --out", "FOLDER", "where checkpoints, log and sheets go (training/NAME)",
          COHL_OPTION_TEXT, &folder, 0, 0 },
        { "--minutes", "M", "stop and save after this long (when the steps are done)",
          COHL_OPTION_NUMBER, &minutes, 0, 1e6 },
        { "--threads", "N", "worker threads; the losses are the same with any number (all)",
          COHL_OPTION_INT, &threads, 0, 256 },
        { "--backend", "NAME", "ref or cpu (the best there is)", COHL_OPTION_TEXT, &backend, 0, 0 },
        { "--tasks", NULL, "list what can be trained", COHL_OPTION_FLAG, &tasks, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "train", "RECIPE",
        "Train a model by a recipe of recipes/. Killed at any moment, it goes on from its last\n"
        "checkpoint when called again. Ctrl-C saves first.", options };
    cohl_train_report report;
    cohl_error err;

    if (!cohl_options_parse(&usage, argc, argv, &word, 0, 1, &exit_code))
        return exit_code;
    if (tasks)
        return print_tasks();
    if (!word) {
        fprintf(stderr, "cohl train: missing RECIPE, such as recipes/vae.json\n");
        return COHL_EXIT_USAGE;
    }
    if (train(word, folder, backend, threads, minutes, &report, &err))
        return cohl_command_fail(&err);
    return COHL_EXIT_OK;
}

const cohl_command cohl_command_train = { "train", "train a model by a recipe", run_train };
