/* record.c - results as lines of a file, in memory as one object. */
#define _GNU_SOURCE
#include "bench/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { FILE_MOST = 64 << 20 };

struct cohl_bench_record {
    json_t *result;          /* an object: a key, a result   */
    FILE   *file;            /* where they go; NULL: nowhere */
};

static cohl_status take_line(cohl_bench_record *r, const char *path, int number, const char *line, size_t size, cohl_error *err)
{
    json_t *whole = json_loadb(line, size, 0, NULL), *result = json_object_get(whole, "of");
    const char *key = json_string_value(json_object_get(whole, "key"));
    cohl_status st = COHL_OK;
    if (!key || !result)
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d is no result of a bench", path, number);
    else
        json_object_set(r->result, key, result);
    json_decref(whole);
    return st;
}

/* *whole: bytes up to the end of the last whole line. */
static cohl_status take_lines(cohl_bench_record *r, const char *path, off_t *whole, cohl_error *err)
{
    char *text = NULL, *end;
    size_t size = 0;
    int number = 1;
    cohl_status st = cohl_file_read(&text, &size, path, FILE_MOST, err);
    for (char *line = text; !st && (end = memchr(line, '\n', size - (size_t)(line - text))); line = end + 1) {
        st = take_line(r, path, number++, line, (size_t)(end - line), err);
        *whole = end + 1 - text;
    }
    free(text);
    return st;
}

cohl_status cohl_bench_record_open(cohl_bench_record **out, const char *path, cohl_error *err)
{
    cohl_bench_record *r = calloc(1, sizeof *r);
    cohl_status st = COHL_OK;
    off_t whole = 0;
    *out = r;
    if (!r || !(r->result = json_object()))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for the results of a bench");
    if (!st && path && cohl_file_exists(path))
        st = take_lines(r, path, &whole, err);
    if (!st && path && (!(r->file = fopen(path, "ae")) || ftruncate(fileno(r->file), whole)))
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (st) {
        cohl_bench_record_close(r);
        *out = NULL;
    }
    return st;
}

void cohl_bench_record_close(cohl_bench_record *r)
{
    if (!r)
        return;
    if (r->file)
        fclose(r->file);
    json_decref(r->result);
    free(r);
}

const json_t *cohl_bench_record_find(const cohl_bench_record *r, const char *key)
{
    return json_object_get(r->result, key);
}

static cohl_status write_line(const cohl_bench_record *r, const char *key, json_t *result, cohl_error *err)
{
    json_t *whole = json_pack("{s:s, s:O}", "key", key, "of", result);
    char *line = whole ? json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    cohl_status st = COHL_OK;
    if (!line)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for the result \"%s\"", key);
    else if (fprintf(r->file, "%s\n", line) < 0 || fflush(r->file))
        st = cohl_fail(err, COHL_ERR_IO, "the result \"%s\" cannot be written: %s", key, strerror(errno));
    free(line);
    json_decref(whole);
    return st;
}

cohl_status cohl_bench_record_add(cohl_bench_record *r, const char *key, json_t *result, cohl_error *err)
{
    if (json_object_set_new(r->result, key, result))
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for the result \"%s\"", key);
    return r->file ? write_line(r, key, json_object_get(r->result, key), err) : COHL_OK;
}
