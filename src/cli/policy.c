/* policy.c - `cohl policy ...`: what may be made, and why not. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "safety/edit.h"
#include "safety/learn.h"
#include "safety/policy.h"
#include "safety/score.h"

typedef struct asked {
    const char *packs, *own, *out;
    uint64_t    seed;
    double      share;
    bool        json, negative, name, lines, misses, table;
} asked;

/* ---- answers ------------------------------------------------------------- */

static json_t *reasons_json(const cohl_policy_answer *answer)
{
    json_t *list = json_array();
    for (int i = 0; i < answer->reason_count; i++) {
        const cohl_policy_reason *r = &answer->reason[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "category", r->category, "code", r->code,
                                              "words", r->words, "why", r->why, "instead", r->instead));
    }
    return list;
}

static void tell(const cohl_policy_answer *answer, int card, int cards)
{
    if (!answer->refused) {
        puts("allow");
        return;
    }
    printf("refuse%s", cards > 1 && card < 0 ? ": only the cards together" : "");
    if (cards > 1 && card >= 0)
        printf(": card %d", card + 1);
    putchar('\n');
    for (int i = 0; i < answer->reason_count; i++) {
        const cohl_policy_reason *r = &answer->reason[i];
        printf("  %s  %s\n    met by: %s\n    why: %s\n", r->category, r->code, r->words, r->why);
        if (r->instead)
            printf("    instead: %s\n", r->instead);
    }
}

/* ---- check --------------------------------------------------------------- */

static cohl_policy_kind kind_asked(const asked *a)
{
    return a->negative ? COHL_POLICY_NEGATIVE : a->name ? COHL_POLICY_NAME : COHL_POLICY_PROMPT;
}

/* A prompt a line in; "allow", or "refuse CATEGORY CODE", a line out. */
static cohl_status check_lines(const cohl_policy *policy, const asked *a, cohl_error *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    cohl_status st = COHL_OK;
    cohl_policy_answer answer;
    for (int number = 1; !st && (size = getline(&line, &room, stdin)) >= 0; number++) {
        cohl_error own;
        size -= size && line[size - 1] == '\n';
        st = cohl_policy_check(policy, kind_asked(a), line, (size_t)size, &answer, &own);
        if (st)
            cohl_fail(err, st, "line %d: %s", number, own.text);
        else if (answer.refused)
            printf("refuse %s %s\n", answer.reason[0].category, answer.reason[0].code);
        else
            puts("allow");
    }
    free(line);
    return st;
}

static cohl_status check(const cohl_policy *policy, const asked *a, const char **text, int count, bool *refused,
                         cohl_error *err)
{
    cohl_policy_answer answer;
    cohl_status st;
    int card = 0;
    if (a->lines)
        return check_lines(policy, a, err);
    if (!count)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "missing TEXT; cohl policy --help tells more");
    if (count == 1)
        st = cohl_policy_check(policy, kind_asked(a), text[0], strlen(text[0]), &answer, err);
    else
        st = cohl_policy_check_cards(policy, text, count, &answer, &card, err);
    if (st)
        return st;
    *refused = answer.refused;
    if (a->json)
        cohl_print_json(json_pack("{s:s, s:o, s:o}", "verdict", answer.refused ? "refuse" : "allow", "reasons",
                             reasons_json(&answer), "card",
                             count > 1 && answer.refused && card >= 0 ? json_integer(card + 1) : json_null()));
    else
        tell(&answer, card, count);
    return COHL_OK;
}

/* ---- test ---------------------------------------------------------------- */

static void print_misses(const json_t *misses)
{
    size_t i;
    json_t *m;
    json_array_foreach((json_t *)misses, i, m)
        printf("line %lld, %s, %s: %s%s%s%s%s\n", (long long)json_integer_value(json_object_get(m, "line")),
               json_string_value(json_object_get(m, "label")), json_string_value(json_object_get(m, "category")),
               json_string_value(json_object_get(m, "text")), *json_string_value(json_object_get(m, "code")) ? "  <- " : "",
               json_string_value(json_object_get(m, "code")), *json_string_value(json_object_get(m, "code")) ? ": " : "",
               json_string_value(json_object_get(m, "words")));
}

