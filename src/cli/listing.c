/* listing.c - what all commands accept, asked of the commands themselves. */
#include "cli/listing.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef struct walk {
    cohl_listing_fn    *fn;
    void               *user;
    const cohl_command *command;
} walk;

static void hand_on(void *user, const cohl_usage *usage)
{
    walk *w = user;
    w->fn(w->user, w->command, usage);
}

void cohl_listing_walk(cohl_listing_fn *fn, void *user)
{
    walk w = { .fn = fn, .user = user };
    cohl_options_tell(hand_on, &w);
    for (int i = 0; cohl_commands[i]; i++) {
        char *argv[] = { (char *)cohl_commands[i]->name, NULL };
        w.command = cohl_commands[i];
        cohl_commands[i]->run(1, argv);
    }
    cohl_options_tell(NULL, NULL);
}

bool cohl_listing_is_path(const char *value)
{
    static const char *const paths[] = { "FILE", "FILM", "FOLDER", "PATH", "RECIPE", "PICTURE", "ROOTS" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (value && !strncmp(value, paths[i], strlen(paths[i])))
            return true;
    return false;
}

bool cohl_listing_word(const char **words, char out[COHL_OPTION_NAME_BYTES])
{
    while (**words) {
        const char *at = *words + strspn(*words, "[| ");
        size_t length = 0;
        while (islower((unsigned char)at[length]) && length < COHL_OPTION_NAME_BYTES - 1)
            length++;
        const char *end = strchr(at, '|');
        *words = end ? end + 1 : at + strlen(at);
        bool whole = length && !isalnum((unsigned char)at[length]);
        if (whole) {
            memcpy(out, at, length);
            out[length] = 0;
            return true;
        }
    }
    return false;
}
