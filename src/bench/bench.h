/* bench.h - how good and how fast: each bench fills a report.
 *
 *     cohl_bench_params params = cohl_bench_params_default();
 *     st = cohl_bench_control(&report, &params, err);
 *
 * The measured are never the learned-from: prompts and clips come from scenes with
 * held-out combinations, and the critic's own test from seeds that no batch draws. */
#ifndef COHL_BENCH_BENCH_H
#define COHL_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/worker.h"
#include "bench/report.h"

typedef struct cohl_bench_params {
    const char *model;      /* a model's folder; NULL = the one that ships             (NULL) */
    const char *critic;     /* its folder; NULL = critic/ in the model's               (NULL) */
    const char *prompts;    /* a file of prompts; NULL = from the theatre              (NULL) */
    const char *media;      /* a folder of footage; NULL = ../shared/media             (NULL) */
    const char *sheet;      /* .png of the first 40 films; NULL = none                 (NULL) */
    const char *record;     /* watermark, known: keeps each result; NULL = none         (NULL) */
    const char *only;       /* watermark: measure what has this in its key; known: one kind; NULL = all (NULL) */
    const char *rows;       /* giants: names of rows, "A,B"; NULL = all                (NULL) */
    bool        quick;      /* giants: seconds computed from a part of the work       (false) */
    int         count;      /* prompts, renders or clips; 0: 300, 1000, 12, reuse: 8       (0) */
    int         width, height;     /* known: of the films; 0 = the model's                (0) */
    int         frames;     /* of a film; 0 = the model's most                            (0) */
    int         steps;      /* of the solver; 0 = the model's                             (0) */
    int         act;        /* of the floors and scenes; 0 = the model's                  (0) */
    int         threads;    /* 0 = one a processor                                        (0) */
    uint64_t    seed;       /* of scenes and films                                        (0) */
    void      (*progress)(int done, int of);   /* NULL = silent                        (NULL) */
    void      (*say)(const char *sentence);    /* what is about to be done; NULL = silent    */
} cohl_bench_params;

cohl_bench_params cohl_bench_params_default(void);

/* Does the film show what the prompt says? A film for each prompt, judged by the critic: a share a
 * head, floors by the act. */
cohl_status cohl_bench_control(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);
/* Is the critic right about renders? Floor 0.97 a head. */
cohl_status cohl_bench_critic(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);
/* Does the autoencoder keep the picture (PSNR, floor 32 dB), and how long takes it to decode 5 s of
 * 320 x 192 (at most 3 s)? */
cohl_status cohl_bench_vae(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* How fast are products, layers, whole steps and the autoencoder, and what share of the products'
 * rate? Random weights; floor 0.5 for a training step. */
cohl_status cohl_bench_speed(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* How fast are the giants here, in seconds and shares of the products' rate, how exact in bf16 and int8,
 * and in how much memory? Random weights of real size, a file of 2.8 GB in the cache folder. */
cohl_status cohl_bench_giants(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* What does step reuse lose, and what does it save? Films of held-out scenes in full, and again with every
 * threshold of a list, with fewer steps, with more. Floor: 40 dB of "auto". */
cohl_status cohl_bench_reuse(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* Are both marks found after compression, scaling, cropping and the like, and never where there are
 * none? count: pieces of footage; a quarter as many films of the theatre besides. Results of record (see
 * bench/record.h) are not measured again; what has neither been measured is a row of the report. */
cohl_status cohl_bench_watermark(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* Films that go on from film, from held-out films of the theatre: given frames as given, seams no worse
 * than 1.5 of the film's own median step, the subject's place in a gap, drift and memory of a minute
 * (params->frames: of another length). params->sheet: a .png for each way, its name before the ending.
 * params->only: one kind of film, "seams" (all of these), "gap", "minute" or "memory".
 * COHL_ERR_ARGUMENT  params->only is none of these */
cohl_status cohl_bench_known(cohl_bench_report *report, const cohl_bench_params *params, cohl_error *err);

/* The folder of a model that params name; free() it. NULL when memory is out. */
char *cohl_bench_part(const cohl_bench_params *params, const char *part);

#endif
