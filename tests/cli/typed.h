/* typed.h - the built command as somebody types it, in a folder that holds a tiny model.
 *
 *     cohl = realpath(argv[1], NULL), tiny_model = realpath(argv[2], NULL);
 *     return cmocka_run_group_tests(tests, set_up, tear_down);
 *
 * For programs of one file; include it after cmocka.h. */
#ifndef COHL_TESTS_CLI_TYPED_H
#define COHL_TESTS_CLI_TYPED_H

#include <stdarg.h>
#include <sys/wait.h>

#include "../folder.h"
#include "../sanitized.h"
#include "base/file.h"

static const char *cohl, *tiny_model;
static char typed[4096];         /* the last command's arguments */
static char *out, *said;         /* of the last command: stdout, stderr */

static void read_back(char **text, const char *name)
{
    free(*text);
    assert_int_equal(cohl_file_read(text, NULL, path_of(name), 1 << 24, NULL), COHL_OK);
}

/* sh runs "cohl ARGUMENTS" in the folder; returns the exit code. */
static int run(const char *format, ...)
{
    char *command;
    va_list args;
    va_start(args, format);
    vsnprintf(typed, sizeof typed, format, args);
    va_end(args);
    assert_true(asprintf(&command, "cd %s && %s %s >.out 2>.said </dev/null", folder, cohl, typed) > 0);
    int status = system(command);
    free(command);
    read_back(&out, ".out");
    read_back(&said, ".said");
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(int code, int wanted)
{
    if (code != wanted)
        fail_msg("cohl %s: exit code %d, expected %d; it said: %s", typed, code, wanted, said);
}

/* Reading all policy packs is a second of each command under sanitizers; these tests ask for two of them, and
 * tests/safety/ for all. */
static int leave_packs_out(void)
{
    static const char settings[] = "{\"removed\": [\"described\", \"hate\", \"likeness\", \"self-harm\", \"sexual\", "
                                   "\"style\", \"violence\"]}";
    char path[128];
    snprintf(path, sizeof path, "%s/.home/cohl/policy", folder);
    if (cohl_folder_make(path, NULL))
        return 1;
    snprintf(path, sizeof path, "%s/.home/cohl/policy/settings.json", folder);
    return cohl_file_write(path, settings, strlen(settings), NULL) != COHL_OK;
}

static int set_up(void **state)
{
    char command[256];
    if (folder_make(state))
        return 1;
    setenv("XDG_DATA_HOME", path_of(".home"), 1);
    if (SANITIZED && leave_packs_out())
        return 1;
    snprintf(command, sizeof command, "%s %s/tiny", tiny_model, folder);
    return system(command);
}

static int tear_down(void **state)
{
    free(out);
    free(said);
    return folder_remove(state);
}

#endif
