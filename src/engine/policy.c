/* policy.c - what is asked of the engine, asked of the policy first. */
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "engine/engine.h"
#include "safety/decisions.h"

cohl_status engine_ask_policy(const cohl_engine *engine, cohl_policy_kind kind, const char *what, const char *text,
                              bool made, cohl_error *err)
{
    cohl_policy_answer answer;
    if (!text)
        return COHL_OK;
    cohl_status st = cohl_policy_check(engine->policy, kind, text, strlen(text), &answer, err);
    if (!st && (answer.refused || made))
        st = cohl_policy_note(engine->policy, kind, text, &answer, (int64_t)time(NULL), err);
    return st || !answer.refused ? st : cohl_policy_refuse(&answer, what, err);
}

/* "films/red-balloon.mp4" -> "red-balloon.mp4", "shot/" -> "shot". */
static cohl_status ask_path(const cohl_engine *engine, const char *path, const char *what, cohl_error *err)
{
    char name[256];
    size_t end = strlen(path);
    while (end && path[end - 1] == '/')
        end--;
    size_t from = end;
    while (from && path[from - 1] != '/' && end - from < sizeof name - 1)
        from--;
    memcpy(name, path + from, end - from);
    name[end - from] = 0;
    if (cohl_utf8_check(name, end - from) < end - from)
        for (char *c = name; *c; c++)             /* a name of another encoding: its plain letters alone */
            *c = *c & 0x80 ? '?' : *c;
    return engine_ask_policy(engine, COHL_POLICY_NAME, what, name, false, err);
}

cohl_status engine_ask_names(const cohl_engine *engine, const cohl_film *film, cohl_error *err)
{
    cohl_status st = film->path ? ask_path(engine, film->path, "film's name", err) : COHL_OK;
    if (!st && film->sheet)
        st = ask_path(engine, film->sheet, "sheet's name", err);
    return st ? st : engine_ask_policy(engine, COHL_POLICY_NAME, "title", film->title, false, err);
}
