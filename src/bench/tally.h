/* tally.h - right and wrong answers of the critic's heads, counted, as shares with their intervals. */
#ifndef COHL_BENCH_TALLY_H
#define COHL_BENCH_TALLY_H

#include "base/interval.h"
#include "bench/report.h"
#include "model/critic.h"

enum { COHL_TALLY_CLASSES_MAX = 32 };

/* One more than the heads: prompts of two subjects, right when both and their colours are. */
enum { COHL_TALLY_PAIR = COHL_WORD_KIND_COUNT, COHL_TALLY_HEADS };

typedef struct cohl_tally {
    int right[COHL_TALLY_HEADS], of[COHL_TALLY_HEADS];
    int seen[COHL_WORD_KIND_COUNT][COHL_TALLY_CLASSES_MAX][COHL_TALLY_CLASSES_MAX];   /* [wanted][seen] */
} cohl_tally;

/* Floors of shares by head, 0 = none. */
typedef struct cohl_tally_floors { double head[COHL_TALLY_HEADS]; } cohl_tally_floors;

void cohl_tally_add(cohl_tally *tally, const cohl_score *score, const cohl_wanted *wanted);

/* "setting", ..., "both subjects". */
const char *cohl_tally_name(int head);
/* Rows, the JSON key "heads" and tables of what was taken for what. Heads that nothing was asked of
 * have no row; where a floor stands and nothing was asked, the report says so in words. */
void cohl_tally_report(const cohl_tally *tally, const cohl_tally_floors *floors, cohl_bench_report *report);

#endif
