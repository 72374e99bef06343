/* deed.c - commands of several deeds. */
#include "cli/deed.h"

#include <stdio.h>
#include <string.h>

const cohl_deed *cohl_deed_find(const char *command, const cohl_deed *deeds, const char *const word[2])
{
    const cohl_deed *d = deeds;
    while (word[0] && d->name && strcmp(d->name, word[0]))
        d++;
    if (d->name && (!d->takes || word[1]))
        return d;
    if (d->name) {
        fprintf(stderr, "cohl %s: %s takes %s\n", command, d->name, d->takes);
        return NULL;
    }
    fprintf(stderr, "cohl %s: \"%.60s\" is not one of", command, word[0]);
    for (d = deeds; d->name; d++)
        fprintf(stderr, "%s %s", d == deeds ? "" : ",", d->name);
    fputs("\n", stderr);
    return NULL;
}
