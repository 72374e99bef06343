/* protect.c - `cohl protect`: pictures and faces that no film may show. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/day.h"
#include "cli/deed.h"
#include "cli/options.h"
#include "cli/print.h"
#include "media/reader.h"
#include "media/still.h"
#include "protect/list.h"

typedef struct asked {
    const char *word[2];
    const char *name, *who, *why, *until, *ledger;
    bool        face, json;
    cohl_store *store;
    int64_t     now;
    int         code;           /* exit code when all went well */
} asked;

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- deeds ----------------------------------------------------------------------- */

static cohl_status add(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_text kept = { 0 };
    int64_t id = 0;
    cohl_protect_entry entry = { .kind = a->face ? COHL_PROTECT_FACE : COHL_PROTECT_PICTURE, .who = a->who, .why = a->why,
                                 .name = a->name ? a->name : file_name(a->word[1]) };
    cohl_status st = a->until ? cohl_read_day(&entry.until, a->until, err) : COHL_OK;
    if (!st) st = (a->face ? cohl_protect_read_face : cohl_protect_read)(&kept, a->word[1], err);
    entry.kept = kept.data, entry.kept_size = kept.size;
    if (!st) st = cohl_protect_say(a->store, err);
    if (!st) st = cohl_protect_add(&id, a->store, &entry, a->now, err);
    if (!st) st = cohl_protect_say(a->store, err);       /* again: a removal beside this one may have found none left */
    if (!st && a->json)
        cohl_print_json(json_pack("{s:b, s:I}", "ok", 1, "id", (json_int_t)id));
    else if (!st)
        printf("protected as number %lld: no film of this installation may show it\n", (long long)id);
    cohl_text_free(&kept);
    return st;
}

static void print_entry(const json_t *entry)
{
    printf("%4lld  %-8s", (long long)json_integer_value(json_object_get(entry, "id")), cohl_text_of(entry, "kind"));
    cohl_print_clean(cohl_text_of(entry, "name"));
    printf("  by ");
    cohl_print_clean(cohl_text_of(entry, "who"));
    printf(": ");
    cohl_print_clean(cohl_text_of(entry, "why"));
    printf("  (%s to %s%s)\n", cohl_text_of(entry, "added"),
           json_object_get(entry, "until") ? cohl_text_of(entry, "until") : "always",
           json_is_true(json_object_get(entry, "over")) ? ", over" : "");
}

static cohl_status list(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    json_t *all, *one;
    size_t i;
    cohl_status st = cohl_protect_json(&all, a->store, a->now, err);
    if (st)
        return st;
    if (a->json) {
        cohl_print_json(json_pack("{s:b, s:o}", "ok", 1, "protected", all));
        return COHL_OK;
    }
    json_array_foreach(all, i, one)
        print_entry(one);
    if (!json_array_size(all))
        puts("nothing is protected; `cohl protect add PICTURE --who ... --why ...` adds a picture");
    json_decref(all);
    return COHL_OK;
}

static cohl_status remove_entry(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    char *end;
    errno = 0;
    long long id = strtoll(a->word[1], &end, 10);
    if (id < 1 || *end || errno)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "\"%.40s\" is no number; `cohl protect list` tells them", a->word[1]);
    cohl_status st = cohl_protect_remove(a->store, id, err);
    if (!st && a->json)
        cohl_print_json(json_pack("{s:b, s:I}", "ok", 1, "id", (json_int_t)id));
    else if (!st)
        printf("number %lld is not protected any more\n", id);
    return st;
}

/* ---- what would be said of a file -------------------------------------------------- */

static void tell_seen(asked *a, const cohl_sighting *seen, int frame)
{
    char name[320];
    a->code = seen->picture ? COHL_EXIT_REFUSED : COHL_EXIT_OK;
    if (a->json && !seen->picture) {
        cohl_print_json(json_pack("{s:b, s:n}", "ok", 1, "seen"));
    } else if (a->json) {
        cohl_print_json(json_pack("{s:b, s:{s:I, s:i, s:b, s:b, s:i, s:i, s:f}}", "ok", 0, "seen", "id",
                                  (json_int_t)seen->picture, "frame", frame, "mirrored", seen->mirrored, "whole",
                                  seen->whole, "bits", seen->bits, "places", seen->places, "share", (double)seen->share));
    } else if (!seen->picture) {
        puts("no protected picture is seen in it");
    } else {
        cohl_protect_name(name, sizeof name, a->store, seen->picture);
        printf("frame %d shows ", frame);
        cohl_print_clean(name);
        printf("%s: %d of 64 bits of its fingerprint differ, %d places agree\n", seen->mirrored ? ", in a mirror" : "",
               seen->bits, seen->places);
    }
}

