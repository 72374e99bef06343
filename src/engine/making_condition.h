/* making_condition.h - what is given, for models that take it beside the sample. */
#ifndef COHL_ENGINE_MAKING_CONDITION_H
#define COHL_ENGINE_MAKING_CONDITION_H

#include "engine/making.h"

/* As model/sample.h takes it; NULL where the model has no such input. */
typedef struct making_condition {
    float *beside;       /* channels behind the latent's own */
    float *control;
    float *tokens;       /* [token_count, image_dim] */
    int    token_count;
} making_condition;

/* All empty for a model that holds what is known in the sample itself.
 *
 * COHL_ERR_UNSUPPORTED  an image model without the pictures it needs */
cohl_status making_condition_new(making_condition *out, cohl_run *run, const reel_window *window, cohl_error *err);
void        making_condition_free(making_condition *condition);

#endif
