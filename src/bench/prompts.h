/* prompts.h - prompts with what a film of them must show.
 *
 * From the theatre: captions of scenes whose subject, colour and setting, or subject and
 * action, no training film ever had together. Or from a file, a JSON object a line:
 *
 *     {"text": "a red balloon drifts over a village at noon, pan left",
 *      "setting": "village", "time": "noon", "camera": "pan left",
 *      "subject": "balloon", "colour": "red", "action": "drift"}
 *
 * with the words of film/words.h, each of them optional; several subjects stand in
 * "subjects": [{"subject", "colour", "action"}, ...]. */
#ifndef COHL_BENCH_PROMPTS_H
#define COHL_BENCH_PROMPTS_H

#include "model/critic.h"
#include "theatre/scene.h"

typedef struct cohl_prompt {
    char       *text;
    cohl_wanted wanted;
} cohl_prompt;

typedef struct cohl_prompts {
    cohl_prompt *item;
    int          count;
} cohl_prompts;

/* Captions of `count` held-out scenes of a request. */
cohl_status cohl_prompts_from_theatre(cohl_prompts *out, const cohl_scene_request *request, int count,
                                      uint64_t seed, cohl_error *err);
/* At most 1 MiB; empty lines are passed over. COHL_ERR_FORMAT names the line. */
cohl_status cohl_prompts_from_file(cohl_prompts *out, const char *path, cohl_error *err);
cohl_status cohl_prompts_parse(cohl_prompts *out, const char *name, const char *text, cohl_error *err);
void        cohl_prompts_free(cohl_prompts *prompts);

#endif
