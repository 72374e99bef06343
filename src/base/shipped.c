/* shipped.c - what ships with the program. */
#define _GNU_SOURCE
#include "base/shipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { FLOORS_UP = 4 };

/* "folder/name" if it is there, else NULL. */
static char *folder_in(const char *folder, const char *name)
{
    char *path = cohl_path_join(folder, name);
    if (path && cohl_folder_exists(path))
        return path;
    free(path);
    return NULL;
}

char *cohl_shipped_folder(const char *name, const char *installed)
{
    char place[4096], share[4200];
    ssize_t size = readlink("/proc/self/exe", place, sizeof place - 1);
    place[size > 0 ? size : 0] = 0;
    for (int up = 0; up < FLOORS_UP; up++) {
        char *slash = strrchr(place, '/');
        if (!slash || slash == place)
            break;
        *slash = 0;
        char *path = folder_in(place, name);
        snprintf(share, sizeof share, "%s/share/cohl", place);
        if (!path)
            path = folder_in(share, name);
        if (path)
            return path;
    }
    return folder_in(installed, name);
}
