/* loop.c - the training loop: the one that all tasks share.
 *
 * A thread makes the next batch while this one is learned from: batches need
 * no context, and which thread makes them changes nothing. */
#define _GNU_SOURCE
#include "train/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/energy.h"
#include "base/file.h"
#include "tensor/backend.h"
#include "train/log.h"

typedef struct ahead {           /* a batch being made */
    const cohl_task_kind *kind;
    cohl_task  *task;
    int64_t     step;
    pthread_t   thread;
    bool        running;
    void       *batch;
    cohl_status status;
    cohl_error  error;
} ahead;

typedef struct run {
    const cohl_train_params *params;
    const cohl_task_kind    *kind;
    cohl_task       *task;
    cohl_ctx         ctx;
    cohl_tape       *tape;
    cohl_optimizer  *opt;
    cohl_train_log   log;
    cohl_progress    progress;
    cohl_train_report *report;
    char            *checkpoint, *log_path, *sheets, *model;
    ahead            next;
    double           saved;      /* clock of the last checkpoint */
    int              lock;       /* the folder, held against other runs; -1 */
    bool             new_folder; /* it was made for this run */
} run;

static void *make_ahead(void *arg)
{
    ahead *a = arg;
    a->status = a->kind->batch(a->task, a->step, false, &a->batch, &a->error);
    return NULL;
}

static void begin_ahead(ahead *a, int64_t step)
{
    a->step = step, a->batch = NULL, a->status = COHL_OK;
    if (a->kind->prepare && (a->status = a->kind->prepare(a->task, step, &a->error)))
        return;
    a->running = pthread_create(&a->thread, NULL, make_ahead, a) == 0;
    if (!a->running)
        make_ahead(a);
}

static void end_ahead(ahead *a)
{
    if (a->running)
        pthread_join(a->thread, NULL);
    a->running = false;
}

/* The batch of this step, made ahead; the next one is begun. */
static cohl_status take_batch(run *r, int64_t step, void **batch, cohl_error *err)
{
    end_ahead(&r->next);
    *batch = r->next.batch;
    r->next.batch = NULL;
    if (r->next.status) {
        if (err)
            *err = r->next.error;
        return r->next.status;
    }
    if (step + 1 < r->params->recipe->steps)
        begin_ahead(&r->next, step + 1);
    return COHL_OK;
}

static cohl_status learn(run *r, int64_t step, cohl_train_line *line, cohl_terms *terms, cohl_error *err)
{
    void *batch;
    float loss = NAN;
    cohl_status st = take_batch(r, step, &batch, err);
    if (st)
        return st;
    cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
    r->ctx.tape = r->tape;
    cohl_tensor *total = r->kind->loss(r->task, batch, terms);
    cohl_tensor_download(&r->ctx, &loss, total);
    st = cohl_tape_backward(&r->ctx, total, 1, err);
    r->ctx.tape = NULL;
    cohl_ctx_release(&r->ctx, mark);
    r->kind->batch_free(r->task, batch);
    if (st)
        return st;
    line->rate = cohl_recipe_rate(r->params->recipe, step);
    line->loss = r->report->loss = loss;
    return cohl_optimizer_step(r->opt, step, line->rate, &line->norm, err);
}

/* The averaged weights' loss on held-out batches; the task's own terms are averaged too. */
static cohl_status evaluate(run *r, int64_t step, cohl_error *err)
{
    cohl_terms sum = { 0 };
    double loss = 0;
    cohl_status st = COHL_OK;
    int batches = r->kind->held_out_batches;

    end_ahead(&r->next);     /* a task makes one batch at a time */
    for (int b = 0; b < batches && !st; b++) {
        void *batch;
        float one = NAN;
        cohl_terms terms = { 0 };
        if ((st = r->kind->batch(r->task, b, true, &batch, err)))
            break;
        cohl_ctx_mark_t mark = cohl_ctx_mark(&r->ctx);
        cohl_tensor_download(&r->ctx, &one, r->kind->loss(r->task, batch, &terms));
        cohl_ctx_release(&r->ctx, mark);
        r->kind->batch_free(r->task, batch);
        st = cohl_ctx_status(&r->ctx, err);
        loss += one / batches;
        for (int i = 0; i < terms.count; i++)
            terms.item[i].value = terms.item[i].value / batches + (b ? sum.item[i].value : 0);
        sum = terms;
    }
    if (st)
        return st;
    r->report->held_out = loss;
    cohl_train_log_held_out(&r->log, step, loss, &sum);
    return COHL_OK;
}

