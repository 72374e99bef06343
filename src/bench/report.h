/* report.h - what a bench found: rows with floors, printed in one place.
 *
 *     cohl_bench_report report = { 0 };
 *     cohl_bench_add(&report, COHL_BENCH_AT_LEAST, 32, "dB", psnr, "psnr");
 *     cohl_bench_print(&report, json);
 *     return report.ok ? 0 : 1;
 *
 * As JSON: {"rows":[{"name","value","unit","floor"}, ...], "ok"}, and what a bench adds
 * besides. A floor that a value must not pass upwards says "at":"most". */
#ifndef COHL_BENCH_REPORT_H
#define COHL_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

typedef enum cohl_bench_floor { COHL_BENCH_NO_FLOOR, COHL_BENCH_AT_LEAST, COHL_BENCH_AT_MOST } cohl_bench_floor;

typedef struct cohl_bench_row {
    char   name[64];
    double value;
    const char *unit;          /* static: "s", "dB", "share" */
    cohl_bench_floor kind;
    double floor;
} cohl_bench_row;

enum { COHL_BENCH_ROWS_MAX = 128 };

/* Starts as { .rows = 0 }; cohl_bench_report_free() it. */
typedef struct cohl_bench_report {
    cohl_bench_row row[COHL_BENCH_ROWS_MAX];
    int       rows;
    json_t   *more;            /* an object whose keys stand beside "rows"; NULL = none */
    cohl_text words;           /* what a person reads below the rows: tables, notes     */
} cohl_bench_report;

void cohl_bench_add(cohl_bench_report *report, cohl_bench_floor kind, double floor, const char *unit,
                    double value, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A value of its kind is on the right side of its floor; NaN never is. */
bool cohl_bench_row_ok(const cohl_bench_row *row);
bool cohl_bench_ok(const cohl_bench_report *report);
/* The report as JSON, to be given back with json_decref. */
json_t *cohl_bench_json(const cohl_bench_report *report);
/* To stdout. */
void cohl_bench_print(const cohl_bench_report *report, bool json);
void cohl_bench_report_free(cohl_bench_report *report);

#endif