static cohl_status test(const cohl_policy *policy, const asked *a, const char **file, int count, bool *below,
                        cohl_error *err)
{
    cohl_policy_score score;
    cohl_status st;
    if (count != 1)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "cohl policy test takes one FILE.jsonl, found %d", count);
    if ((st = cohl_policy_score_file(&score, policy, file[0], err)))
        return st;
    *below = !score.ok;
    if (a->misses)
        print_misses(score.misses);
    if (a->json)
        cohl_print_json(json_incref(score.json));
    else
        cohl_policy_score_print(&score);
    cohl_policy_score_free(&score);
    return COHL_OK;
}

/* ---- list ---------------------------------------------------------------- */

/* The table of docs/policy.md. */
static void print_table(const cohl_policy *policy)
{
    const char *origin;
    int entries;
    puts("| pack | entries | rules | bundles | about |\n| --- | --- | --- | --- | --- |");
    for (int i = 0; i < cohl_policy_pack_count(policy); i++) {
        cohl_policy_pack p = cohl_policy_pack_at(policy, i);
        printf("| `%s` | %d | %d | %d | %s |\n", p.name, p.entries, p.rules, p.bundles, p.about);
    }
    puts("\n| entries | origin |\n| --- | --- |");
    for (int i = 0; cohl_policy_origin(policy, i, &origin, &entries); i++)
        printf("| %d | %s |\n", entries, origin);
}

static void list(const cohl_policy *policy, const asked *a)
{
    const char *origin;
    int entries;
    if (a->table) {
        print_table(policy);
        return;
    }
    const char *name;
    json_t *packs = json_array(), *removed = json_array(), *origins = json_object();
    for (int i = 0; i < cohl_policy_pack_count(policy); i++) {
        cohl_policy_pack p = cohl_policy_pack_at(policy, i);
        json_array_append_new(packs, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:s}", "pack", p.name, "version",
            p.version, "about", p.about, "entries", p.entries, "rules", p.rules, "bundles", p.bundles, "path", p.path,
            "sha256", p.sha256));
        if (!a->json)
            printf("%-12s %-10s %5d entries %4d rules %4d bundles  %s\n", p.name, p.version, p.entries, p.rules, p.bundles,
                   p.about);
    }
    for (int i = 0; cohl_policy_origin(policy, i, &origin, &entries); i++) {
        json_object_set_new(origins, origin, json_integer(entries));
        if (!a->json)
            printf("%5d entries: %s\n", entries, origin);
    }
    for (int i = 0; (name = cohl_policy_removed_at(policy, i)); i++) {
        json_array_append_new(removed, json_string(name));
        if (!a->json)
            printf("%s: taken away; `cohl policy restore %s` brings it back\n", name, name);
    }
    json_t *all = json_pack("{s:o, s:o, s:o}", "packs", packs, "removed", removed, "origins", origins);
    if (a->json)
        cohl_print_json(all);
    else
        json_decref(all);
}

/* ---- learn --------------------------------------------------------------- */

static cohl_status learn(const cohl_policy *policy, const asked *a, const char **file, int count, cohl_error *err)
{
    cohl_policy_learned found[COHL_POLICY_LEARNED_MAX];
    int categories;
    if (!count || !a->out)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "cohl policy learn takes files of labelled lines and -o FILE");
    cohl_status st = cohl_policy_learn(found, &categories, policy, file, count, a->seed, a->share, a->out, err);
    for (int i = 0; i < categories && !st; i++)
        printf("%-10s %d of %d found, and %d of %d allowed lines\n", found[i].category, found[i].right, found[i].of,
               found[i].wrong, found[i].allowed);
    return st;
}

/* ---- add, remove, restore ------------------------------------------------ */

static cohl_status edit(const cohl_policy_params *params, const asked *a, const char **word, int count, cohl_error *err)
{
    static const char *const said[] = {
        [COHL_POLICY_ADDED] = "added", [COHL_POLICY_REPLACED] = "replaced", [COHL_POLICY_DELETED] = "deleted",
        [COHL_POLICY_TAKEN_AWAY] = "taken away", [COHL_POLICY_TAKEN_BACK] = "back",
    };
    char name[64];
    cohl_policy_edit done = COHL_POLICY_ADDED;
    bool adds = !strcmp(word[0], "add");
    if (count != 2)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "cohl policy %s takes one %s, found %d", word[0],
                         adds ? "PACK.json" : "NAME of a pack", count - 1);
    cohl_status st = adds ? cohl_policy_add(&done, name, params, word[1], err)
                          : (!strcmp(word[0], "remove") ? cohl_policy_remove : cohl_policy_restore)(&done, params, word[1], err);
    if (!st && a->json)
        cohl_print_json(json_pack("{s:s, s:s}", "pack", adds ? name : word[1], "is", said[done]));
    else if (!st)
        printf("%s: %s\n", adds ? name : word[1], said[done]);
    return st;
}

