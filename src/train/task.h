/* task.h - what can be trained: one entry a task, the loop knows no other.
 *
 * A task owns a model's parameters and the data they learn from. The batch of
 * a step follows from (seed, step) alone, so a run may be killed and resumed
 * anywhere. Batches are made in host memory, ahead of the step that uses them. */
#ifndef COHL_TRAIN_TASK_H
#define COHL_TRAIN_TASK_H

#include "train/optimizer.h"
#include "train/recipe.h"

enum { COHL_TASK_SETS_MAX = 4, COHL_TASK_TERMS_MAX = 12 };

/* Numbers worth a place in the log beside the loss. */
typedef struct cohl_terms {
    int count;
    struct { const char *name; double value; } item[COHL_TASK_TERMS_MAX];
} cohl_terms;

void cohl_terms_add(cohl_terms *terms, const char *name, double value);

/* What a task is given for its life; all borrowed. */
typedef struct cohl_task_params {
    const cohl_recipe *recipe;
    cohl_ctx          *ctx;        /* open; its tape is the loop's */
    const char        *folder;     /* the run's folder, exists */
} cohl_task_params;

typedef struct cohl_task cohl_task;   /* each task's own */

typedef struct cohl_task_kind {
    const char *name, *about;
    cohl_status (*open)(cohl_task **out, const cohl_task_params *params, cohl_error *err);
    void        (*close)(cohl_task *task);
    /* Parameter lists, allocated for training; returns how many. */
    int         (*sets)(cohl_task *task, cohl_trainee sets[COHL_TASK_SETS_MAX]);
    /* Have what the batch of a step needs; on the loop's thread, may use the context. NULL = nothing. */
    cohl_status (*prepare)(cohl_task *task, int64_t step, cohl_error *err);
    /* The batch of a step, or of held-out data when held_out; batch_free it. May run on another
     * thread than the rest, one at a time, and uses no context. */
    cohl_status (*batch)(cohl_task *task, int64_t step, bool held_out, void **batch, cohl_error *err);
    void        (*batch_free)(cohl_task *task, void *batch);
    /* The loss [1] of a batch, on the context's tape if there is one. */
    cohl_tensor *(*loss)(cohl_task *task, const void *batch, cohl_terms *terms);
    int         held_out_batches;      /* how many batches the held-out loss takes */
    /* A sheet to look at, as PNG. */
    cohl_status (*sheet)(cohl_task *task, const char *path, cohl_error *err);
    /* Write what was learned (the weights now in the parameters) as a model folder's part. */
    cohl_status (*save)(cohl_task *task, const char *folder, cohl_dtype dtype, cohl_error *err);
} cohl_task_kind;

extern const cohl_task_kind *const cohl_task_kinds[];   /* ends with NULL */
const cohl_task_kind *cohl_task_kind_named(const char *name);   /* NULL if there is none */

#endif
