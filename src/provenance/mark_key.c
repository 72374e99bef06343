/* mark_key.c - keys in their folder, and pseudo-random bytes from them. */
#define _GNU_SOURCE
#include "provenance/mark_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"

static const char heading[] = "cohl mark key 1\n";

enum { HEADING = sizeof heading - 1, FILE_SIZE = HEADING + 2 * COHL_MARK_KEY_BYTES + 1 };

const cohl_mark_key cohl_mark_public = { "Cohl's public mark, version one", 0 };

cohl_status cohl_mark_keys_folder(char **out, cohl_error *err)
{
    return cohl_home_path(out, "keys/marks", err);
}

/* ---- files ---------------------------------------------------------------- */

static char *key_path(const char *folder, int number)
{
    char *path;
    return asprintf(&path, "%s/%d.key", folder, number) < 0 ? NULL : path;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_key(cohl_mark_key *key, const char *text, size_t size)
{
    if (size != FILE_SIZE || memcmp(text, heading, HEADING) || text[FILE_SIZE - 1] != '\n')
        return false;
    for (int i = 0; i < COHL_MARK_KEY_BYTES; i++) {
        int high = nibble(text[HEADING + 2 * i]), low = nibble(text[HEADING + 2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key->secret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static cohl_status read_key(cohl_mark_keys *keys, const char *folder, int number, cohl_error *err)
{
    cohl_mark_key *key = &keys->key[keys->count];
    char *path = key_path(folder, number), *text = NULL;
    struct stat about;
    size_t size = 0;
    cohl_status st = path ? cohl_file_read(&text, &size, path, 4096, err)
                          : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a key");
    if (!st && !parse_key(key, text, size))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%s: is not a key of marks: expected a heading and %d hexadecimal digits",
                       path, 2 * COHL_MARK_KEY_BYTES);
    if (!st) {
        key->number = number;
        keys->count++;
        keys->exposed = keys->exposed || (!stat(path, &about) && (about.st_mode & 077));
    }
    free(text);
    free(path);
    return st;
}

/* The number of "12.key", 0 for other names. */
static int number_of(const char *name)
{
    char *end;
    long number = *name >= '1' && *name <= '9' ? strtol(name, &end, 10) : 0;
    return number > 0 && number < 1000000 && !strcmp(end, ".key") ? (int)number : 0;
}

static int newest_first(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

cohl_status cohl_mark_keys_load(cohl_mark_keys *keys, const char *folder, cohl_error *err)
{
    int number[COHL_MARK_KEYS_MAX], count = 0;
    const struct dirent *entry;
    cohl_status st = COHL_OK;
    *keys = (cohl_mark_keys){ .count = 0 };
    DIR *open = opendir(folder);
    if (!open && errno != ENOENT)
        return cohl_fail(err, COHL_ERR_IO, "%s: cannot be listed: %s", folder, strerror(errno));
    while (open && !st && (entry = readdir(open))) {
        int n = number_of(entry->d_name);
        if (n && count == COHL_MARK_KEYS_MAX)
            st = cohl_fail(err, COHL_ERR_FORMAT, "%s: holds more than %d keys", folder, COHL_MARK_KEYS_MAX);
        else if (n)
            number[count++] = n;
    }
    if (open)
        closedir(open);
    qsort(number, (size_t)count, sizeof *number, newest_first);
    for (int i = 0; i < count && !st; i++)
        st = read_key(keys, folder, number[i], err);
    return st;
}

/* A key file is never replaced: link() fails where rename() would overwrite, so of two
 * programs that make key n at once one has to look again. */
static cohl_status write_key(const char *path, const cohl_mark_key *key, cohl_error *err)
{
    char text[FILE_SIZE + 1], *part = cohl_part_path(path);
    memcpy(text, heading, HEADING);
    for (int i = 0; i < COHL_MARK_KEY_BYTES; i++)
        snprintf(text + HEADING + 2 * i, 3, "%02x", key->secret[i]);
    text[FILE_SIZE - 1] = '\n';
    if (!part)
        return cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory to write it", path);
    int file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = file >= 0 && write(file, text, FILE_SIZE) == FILE_SIZE && !fsync(file);
    if (file >= 0)
        written = !close(file) && written;
    written = written && !link(part, path);
    cohl_status st = written ? COHL_OK
                             : cohl_fail(err, COHL_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    unlink(part);
    free(part);
    return st;
}

cohl_status cohl_mark_keys_add(cohl_mark_keys *keys, const char *folder, cohl_error *err)
{
    cohl_mark_key fresh = { .number = keys->count ? keys->key[0].number + 1 : 1 };
    cohl_status st;
    if (keys->count == COHL_MARK_KEYS_MAX)
        return cohl_fail(err, COHL_ERR_ARGUMENT, "%s: holds %d keys already", folder, COHL_MARK_KEYS_MAX);
    if (RAND_bytes(fresh.secret, sizeof fresh.secret) != 1)
        return cohl_fail(err, COHL_ERR_IO, "the system gives no random bytes for a key");
    if ((st = cohl_home_make_folder(folder, err)))
        return st;
    char *path = key_path(folder, fresh.number);
    st = path ? write_key(path, &fresh, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a key");
    free(path);
    if (st)
        return st;
    memmove(keys->key + 1, keys->key, (size_t)keys->count * sizeof *keys->key);
    keys->key[0] = fresh;
    keys->count++;
    return COHL_OK;
}

cohl_status cohl_mark_keys_need(cohl_mark_keys *keys, const char *folder, cohl_error *err)
{
    cohl_status st = cohl_mark_keys_load(keys, folder, err);
    if (st || keys->count)
        return st;
    cohl_error raced = { 0 };
    if ((st = cohl_mark_keys_add(keys, folder, &raced))) {    /* another program may just have made it */
        cohl_status again = cohl_mark_keys_load(keys, folder, err);
        return again || keys->count ? again : cohl_fail(err, st, "%s", raced.text);
    }
    return COHL_OK;
}

/* ---- pseudo-random bytes ------------------------------------------------------ */

void cohl_mark_stream(const cohl_mark_key *key, const char *label, uint8_t *out, size_t size)
{
    uint8_t message[64], block[EVP_MAX_MD_SIZE];
    size_t length = strnlen(label, sizeof message - 8);
    memcpy(message, label, length);
    for (uint64_t n = 0; size; n++) {
        size_t take = size < 32 ? size : 32;
        for (int i = 0; i < 8; i++)
            message[length + (size_t)i] = (uint8_t)(n >> (56 - 8 * i));
        HMAC(EVP_sha256(), key->secret, COHL_MARK_KEY_BYTES, message, length + 8, block, NULL);
        memcpy(out, block, take);
        out += take, size -= take;
    }
}

uint64_t cohl_mark_identifier(const cohl_mark_key *key, const char *recipe)
{
    static const char label[] = "identifier";
    uint8_t own[32], sum[EVP_MAX_MD_SIZE];
    uint64_t identifier = 0;
    HMAC(EVP_sha256(), key->secret, COHL_MARK_KEY_BYTES, (const uint8_t *)label, sizeof label - 1, own, NULL);
    HMAC(EVP_sha256(), own, sizeof own, (const uint8_t *)recipe, strlen(recipe), sum, NULL);
    for (int i = 0; i < COHL_MARK_ID_BITS / 8; i++)
        identifier = identifier << 8 | sum[i];
    return identifier;
}

void cohl_mark_identifier_text(char out[COHL_MARK_ID_HEX], uint64_t identifier)
{
    snprintf(out, COHL_MARK_ID_HEX, "%010llx", (unsigned long long)identifier);
}
