/* origin.h - whose weights these are, and what must therefore look at their frames.
 *
 * A model of our own says in training.json what it was trained on, and names its weights by their sums; when these
 * are the weights that were loaded, and nothing was laid over them, every pixel that it learned from is known, and it
 * runs with the checks that are built in. Weights from anywhere else make no film before the networks that look at
 * frames are installed (vision/network.h), unless who opened the engine said that they may; the film's
 * credentials then say so too. */
#ifndef COHL_ENGINE_ORIGIN_H
#define COHL_ENGINE_ORIGIN_H

#include "engine/engine.h"

/* Every weight of the engine is named by its model's training.json and is that. Reads them all. */
bool engine_weights_are_own(const cohl_engine *engine);

/* May it make films here? *unchecked: weights from outside, and networks are missing, which was allowed.
 * COHL_ERR_REFUSED  the same, not allowed */
cohl_status engine_ask_checks(const cohl_engine *engine, bool *unchecked, cohl_error *err);

#endif