static cohl_status look_at_film(asked *a, cohl_gallery *gallery, cohl_error *err)
{
    cohl_film_reader *reader;
    cohl_sighting seen = { 0 };
    cohl_frame *frame = NULL;
    bool more = true;
    int number = -1;
    cohl_status st = cohl_film_reader_open(&reader, a->word[1], 0, 0, err);
    if (st)
        return st;
    const cohl_film_info *info = cohl_film_reader_info(reader);
    st = cohl_frame_new(&frame, info->width, info->height, err);
    while (!st && !seen.picture && !(st = cohl_film_reader_next(reader, frame, &more, err)) && more) {
        number++;
        st = cohl_gallery_look(&seen, gallery, frame, err);
    }
    if (!st)
        tell_seen(a, &seen, number);
    cohl_frame_free(frame);
    cohl_film_reader_close(reader);
    return st;
}

static cohl_status look(void *asked_by, cohl_error *err)
{
    asked *a = asked_by;
    cohl_gallery *gallery;
    cohl_sighting seen = { 0 };
    cohl_frame *picture = NULL;
    cohl_status st = cohl_protect_gallery(&gallery, a->store, a->now, err);
    if (!st && gallery && cohl_still_begins(a->word[1])) {
        st = cohl_still_read(&picture, a->word[1], err);
        if (!st) st = cohl_gallery_look(&seen, gallery, picture, err);
        if (!st) tell_seen(a, &seen, 0);
    } else if (!st && gallery) {
        st = look_at_film(a, gallery, err);
    } else if (!st) {
        tell_seen(a, &seen, 0);
    }
    cohl_frame_free(picture);
    cohl_gallery_free(gallery);
    return st;
}

/* ---- the command --------------------------------------------------------------------- */

static const cohl_deed deeds[] = {
    { "list", NULL, list }, { "add", "PICTURE", add }, { "remove", "N", remove_entry }, { "look", "FILE", look },
    { 0 }
};

static int run(asked *a)
{
    cohl_error err = { 0 };
    const cohl_deed *deed = cohl_deed_find("protect", deeds, a->word);
    if (!deed)
        return COHL_EXIT_USAGE;
    cohl_status st = cohl_protect_open(&a->store, a->ledger, &err);
    if (!st) st = deed->run(a, &err);
    cohl_store_close(a->store);
    return st ? cohl_command_fail(&err) : a->code;
}

static int run_protect(int argc, char **argv)
{
    asked a = { .now = (int64_t)time(NULL) };
    int exit_code;
    const cohl_option options[] = {
        { "--face", NULL, "add: the face in it, and not the picture", COHL_OPTION_FLAG, &a.face, 0, 0 },
        { "--who", "TEXT", "add: who asks for it, or signs for it", COHL_OPTION_TEXT, &a.who, 0, 0 },
        { "--why", "TEXT", "add: the reason, which a refusal tells", COHL_OPTION_TEXT, &a.why, 0, 0 },
        { "--until", "DAY", "add: the last day, 2027-01-31 (always)", COHL_OPTION_TEXT, &a.until, 0, 0 },
        { "--name", "TEXT", "add: what it is called (the file's name)", COHL_OPTION_TEXT, &a.name, 0, 0 },
        { "--ledger", "FILE", "another ledger (ledger.db in Cohl's home)", COHL_OPTION_TEXT, &a.ledger, 0, 0 },
        { "--json", NULL, "answer as JSON", COHL_OPTION_FLAG, &a.json, 0, 0 },
        { NULL, NULL, NULL, COHL_OPTION_FLAG, NULL, 0, 0 },
    };
    const cohl_usage usage = { "protect", "list|add|remove|look [FILE|N]",
                               "Pictures and faces that no film of this installation may show: each frame is compared with them\n"
                               "before it leaves; a picture is known also cut, in a mirror, larger, smaller, or as a part of the\n"
                               "frame, a face along its track (it needs the networks of cohl checks). What is kept of them tells\n"
                               "them when they are seen again; no picture is kept, and faces are encrypted. look says whether a\n"
                               "picture or film shows a protected picture (exit code 3).", options };
    if (!cohl_options_parse(&usage, argc, argv, a.word, 0, 2, &exit_code))
        return exit_code;
    return run(&a);
}

const cohl_command cohl_command_protect = { "protect", "pictures and faces that no film may show", run_protect };
