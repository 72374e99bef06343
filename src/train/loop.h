/* loop.h - the training loop: the one that all tasks share.
 *
 *     cohl_train_params params = { .recipe = &recipe, .folder = "training/vae", .workers = workers };
 *     st = cohl_train(&params, &report, err);
 *
 * Begins where the folder's checkpoint left off; one run at a time a folder.
 * Written to the folder: checkpoint.safetensors, log.jsonl, sheets/step-N.png,
 * and the averaged weights in model/ when the run is done or stopped. */
#ifndef COHL_TRAIN_LOOP_H
#define COHL_TRAIN_LOOP_H

#include "train/checkpoint.h"
#include "train/task.h"

typedef struct cohl_train_params {
    const cohl_recipe   *recipe;
    const char          *folder;      /* made if missing */
    cohl_workers        *workers;     /* NULL = one thread */
    const cohl_backend  *backend;     /* NULL = the best */
    const volatile bool *stop;        /* NULL, or: save and return soon when it becomes true */
    double               minutes;     /* of this sitting at most; 0 = until the steps are done */
    double               watts;       /* of the machine at work, for the joules; 0 = estimated */
} cohl_train_params;

typedef struct cohl_train_report {
    cohl_progress progress;
    double        loss, held_out;     /* last; NaN if none */
} cohl_train_report;

cohl_status cohl_train(const cohl_train_params *params, cohl_train_report *report, cohl_error *err);

#endif
