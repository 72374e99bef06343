/* decisions.c - the log of what the policy decided. */
#define _GNU_SOURCE
#include "safety/decisions.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "safety/policy_inside.h"

static const char *kind_name(cohl_policy_kind kind)
{
    return kind == COHL_POLICY_PROMPT ? "prompt" : kind == COHL_POLICY_NEGATIVE ? "negative" : "name";
}

static json_t *pack_names(const cohl_policy *p)
{
    json_t *list = json_array();
    for (int i = 0; i < p->packs.pack_count; i++)
        json_array_append_new(list, json_pack("s++", p->packs.pack[i].name, " ", p->packs.pack[i].version));
    return list;
}

static json_t *line_of(const cohl_policy *p, cohl_policy_kind kind, const char *text, const cohl_policy_answer *answer,
                       int64_t now)
{
    char when[32];
    time_t seconds = (time_t)now;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_t *line = json_pack("{s:s, s:s, s:I, s:s, s:o}", "when", when, "kind", kind_name(kind), "bytes",
                             (json_int_t)strlen(text), "verdict", answer->refused ? "refuse" : "allow", "packs",
                             pack_names(p));
    if (answer->refused) {
        json_object_set_new(line, "category", json_string(answer->reason[0].category));
        json_object_set_new(line, "code", json_string(answer->reason[0].code));
    }
    if (p->log == POLICY_LOG_TEXT)
        json_object_set_new(line, "text", json_string(text));
    return line;
}

/* One write, so that lines of several programs do not mix. */
static cohl_status append(const char *path, const char *line, cohl_error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    size_t size = strlen(line);
    bool wrote = file >= 0 && write(file, line, size) == (ssize_t)size;
    int reason = errno;
    if (file >= 0 && close(file))
        wrote = false, reason = errno;
    return wrote ? COHL_OK : cohl_fail(err, COHL_ERR_IO, "%s: the decision cannot be written: %s", path, strerror(reason));
}

cohl_status cohl_policy_note(const cohl_policy *p, cohl_policy_kind kind, const char *text,
                             const cohl_policy_answer *answer, int64_t now, cohl_error *err)
{
    char *path, *line = NULL;
    if (!p->own || p->log == POLICY_LOG_OFF)
        return COHL_OK;
    cohl_status st = cohl_home_make_folder(p->own, err);
    if (st)
        return st;
    path = cohl_path_join(p->own, "decisions.jsonl");
    json_t *json = line_of(p, kind, text, answer, now);
    char *flat = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!path || !flat || asprintf(&line, "%s\n", flat) < 0)
        line = NULL;
    st = line ? append(path, line, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a line of the log");
    json_decref(json);
    free(flat);
    free(line);
    free(path);
    return st;
}
