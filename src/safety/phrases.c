/* phrases.c - sentences drawn from a grammar of slots. */
#define _GNU_SOURCE
#include "safety/phrases.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct drawing {
    FILE         *out;
    const json_t *sets;
    cohl_rng     *rng;
    const char   *stray;                 /* a slot that holds no choice and names no set */
    int           stray_size;
} drawing;

/* The brace that closes what opens at text[0]; NULL when none does before `end`. */
static const char *closing(const char *text, const char *end)
{
    int depth = 0;
    for (; text < end; text++) {
        depth += (*text == '{') - (*text == '}');
        if (!depth)
            return text;
    }
    return NULL;
}

/* The choice of number `wanted` between text and end, as from..to; how many there are when it has fewer. */
static int choice(const char *text, const char *end, int wanted, const char **from, const char **to)
{
    int depth = 0, count = 0;
    *from = text;
    for (const char *at = text;; at++) {
        if (at == end || (*at == '|' && !depth)) {
            *to = at;
            if (count++ == wanted || at == end)
                return count;
            *from = at + 1;
            continue;
        }
        depth += (*at == '{') - (*at == '}');
    }
}

static bool draw(drawing *d, const char *text, const char *end, int depth);

static bool draw_slot(drawing *d, const char *text, const char *end, int depth)
{
    const json_t *set = json_object_getn(d->sets, text, (size_t)(end - text));
    const char *from, *to;
    if (set) {
        text = json_string_value(set);
        end = text + strlen(text);
    }
    int count = choice(text, end, -1, &from, &to);
    if (!set && count == 1) {
        d->stray = text, d->stray_size = (int)(end - text);
        return false;
    }
    choice(text, end, (int)cohl_rng_below(d->rng, (uint32_t)count), &from, &to);
    return draw(d, from, to, depth + 1);
}

static bool draw(drawing *d, const char *text, const char *end, int depth)
{
    if (depth > POLICY_PHRASES_DEPTH_MAX)
        return false;
    for (; text < end; text++) {
        const char *close = *text == '{' ? closing(text, end) : NULL;
        if (*text == '}' || (*text == '{' && !close))
            return false;
        if (!close)
            fputc(*text, d->out);
        else if (!draw_slot(d, text + 1, close, depth))
            return false;
        else
            text = close;
    }
    return true;
}

cohl_status policy_phrases_draw(char **out, const json_t *sets, const char *pattern, cohl_rng *rng, cohl_error *err)
{
    size_t size;
    *out = NULL;
    drawing d = { .out = open_memstream(out, &size), .sets = sets, .rng = rng };
    if (!d.out)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a sentence");
    bool drawn = draw(&d, pattern, pattern + strlen(pattern), 0);
    if (fclose(d.out) || !*out)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a sentence");
    if (drawn)
        return COHL_OK;
    free(*out);
    *out = NULL;
    if (d.stray)
        return cohl_fail(err, COHL_ERR_FORMAT, "\"%s\": the slot {%.*s} names no set and holds no choice of words", pattern,
                         cohl_utf8_fit(d.stray, d.stray_size < 60 ? d.stray_size : 60), d.stray);
    return cohl_fail(err, COHL_ERR_FORMAT, "\"%s\": a slot is not closed, or slots are more than %d deep", pattern,
                     POLICY_PHRASES_DEPTH_MAX);
}
