/* report.c - what a bench found. */
#include "bench/report.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void cohl_bench_add(cohl_bench_report *report, cohl_bench_floor kind, double floor, const char *unit,
                    double value, const char *format, ...)
{
    assert(report->rows < COHL_BENCH_ROWS_MAX);
    cohl_bench_row *row = &report->row[report->rows++];
    va_list args;
    *row = (cohl_bench_row){ .value = value, .unit = unit, .kind = kind, .floor = floor };
    va_start(args, format);
    vsnprintf(row->name, sizeof row->name, format, args);
    va_end(args);
}

bool cohl_bench_row_ok(const cohl_bench_row *row)
{
    switch (row->kind) {
    case COHL_BENCH_AT_LEAST: return row->value >= row->floor;
    case COHL_BENCH_AT_MOST:  return row->value <= row->floor;
    default:                  return true;
    }
}

bool cohl_bench_ok(const cohl_bench_report *report)
{
    for (int i = 0; i < report->rows; i++)
        if (!cohl_bench_row_ok(&report->row[i]))
            return false;
    return true;
}

/* A number, or null where JSON has none. */
static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *row_json(const cohl_bench_row *row)
{
    json_t *out = json_object();
    json_object_set_new(out, "name", json_string(row->name));
    json_object_set_new(out, "value", number(row->value));
    json_object_set_new(out, "unit", json_string(row->unit));
    json_object_set_new(out, "floor", row->kind ? number(row->floor) : json_null());
    if (row->kind == COHL_BENCH_AT_MOST)
        json_object_set_new(out, "at", json_string("most"));
    return out;
}

json_t *cohl_bench_json(const cohl_bench_report *report)
{
    json_t *out = json_object(), *rows = json_array();
    for (int i = 0; i < report->rows; i++)
        json_array_append_new(rows, row_json(&report->row[i]));
    json_object_set_new(out, "rows", rows);
    if (report->more)
        json_object_update(out, report->more);
    json_object_set_new(out, "ok", json_boolean(cohl_bench_ok(report)));
    return out;
}

static void print_rows(const cohl_bench_report *report)
{
    for (int i = 0; i < report->rows; i++) {
        const cohl_bench_row *row = &report->row[i];
        printf("%-34s %10.4g %-8s", row->name, row->value, row->unit);
        if (row->kind)
            printf("  %s %g: %s", row->kind == COHL_BENCH_AT_LEAST ? "at least" : "at most", row->floor,
                   cohl_bench_row_ok(row) ? "yes" : "NO");
        putchar('\n');
    }
}

void cohl_bench_print(const cohl_bench_report *report, bool json)
{
    if (!json) {
        print_rows(report);
        if (report->words.data)
            fputs(report->words.data, stdout);
        return;
    }
    json_t *all = cohl_bench_json(report);
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    if (text)
        puts(text);
    free(text);
    json_decref(all);
}

void cohl_bench_report_free(cohl_bench_report *report)
{
    json_decref(report->more);
    cohl_text_free(&report->words);
    *report = (cohl_bench_report){ .rows = 0 };
}
