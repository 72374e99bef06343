/* log.c - what a run says: a JSON line a step, a line for people now and then. */
#include "train/log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

static const double LINE_SECONDS = 10;          /* between lines when not on a terminal */
static const size_t LOG_BYTES_MAX = (size_t)1 << 30;

/* Keep the lines of steps before steps_done. */
static cohl_status cut_log(const char *path, int64_t steps_done, cohl_error *err)
{
    char *text;
    size_t keep = 0;
    cohl_status st = cohl_file_read(&text, NULL, path, LOG_BYTES_MAX, err);
    if (st)
        return st;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        long long step = -1;
        if (sscanf(line, "{\"step\":%lld", &step) == 1 && step < steps_done)
            keep = (size_t)(end + 1 - text);
        else if (step >= steps_done)
            break;
    }
    st = cohl_file_write(path, text, keep, err);
    free(text);
    return st;
}

cohl_status cohl_train_log_open(cohl_train_log *log, const char *path, int64_t steps_done, cohl_error *err)
{
    cohl_status st;
    *log = (cohl_train_log){ .terminal = isatty(2) };
    if (cohl_file_exists(path) && (st = cut_log(path, steps_done, err)))
        return st;
    if (!(log->file = fopen(path, "ae")))
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot write: %s", path, strerror(errno));
    return COHL_OK;
}

void cohl_train_log_close(cohl_train_log *log)
{
    if (log->file)
        fclose(log->file);
    log->file = NULL;
}

/* JSON has no word for what is not finite. */
static void add_number(cohl_text *text, const char *name, double value)
{
    if (isfinite(value))
        cohl_text_addf(text, ",\"%s\":%.9g", name, value);
    else
        cohl_text_addf(text, ",\"%s\":null", name);
}

static void add_terms(cohl_text *text, const cohl_terms *terms)
{
    for (int i = 0; i < terms->count; i++)
        add_number(text, terms->item[i].name, terms->item[i].value);
}

static void put_line(cohl_train_log *log, cohl_text *text)
{
    cohl_text_add(text, "}\n");
    if (!text->failed)
        fwrite(text->data, 1, text->size, log->file);
    fflush(log->file);
    cohl_text_free(text);
}

void cohl_train_log_step(cohl_train_log *log, const cohl_train_line *l)
{
    cohl_text text = { 0 };
    cohl_text_addf(&text, "{\"step\":%lld", (long long)l->step);
    add_number(&text, "loss", l->loss);
    cohl_text_addf(&text, ",\"norm\":%.6g,\"rate\":%.6g,\"seconds\":%.4f", l->norm, l->rate, l->step_seconds);
    add_terms(&text, l->terms);
    put_line(log, &text);

    double now = cohl_clock_seconds();
    if (now - log->shown < (log->terminal ? 0.2 : LINE_SECONDS) && l->step + 1 < l->steps)
        return;
    log->shown = now;
    double left = (double)(l->steps - l->step - 1) * l->step_seconds;
    fprintf(stderr, "%sstep %lld of %lld  loss %.4f  norm %.2f  %.1f samples/s  %.0f s, about %.0f s left%s",
            log->terminal ? "\r\033[K" : "", (long long)l->step + 1, (long long)l->steps, l->loss, l->norm,
            l->batch / l->step_seconds, l->seconds, left, log->terminal ? "" : "\n");
    if (log->terminal && l->step + 1 == l->steps)
        fputc('\n', stderr);
}

void cohl_train_log_held_out(cohl_train_log *log, int64_t step, double loss, const cohl_terms *terms)
{
    cohl_text text = { 0 };
    cohl_text_addf(&text, "{\"step\":%lld", (long long)step);
    add_number(&text, "held_out", loss);
    add_terms(&text, terms);
    put_line(log, &text);
    fprintf(stderr, "%sstep %lld  held-out loss %.4f", log->terminal ? "\r\033[K" : "", (long long)step + 1, loss);
    for (int i = 0; i < terms->count; i++)
        fprintf(stderr, "  %s %.4g", terms->item[i].name, terms->item[i].value);
    fputc('\n', stderr);
}
