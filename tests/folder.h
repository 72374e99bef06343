/* folder.h - a folder of its own for a test program, gone when it is over.
 *
 *     return cmocka_run_group_tests(tests, folder_make, folder_remove);
 *
 * For programs of one file; include it after cmocka.h. */
#ifndef COHL_TESTS_FOLDER_H
#define COHL_TESTS_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/cohl-test-XXXXXX";

static inline int folder_make(void **state)
{
    return !mkdtemp(folder);
}

static inline int folder_remove(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* A name in it; valid for seven calls more. */
static inline char *path_of(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

#endif
