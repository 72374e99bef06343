/* secret.c - bytes that are kept encrypted.
 *
 * "CSG1", a nonce of 12 random bytes, what was encrypted, a tag of 16. */
#define _GNU_SOURCE
#include "protect/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"

enum { KEY = 32, MAGIC = 4, NONCE = 12, TAG = 16, MOST = 1 << 20 };

static const char heading[] = "cohl key of faces 1\n", magic[] = "CSG1";

enum { HEADING = sizeof heading - 1, FILE_SIZE = HEADING + 2 * KEY + 1 };

/* ---- the key ------------------------------------------------------------------- */

static cohl_status read_key(uint8_t key[KEY], const char *path, cohl_error *err)
{
    char *text;
    size_t size;
    cohl_status st = cohl_file_read(&text, &size, path, 4096, err);
    if (st)
        return st;
    bool good = size == FILE_SIZE && !memcmp(text, heading, HEADING);
    for (int i = 0; i < KEY && good; i++) {
        unsigned byte;
        good = sscanf(text + HEADING + 2 * i, "%2x", &byte) == 1;
        key[i] = (uint8_t)byte;
    }
    OPENSSL_cleanse(text, size);
    free(text);
    return good ? COHL_OK : cohl_fail(err, COHL_ERR_FORMAT, "%s: is not a key of faces: expected a heading and %d "
                                      "hexadecimal digits", path, 2 * KEY);
}

/* Never replaces one: link() fails where rename() would overwrite. Another program's key is as good. */
static cohl_status make_key(const char *path, cohl_error *err)
{
    uint8_t key[KEY];
    char text[FILE_SIZE + 1], *part = cohl_part_path(path);
    if (!part || RAND_bytes(key, KEY) != 1) {
        free(part);
        return cohl_fail(err, COHL_ERR_IO, "%s: there are no random bytes for a key", path);
    }
    memcpy(text, heading, HEADING);
    for (int i = 0; i < KEY; i++)
        snprintf(text + HEADING + 2 * i, 3, "%02x", key[i]);
    text[FILE_SIZE - 1] = '\n';
    int file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = file >= 0 && write(file, text, FILE_SIZE) == FILE_SIZE && !fsync(file);
    if (file >= 0)
        written = !close(file) && written;
    written = written && (!link(part, path) || errno == EEXIST);
    cohl_status st = written ? COHL_OK : cohl_fail(err, COHL_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    unlink(part);
    free(part);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(text, sizeof text);
    return st;
}

static cohl_status key_of(uint8_t key[KEY], bool make, cohl_error *err)
{
    char *folder, *path = NULL;
    cohl_status st = make ? cohl_home_make(&folder, "keys", err) : cohl_home_path(&folder, "keys", err);
    if (st)
        return st;
    if (!(path = cohl_path_join(folder, "faces.key")))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st && make && !cohl_file_exists(path))
        st = make_key(path, err);
    if (!st)
        st = read_key(key, path, err);
    free(path);
    free(folder);
    return st;
}

/* ---- there and back --------------------------------------------------------------- */

static bool encrypt(uint8_t *out, const uint8_t key[KEY], const char *purpose, const void *data, size_t size)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *nonce = out + MAGIC, *body = nonce + NONCE;
    int length = 0;
    memcpy(out, magic, MAGIC);
    bool good = c && RAND_bytes(nonce, NONCE) == 1 && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(c, NULL, &length, (const uint8_t *)purpose, (int)strlen(purpose)) == 1 &&
                EVP_EncryptUpdate(c, body, &length, data, (int)size) == 1 &&
                EVP_EncryptFinal_ex(c, body + length, &length) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, body + size) == 1;
    EVP_CIPHER_CTX_free(c);
    return good;
}

static bool decrypt(uint8_t *out, const uint8_t key[KEY], const char *purpose, const uint8_t *sealed, size_t size)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const uint8_t *nonce = sealed + MAGIC, *body = nonce + NONCE;
    int length = 0;
    bool good = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_DecryptUpdate(c, NULL, &length, (const uint8_t *)purpose, (int)strlen(purpose)) == 1 &&
                EVP_DecryptUpdate(c, out, &length, body, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, (void *)(uintptr_t)(body + size)) == 1 &&
                EVP_DecryptFinal_ex(c, out + length, &length) == 1;
    EVP_CIPHER_CTX_free(c);
    return good;
}

cohl_status cohl_secret_seal(cohl_text *out, const char *purpose, const void *data, size_t size, cohl_error *err)
{
    uint8_t key[KEY], *sealed;
    cohl_status st = size && size <= MOST ? key_of(key, true, err)
                                          : cohl_fail(err, COHL_ERR_ARGUMENT, "%zu bytes are not to be kept", size);
    if (st)
        return st;
    if (!(sealed = malloc(MAGIC + NONCE + size + TAG)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to encrypt %zu bytes", size);
    else if (!encrypt(sealed, key, purpose, data, size))
        st = cohl_fail(err, COHL_ERR_IO, "%zu bytes cannot be encrypted", size);
    else
        cohl_text_add_bytes(out, sealed, MAGIC + NONCE + size + TAG);
    if (!st && out->failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory to encrypt %zu bytes", size);
    OPENSSL_cleanse(key, sizeof key);
    free(sealed);
    return st;
}

cohl_status cohl_secret_open(cohl_text *out, const char *purpose, const void *sealed, size_t size, cohl_error *err)
{
    uint8_t key[KEY], *open;
    if (size <= MAGIC + NONCE + TAG || size > MOST || memcmp(sealed, magic, MAGIC))
        return cohl_fail(err, COHL_ERR_FORMAT, "%zu bytes that were not encrypted here", size);
    size -= MAGIC + NONCE + TAG;
    cohl_status st = key_of(key, false, err);
    if (st)
        return st;
    if (!(open = malloc(size)))
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %zu bytes", size);
    else if (!decrypt(open, key, purpose, sealed, size))
        st = cohl_fail(err, COHL_ERR_FORMAT, "%zu bytes were changed, or encrypted under another key", size);
    else
        cohl_text_add_bytes(out, open, size);
    if (!st && out->failed)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for %zu bytes", size);
    if (open)
        OPENSSL_cleanse(open, size);
    OPENSSL_cleanse(key, sizeof key);
    free(open);
    return st;
}
