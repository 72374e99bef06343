/* explicit.h - does a frame show explicit content?
 *
 *     cohl_explicit *look;
 *     if ((st = cohl_explicit_new(&look, workers, err))) return st;
 *     st = cohl_explicit_look(look, frame, &scores, err);
 *     if (cohl_explicit_refused(&scores)) ...
 *
 * An installed network (network.h): five classes whose scores sum to 1. What is refused, and why the lines
 * are where they are, docs/checks.md tells. One thread at a time; same frame, same scores, with any
 * number of threads. */
#ifndef COHL_VISION_EXPLICIT_H
#define COHL_VISION_EXPLICIT_H

#include <stdbool.h>

#include "base/worker.h"
#include "media/frame.h"

/* In the order in which the network gives them. */
enum { COHL_CLASS_DRAWING, COHL_CLASS_HENTAI, COHL_CLASS_NEUTRAL, COHL_CLASS_PORN, COHL_CLASS_SEXY, COHL_CLASS_COUNT };

typedef struct cohl_explicit_scores { float score[COHL_CLASS_COUNT]; } cohl_explicit_scores;

/* A frame is refused when pornographic classes together, photographed or drawn, reach the first line, or
 * with the suggestive class the second. */
#define COHL_EXPLICIT_LINE    0.60f
#define COHL_SUGGESTIVE_LINE  0.90f
bool cohl_explicit_refused(const cohl_explicit_scores *scores);

typedef struct cohl_explicit cohl_explicit;

bool cohl_explicit_installed(void);
/* workers borrowed until free, or NULL. Errors as cohl_network_open. */
cohl_status cohl_explicit_new(cohl_explicit **out, cohl_workers *workers, cohl_error *err);
void cohl_explicit_free(cohl_explicit *look);
cohl_status cohl_explicit_look(cohl_explicit *look, const cohl_frame *frame, cohl_explicit_scores *scores, cohl_error *err);

#endif