static cohl_status draw_sheet(run *r, int64_t step, cohl_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "step-%08lld.png", (long long)step + 1);
    char *path = cohl_path_join(r->sheets, name);
    if (!path)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_status st = r->kind->sheet(r->task, path, err);
    free(path);
    return st;
}

static cohl_status save(run *r, cohl_error *err)
{
    r->saved = cohl_clock_seconds();
    return cohl_checkpoint_save(r->checkpoint, r->opt, r->params->recipe, &r->progress, err);
}

/* What the averaged weights are worth, now and then and at the end. */
static cohl_status measure(run *r, int64_t step, bool last, cohl_error *err)
{
    if (!last && (step + 1) % r->params->recipe->evaluate_every)
        return COHL_OK;
    cohl_optimizer_swap(r->opt);
    cohl_status st = evaluate(r, step, err);
    cohl_optimizer_swap(r->opt);
    return st;
}

/* What they make: a sheet now and then, sheet and model at the end. */
static cohl_status show(run *r, int64_t step, bool last, cohl_error *err)
{
    int every = r->params->recipe->sheet_every;
    if (!last && !(every && (step + 1) % every == 0))
        return COHL_OK;
    cohl_optimizer_swap(r->opt);
    cohl_status st = draw_sheet(r, step, err);
    if (last && !st)
        st = r->kind->save(r->task, r->model, COHL_BF16, err);
    cohl_optimizer_swap(r->opt);
    return st;
}

static bool asked_to_stop(const run *r, double began)
{
    const cohl_train_params *p = r->params;
    return (p->stop && *p->stop) ||
           (p->minutes > 0 && cohl_clock_seconds() - began > 60 * p->minutes);
}

static cohl_status step_all(run *r, cohl_error *err)
{
    const cohl_recipe *recipe = r->params->recipe;
    double began = cohl_clock_seconds(), watts = r->params->watts;
    cohl_status st = COHL_OK;

    if (watts <= 0)
        watts = COHL_WATTS_A_THREAD * cohl_workers_count(r->params->workers);
    r->saved = began;
    if (r->progress.step >= recipe->steps)      /* perhaps stopped before its model was written */
        return show(r, recipe->steps - 1, true, err);
    begin_ahead(&r->next, r->progress.step);
    while (!st && r->progress.step < recipe->steps) {
        cohl_terms terms = { 0 };
        double start = cohl_clock_seconds();
        int64_t step = r->progress.step;
        cohl_train_line line = { .step = step, .steps = recipe->steps, .batch = recipe->batch,
                                 .terms = &terms };
        if ((st = learn(r, step, &line, &terms, err)))
            break;
        line.step_seconds = cohl_clock_seconds() - start;
        line.seconds = r->progress.seconds += line.step_seconds;
        r->progress.joules += line.step_seconds * watts;
        r->progress.step = step + 1;
        cohl_train_log_step(&r->log, &line);
        bool last = r->progress.step == recipe->steps || asked_to_stop(r, began);
        /* The held-out line goes to the log before the checkpoint says its step is done: killed
         * between the two, a run makes it again; the other way round it would lack it. */
        st = measure(r, step, last, err);
        if (last || cohl_clock_seconds() - r->saved > recipe->save_seconds) {
            cohl_status saved = save(r, st ? NULL : err);
            st = st ? st : saved;
        }
        if (!st)
            st = show(r, step, last, err);
        if (last)
            break;
    }
    end_ahead(&r->next);
    if (r->next.batch)
        r->kind->batch_free(r->task, r->next.batch);
    return st;
}

