/* senses.c - words that are used alike. */
#include "safety/senses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { FILE_MAX = 8 << 20 };

typedef struct entry {
    const char  *letters;
    size_t       size;
    policy_sense sense;
} entry;

struct policy_senses {
    char  *bytes;
    entry *entry;          /* in the order of bytes */
    int    count;
};

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = memcmp(x->letters, y->letters, x->size < y->size ? x->size : y->size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* "word 17 803", ended by 0. */
static bool read_entry(entry *e, char *line)
{
    int used = 0;
    e->letters = line;
    e->size = strcspn(line, " ");
    return e->size && sscanf(line + e->size, " %5d %5d%n", &e->sense.coarse, &e->sense.fine, &used) == 2 &&
           !line[e->size + (size_t)used] && e->sense.coarse >= 0 && e->sense.coarse < POLICY_SENSES_MAX &&
           e->sense.fine >= 0 && e->sense.fine < POLICY_SENSES_MAX;
}

static cohl_status read_entries(policy_senses *s, const char *path, cohl_error *err)
{
    for (char *line = s->bytes, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = 0;
        entry *e = &s->entry[s->count];
        if (!read_entry(e, line))
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d is no word with the numbers of two groups", path, s->count + 1);
        if (s->count && compare(e - 1, e) >= 0)
            return cohl_fail(err, COHL_ERR_FORMAT, "%s: line %d: \"%.*s\" stands out of order", path, s->count + 1,
                             (int)e->size, line);
        s->count++;
    }
    return COHL_OK;
}

cohl_status policy_senses_read(policy_senses **out, const char *path, cohl_error *err)
{
    policy_senses *s = calloc(1, sizeof *s);
    size_t lines = 1;
    *out = NULL;
    if (!s)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of words");
    cohl_status st = cohl_file_read(&s->bytes, NULL, path, FILE_MAX, err);
    for (const char *at = s->bytes; !st && *at; at++)
        lines += *at == '\n';
    if (!st && !(s->entry = calloc(lines, sizeof *s->entry)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a list of words");
    if (!st)
        st = read_entries(s, path, err);
    if (st)
        policy_senses_free(s);
    else
        *out = s;
    return st;
}

void policy_senses_free(policy_senses *s)
{
    if (!s)
        return;
    free(s->entry);
    free(s->bytes);
    free(s);
}

const policy_sense *policy_senses_of(const policy_senses *s, const char *letters, size_t size)
{
    const entry key = { .letters = letters, .size = size };
    const entry *found = s && s->count ? bsearch(&key, s->entry, (size_t)s->count, sizeof key, compare) : NULL;
    return found ? &found->sense : NULL;
}
