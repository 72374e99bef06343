/* log.h - what a run says: a JSON line a step, a line for people now and then.
 *
 * log.jsonl holds exactly the steps the checkpoint knows of and those after
 * it; a resumed run first cuts the lines it is about to make again. */
#ifndef COHL_TRAIN_LOG_H
#define COHL_TRAIN_LOG_H

#include <stdio.h>

#include "train/task.h"

typedef struct cohl_train_log {
    FILE *file;
    bool  terminal;        /* stderr is one: a bar that overwrites itself */
    double shown;          /* clock of the last line for people */
} cohl_train_log;

/* One step as the log tells it. */
typedef struct cohl_train_line {
    int64_t step, steps;
    double  loss, norm, rate, step_seconds, seconds;   /* of this step; of all */
    int     batch;
    const cohl_terms *terms;
} cohl_train_line;

cohl_status cohl_train_log_open(cohl_train_log *log, const char *path, int64_t steps_done, cohl_error *err);
void cohl_train_log_close(cohl_train_log *log);
void cohl_train_log_step(cohl_train_log *log, const cohl_train_line *line);
void cohl_train_log_held_out(cohl_train_log *log, int64_t step, double loss, const cohl_terms *terms);

#endif
