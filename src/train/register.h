/* register.h - what a model was trained on, as data, as a page, and as answers.
 *
 * A model that this repository trained carries training.json: the runs that made it, in order, each
 * with the seeds and the section "data" of its recipe and how far it went. All else follows from the
 * code that rendered: the vocabulary, every scene's seed, what was held out, how much film.
 *
 *     cohl_register *reg;
 *     if ((st = cohl_register_open(&reg, "models/mini", err))) return st;
 *     json_t *json = cohl_register_json(reg, err);          the machine-readable register
 *     cohl_register_card(json, &text);                      the same as TRAINING-DATA.md
 *     json_t *answer = cohl_register_ask(reg, "Pikachu", err);
 *
 * Sections stand in the order of the Commission's template for Article 53(1)(d) of the AI Act
 * (C(2025) 8311): general information, list of data sources, data processing. Full builds only. */
#ifndef COHL_TRAIN_REGISTER_H
#define COHL_TRAIN_REGISTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "train/checkpoint.h"
#include "train/recipe.h"

enum { COHL_REGISTER_RUNS_MAX = 64, COHL_REGISTER_LENGTHS_MAX = 8 };

typedef enum cohl_register_kind { COHL_RUN_TOKENIZER, COHL_RUN_AUTOENCODER, COHL_RUN_FILM } cohl_register_kind;

/* One run of training; which members count, its kind says. Strings live in the register's JSON. */
typedef struct cohl_register_run {
    cohl_register_kind kind;
    const char *part, *recipe;       /* what it made; the recipe's file */
    uint64_t    seed;
    int64_t     steps;               /* taken */
    int         batch, act, actors_min, actors_max;
    int         length[COHL_REGISTER_LENGTHS_MAX], length_count;   /* frames of a clip; of shard i the i-th in turn */
    int         fit_clips;           /* autoencoder: that it was fitted to first */
    int         shards_first, shards_max;
    double      repeats;
    int         captions;            /* tokenizer */
    double      hours, kilojoules;
} cohl_register_run;

typedef struct cohl_register {
    char     *folder;
    json_t   *file;                  /* training.json */
    cohl_register_run run[COHL_REGISTER_RUNS_MAX];
    int       run_count;
} cohl_register;

/* COHL_ERR_UNSUPPORTED  the model has no training.json: who published it must be asked
 * COHL_ERR_FORMAT       a member is missing or out of range: named */
cohl_status cohl_register_open(cohl_register **out, const char *folder, cohl_error *err);
void        cohl_register_free(cohl_register *reg);

/* training.json says whose runs it tells by naming the weights; those there must be these: else COHL_ERR_FORMAT, or
 * COHL_ERR_IO where one cannot be read. Reads them all. */
cohl_status cohl_register_check(const cohl_register *reg, cohl_error *err);

/* Every seed of a run, in order: scene `seed` was rendered (or captioned) with `frames` frames. Returns
 * how many there were, fn may be NULL; another value than true ends the walk. */
typedef bool cohl_register_fn(void *user, const cohl_register_run *run, int64_t index, uint64_t seed, int frames);
int64_t cohl_register_walk(const cohl_register_run *run, cohl_register_fn *fn, void *user);

/* New reference. COHL_ERR_IO: weights cannot be read; COHL_ERR_FORMAT: they are not those that
 * training.json names. */
cohl_status cohl_register_json(json_t **out, const cohl_register *reg, cohl_error *err);

/* The page in Markdown; a register as cohl_register_json gives it. */
void cohl_register_card(const json_t *json, cohl_text *out);

/* Write model/training.json for a model that a run of "film" or "vae" has just saved: the runs that made
 * its tokenizer, its autoencoder and the weights it started from, as the registers beside those tell, and
 * this run last.
 * COHL_ERR_UNSUPPORTED  one of those has no training.json, so what the model learned from is not known
 * COHL_ERR_FORMAT       one of those is not what its training.json tells of */
cohl_status cohl_register_write(const char *model, const cohl_recipe *recipe, const cohl_progress *progress,
                                cohl_error *err);

/* Was this in training? words, a seed ("17"), a file that is there, or a SHA-256:
 * {"asked", "as": "words"|"seed"|"file"|"digest", "answer": "yes"|"no", "because": [sentences]}.
 * New reference; NULL: no memory. */
json_t *cohl_register_ask(const cohl_register *reg, const char *what);

#endif