static cohl_status open_paths(run *r, cohl_error *err)
{
    const char *folder = r->params->folder;
    r->checkpoint = cohl_path_join(folder, "checkpoint.safetensors");
    r->log_path = cohl_path_join(folder, "log.jsonl");
    r->sheets = cohl_path_join(folder, "sheets");
    r->model = cohl_path_join(folder, "model");
    if (!r->checkpoint || !r->log_path || !r->sheets || !r->model)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for names");
    r->new_folder = !cohl_folder_exists(folder);
    return cohl_folder_make(folder, err);
}

/* Two runs in one folder would write over each other. The lock goes with the process. */
static cohl_status lock_folder(run *r, cohl_error *err)
{
    const char *folder = r->params->folder;
    if ((r->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot open: %s", folder, strerror(errno));
    if (flock(r->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        return cohl_fail(err, COHL_ERR_IO, "%s: another run is at work in this folder", folder);
    cohl_folder_sweep(folder);
    return COHL_OK;
}

static cohl_status open_run(run *r, cohl_error *err)
{
    const cohl_train_params *p = r->params;
    cohl_trainee sets[COHL_TASK_SETS_MAX];
    cohl_status st;

    if (!(r->kind = cohl_task_kind_named(p->recipe->task)))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: \"task\" is \"%s\"; cohl train --tasks lists those that are",
                         p->recipe->name, p->recipe->task);
    if ((st = open_paths(r, err)) || (st = lock_folder(r, err)))
        return st;
    const cohl_backend *backend = p->backend ? p->backend : cohl_backend_best();
    cohl_ctx_params ctx = { .backend = backend, .workers = p->workers,
                            .precision = cohl_backend_fast_precision(backend) };
    if ((st = cohl_ctx_open(&r->ctx, &ctx, err)) || (st = cohl_tape_new(&r->tape, err)))
        return st;
    cohl_task_params task = { .recipe = p->recipe, .ctx = &r->ctx, .folder = p->folder };
    if ((st = r->kind->open(&r->task, &task, err)))
        return st;
    int count = r->kind->sets(r->task, sets);
    if ((st = cohl_optimizer_open(&r->opt, &p->recipe->optimizer, sets, count, &r->ctx, err)))
        return st;
    if (cohl_file_exists(r->checkpoint) &&
        (st = cohl_checkpoint_load(r->checkpoint, r->opt, p->recipe, &r->progress, err)))
        return st;
    r->next = (ahead){ .kind = r->kind, .task = r->task };
    if ((st = cohl_folder_make(r->sheets, err)))
        return st;
    return cohl_train_log_open(&r->log, r->log_path, r->progress.step, err);
}

static void close_run(run *r)
{
    cohl_train_log_close(&r->log);
    cohl_optimizer_close(r->opt);
    if (r->task)
        r->kind->close(r->task);
    cohl_tape_free(r->tape);
    cohl_ctx_close(&r->ctx);
    free(r->checkpoint);
    free(r->log_path);
    free(r->sheets);
    free(r->model);
    if (r->lock >= 0)
        close(r->lock);
}

cohl_status cohl_train(const cohl_train_params *params, cohl_train_report *report, cohl_error *err)
{
    run r = { .params = params, .report = report, .lock = -1 };
    *report = (cohl_train_report){ .loss = NAN, .held_out = NAN };
    cohl_status st = open_run(&r, err);
    if (st && r.new_folder)
        rmdir(params->folder);      /* a recipe that is no good leaves nothing */
    if (!st)
        st = step_all(&r, err);
    report->progress = r.progress;
    close_run(&r);
    return st;
}