static bool is_edit(const char *word) { return !strcmp(word, "add") || !strcmp(word, "remove") || !strcmp(word, "restore"); }

/* ---- the command --------------------------------------------------------- */

enum { TEXTS_MAX = 1000 };

static int run(const asked *a, const char **word, int count)
{
    cohl_error err = { 0 };
    cohl_policy *policy = NULL;
    bool refused = false, below = false;
    char *own = NULL;
    cohl_status st = COHL_OK;
    if (!a->own)
        cohl_home_path(&own, "policy", NULL);         /* no home, no packs of one's own */
    const cohl_policy_params params = { a->packs, a->own ? a->own : own };
    if (is_edit(word[0]))
        st = edit(&params, a, word, count, &err);
    else if ((st = cohl_policy_open(&policy, &params, &err)))
        ;
    else if (!strcmp(word[0], "check"))
        st = check(policy, a, word + 1, count - 1, &refused, &err);
    else if (!strcmp(word[0], "test"))
        st = test(policy, a, word + 1, count - 1, &below, &err);
    else if (!strcmp(word[0], "list"))
        list(policy, a);
    else if (!strcmp(word[0], "learn"))
        st = learn(policy, a, word + 1, count - 1, &err);
    else
        st = cohl_fail(&err, COHL_ERR_ARGUMENT, "cohl policy cannot \"%.40s\"; it can check, test, list, add, remove, "
                       "restore, learn", word[0]);
    cohl_policy_close(policy);
    free(own);
    return st ? cohl_command_fail(&err) : refused ? COHL_EXIT_REFUSED : below ? COHL_EXIT_FAILED : COHL_EXIT_OK;
}

static int run_policy(int argc, char **argv)
{
    asked a = { .share = 0.002 };
    const char *word[TEXTS_MAX];
    int exit_code, count = 0;
    const cohl_option options[] = {
        { "--lines", NULL, "check: a prompt a line on standard input, a verdict a line out", COHL_OPTION_FLAG, &a.lines, 0, 0 },
        { "--negative", NULL, "check: as a negative prompt", COHL_OPTION_FLAG, &a.negative, 0, 0 },
        { "--name", NULL, "check: as a file's name or a title", COHL_OPTION_FLAG, &a.name, 0, 0 },
        { "--misses", NULL, "test: also each line that was judged wrongly", COHL_OPTION_FLAG, &a.misses, 0, 0 },
        { "--table", NULL, "list: as the table of docs/policy.md", COHL_OPTION_FLAG, &a.table, 0, 0 },
        { "-o, --out", "FILE", "learn: where the weights go (classifier.weights of the packs)", COHL_OPTION_TEXT, &a.out, 0, 0 },
        { "--seed", "N", "learn: same lines and seed, same weights (0)", COHL_OPTION_SEED, &a.seed, 0, 0 },
        { "--share", "S", "learn: share of allowed lines that a category may take by mistake (0.002)", COHL_OPTION_NUMBER, &a.share, 0, 1 },
        { "--packs", "FOLDER", "the packs that ship (share/cohl/policy)", COHL_OPTION_TEXT, &a.packs, 0, 0 },
        { "--own", "FOLDER", "packs of your own (policy/ in Cohl's home)", COHL_OPTION_TEXT, &a.own, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "policy", "check TEXT... | test FILE.jsonl | list | add PACK.json | remove NAME | restore NAME | learn FILE.jsonl...",
        "check: may this be made? Exit code 3 and the reasons when not; several texts are the cards of\n"
        "a storyboard, read one by one and together. test: the policy measured on labelled lines, exit\n"
        "code 1 below its floors. list: packs, and entries by origin. add: a pack of your own joins, or replaces\n"
        "one of its name. remove: a pack of your own is deleted, one that ships is taken away; restore\n"
        "brings it back. learn: the classifier's weights.", options };
    if (!cohl_options_parse(&usage, argc, argv, word, 1, TEXTS_MAX, &exit_code))
        return exit_code;
    while (count < TEXTS_MAX && word[count])
        count++;
    return run(&a, word, count);
}

const cohl_command cohl_command_policy = { "policy", "may this be made, and why not", run_policy };
