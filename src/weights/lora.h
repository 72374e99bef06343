/* lora.h - files that change a network: low-rank updates, and differences.
 *
 *     cohl_lora *lora;
 *     if ((st = cohl_lora_open(&lora, "style.safetensors", err))) return st;
 *     st = cohl_lora_apply(weights, lora, 0.8f, err);      W + 0.8 alpha/rank B A, wherever W is read
 *     cohl_lora_close(lora);                               the weights keep what they need
 *
 * The three spellings that travel are read: original module names behind a
 * prefix (ComfyUI), diffusers' (lora_A, lora_B), and kohya's, whose modules are
 * written with underscores. alpha is a tensor beside the factors; without one it
 * is the rank. X.diff and X.diff_b hold differences of a weight and a bias.
 *
 * Several may be applied to one network; they add up. */
#ifndef COHL_WEIGHTS_LORA_H
#define COHL_WEIGHTS_LORA_H

#include "weights/weights.h"

typedef struct cohl_lora cohl_lora;

/* COHL_ERR_FORMAT  no LoRA; a factor without its other half; a rank of 0; factors that do not fit each other */
cohl_status cohl_lora_open(cohl_lora **out, const char *path, cohl_error *err);
/* The same over bytes of the caller, which must outlive it; name is for sentences. */
cohl_status cohl_lora_parse(cohl_lora **out, const char *name, const void *bytes, size_t size, cohl_error *err);
void        cohl_lora_close(cohl_lora *lora);

/* How many modules it changes, its largest rank, and its spelling: "ComfyUI", "diffusers", "kohya". */
int         cohl_lora_count(const cohl_lora *lora);
int         cohl_lora_rank(const cohl_lora *lora);
const char *cohl_lora_spelling(const cohl_lora *lora);

/* Made to need few steps: how its makers sample it. Told by what the file is called, for nothing
 * inside says so; steps 0 where it is not known to be one, shift 0 where the model's own stays. */
typedef struct cohl_lora_sampling {
    const char *name;            /* "LightX2V step distillation" */
    int         steps;
    double      shift, guidance;
} cohl_lora_sampling;
cohl_lora_sampling cohl_lora_sampling_of(const char *path);

/* Every module finds its weight, or nothing is changed.
 *
 * COHL_ERR_FORMAT  it is for another model: the sentence names a module with no weight, or another shape
 * strength any finite number; 0 changes nothing. */
cohl_status cohl_lora_apply(cohl_weights *weights, const cohl_lora *lora, float strength, cohl_error *err);

/* Which of two experts the weights are: a list may name files for one of them. */
typedef enum cohl_lora_expert { COHL_LORA_ONLY, COHL_LORA_HIGH, COHL_LORA_LOW } cohl_lora_expert;

/* Each of "FILE[:0.8],FILE[:s]...", in this order; NULL or "" is none. Of two experts the one for
 * coarse noise takes files with "high" in their name, the other those with "low", both all others. */
cohl_status cohl_lora_apply_list(cohl_weights *weights, const char *list, cohl_lora_expert expert, cohl_error *err);
/* How the first of the list that is known to need few steps is sampled; steps 0 when none is. */
cohl_lora_sampling cohl_lora_list_sampling(const char *list);

/* "FILE" or "FILE:0.8" apart; *file is the caller's to free. A strength is -100 to 100. */
cohl_status cohl_lora_argument(char **file, float *strength, const char *argument, cohl_error *err);

#endif
