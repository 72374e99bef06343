/* record.h - what a long bench has measured already, a line of JSON each.
 *
 * With a file, a bench may be stopped and started again, or be divided: what stands there is not measured
 * again, and the files of several runs are joined by `cat`. A measurement is named by a key ("attack GIF of
 * cars.mp4 at 0.0 s"); a line is {"key":KEY,"of":RESULT}. A last line that a kill cut short is passed over.
 *
 *     if ((st = cohl_bench_record_open(&record, path, err))) return st;
 *     if (!cohl_bench_record_find(record, key))
 *         st = cohl_bench_record_add(record, key, measure(), err);                                      */
#ifndef COHL_BENCH_RECORD_H
#define COHL_BENCH_RECORD_H

#include <jansson.h>

#include "base/status.h"

typedef struct cohl_bench_record cohl_bench_record;

/* path NULL: in memory only. A file that is not there begins with the first result.
 * COHL_ERR_IO      it cannot be read or written
 * COHL_ERR_FORMAT  a line of it that is whole is no result */
cohl_status cohl_bench_record_open(cohl_bench_record **out, const char *path, cohl_error *err);
void cohl_bench_record_close(cohl_bench_record *record);

/* The result of a key, borrowed; NULL: there is none yet. */
const json_t *cohl_bench_record_find(const cohl_bench_record *record, const char *key);

/* Keep a result, which becomes the record's; it is on the disk when this returns. */
cohl_status cohl_bench_record_add(cohl_bench_record *record, const char *key, json_t *result, cohl_error *err);

#endif
