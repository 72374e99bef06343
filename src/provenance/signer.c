/* signer.c - whose key signs.
 *
 * The folder is made whole beside its place and renamed, so that two first runs at a time end
 * with one root, and a killed one with none. */
#define _GNU_SOURCE
#include "provenance/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "provenance/cose.h"

/* Without trusted time a signature is good as long as its certificate is. */
enum { ROOT_YEARS = 30, LEAF_YEARS = 20, SERIAL_BYTES = 16 };

static cohl_status fail_crypto(cohl_error *err, const char *what)
{
    ERR_clear_error();
    return cohl_fail(err, COHL_ERR_IO, "OpenSSL could not make %s", what);
}

/* ---- keys and certificates --------------------------------------------------- */

static EVP_PKEY *new_key(const char *algorithm)
{
    return !strcmp(algorithm, "es256") ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                       : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static bool add_extension(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool added = extension && X509_add_ext(c, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

/* Positive, at random, below 2^127. */
static bool set_serial(X509 *c)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool set = RAND_bytes(bytes, sizeof bytes) == 1;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    set = set && (number = BN_bin2bn(bytes, sizeof bytes, NULL)) &&
          BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c));
    BN_free(number);
    return set;
}

static bool set_subject(X509 *c, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(c);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Cohl", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
}

/* issuer NULL: a root, signed by its own key. */
static X509 *new_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, int years)
{
    enum { A_DAY_BEFORE = -86400 };           /* clocks differ */
    X509 *c = X509_new(), *above = issuer ? issuer : c;
    bool leaf = issuer != NULL;
    const EVP_MD *md = EVP_PKEY_get_base_id(issuer_key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    bool made = c && X509_set_version(c, X509_VERSION_3) && set_serial(c) && set_subject(c, name) &&
        X509_set_issuer_name(c, X509_get_subject_name(above)) && X509_set_pubkey(c, key) &&
        X509_gmtime_adj(X509_getm_notBefore(c), A_DAY_BEFORE) &&
        X509_time_adj_ex(X509_getm_notAfter(c), years * 365, 0, NULL) &&
        add_extension(c, above, NID_basic_constraints, leaf ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
        add_extension(c, above, NID_key_usage, leaf ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign") &&
        add_extension(c, above, NID_subject_key_identifier, "hash") &&
        add_extension(c, above, NID_authority_key_identifier, "keyid") &&
        (!leaf || add_extension(c, above, NID_ext_key_usage, "critical,emailProtection,1.3.6.1.4.1.62558.2.1")) &&
        X509_sign(c, issuer_key, md) > 0;
    if (!made)
        X509_free(c);
    ERR_clear_error();
    return made ? c : NULL;
}

/* ---- files ------------------------------------------------------------------- */

/* A file of PEM with this mode from its first moment on, beside and renamed. */
static cohl_status write_pem(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key, cohl_error *err)
{
    char *path = cohl_path_join(folder, name), *beside = path ? cohl_part_path(path) : NULL;
    cohl_status st = COHL_OK;
    if (!beside) {
        free(path);
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, key ? 0600 : 0644);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    bool written = file && (!certificate || PEM_write_X509(file, certificate)) &&
                   (!key || PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)) &&
                   !fflush(file) && !fsync(fd);
    if (file && fclose(file))
        written = false;
    if (!written || rename(beside, path)) {
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot write: %s", path, strerror(errno));
        unlink(beside);
    }
    ERR_clear_error();
    free(beside);
    free(path);
    return st;
}

static cohl_status write_leaf(const char *folder, const char *algorithm, X509 *root, EVP_PKEY *root_key, cohl_error *err)
{
    EVP_PKEY *key = new_key(algorithm);
    X509 *leaf = key ? new_certificate(key, "Cohl on this machine", root, root_key, LEAF_YEARS) : NULL;
    cohl_status st = leaf ? write_pem(folder, "leaf.pem", leaf, key, err) : fail_crypto(err, "a signer's certificate");
    X509_free(leaf);
    EVP_PKEY_free(key);
    return st;
}

static cohl_status write_all(const char *folder, cohl_error *err)
{
    EVP_PKEY *key = new_key("ed25519");
    X509 *root = key ? new_certificate(key, "Cohl root of this installation", NULL, key, ROOT_YEARS) : NULL;
    cohl_status st = root ? write_pem(folder, "root.key", NULL, key, err) : fail_crypto(err, "a root");
    if (!st) st = write_pem(folder, "root.pem", root, NULL, err);
    if (!st) st = write_leaf(folder, "ed25519", root, key, err);
    X509_free(root);
    EVP_PKEY_free(key);
    return st;
}

static void remove_beside(const char *beside)
{
    static const char *const names[] = { "root.key", "root.pem", "leaf.pem" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = cohl_path_join(beside, names[i]);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(beside);
}

static cohl_status make_folder(const char *folder, cohl_error *err)
{
    char *beside = cohl_part_path(folder);
    if (!beside)
        return cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    cohl_status st = mkdir(beside, 0700) && errno != EEXIST
                         ? cohl_fail(err, COHL_ERR_IO, "%s: cannot make it: %s", beside, strerror(errno)) : COHL_OK;
    if (!st)
        st = write_all(beside, err);
    /* Another first run may have been quicker: its root is the one then. */
    if (!st && rename(beside, folder) && errno != EEXIST && errno != ENOTEMPTY)
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot give it its name: %s", folder, strerror(errno));
    remove_beside(beside);
    free(beside);
    return st;
}

/* The folder, made when it is not there. */
static cohl_status own_folder(char **out, cohl_error *err)
{
    char *home = NULL;
    cohl_status st = cohl_home_make(&home, "", err);
    free(home);
    if (!st) st = cohl_home_path(out, "signer", err);
    if (!st && !cohl_folder_exists(*out) && (st = make_folder(*out, err))) {
        free(*out);
        *out = NULL;
    }
    return st;
}

static cohl_status own_path(char **out, const char *name, cohl_error *err)
{
    char *folder = NULL;
    cohl_status st = own_folder(&folder, err);
    *out = st ? NULL : cohl_path_join(folder, name);
    if (!st && !*out)
        st = cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    free(folder);
    return st;
}

/* ---- open -------------------------------------------------------------------- */

static void warn_of_readers(cohl_signer *signer)
{
    struct stat info;
    if (!stat(signer->path, &info) && info.st_mode & (S_IRWXG | S_IRWXO))
        snprintf(signer->warning, sizeof signer->warning, "%.160s: others may read this key (mode %03o); chmod 600 keeps "
                 "it yours", signer->path, (unsigned)info.st_mode & 0777);
}

static cohl_status check(const cohl_signer *signer, cohl_error *err)
{
    const cohl_chain *chain = &signer->chain;
    const char *why;
    int place;
    if (!chain->key)
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: holds no private key beside its certificates", signer->path);
    if (X509_check_private_key(chain->certificate[0], chain->key) != 1) {
        ERR_clear_error();
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its key is not that of its first certificate (the signer's own comes "
                         "first)", signer->path);
    }
    if (cohl_certificate_fault(chain->certificate[0], time(NULL), &why))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its certificate %s", signer->path, why);
    if (!cohl_cose_alg_of(chain->key))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: C2PA has no signature by such a key", signer->path);
    if (!cohl_chain_in_order(chain, &place))
        return cohl_fail(err, COHL_ERR_FORMAT, "%s: its chain is out of order: certificate %d was not issued by certificate "
                         "%d", signer->path, place + 1, place + 2);
    return COHL_OK;
}

static cohl_status open_own(cohl_signer *out, cohl_error *err)
{
    cohl_status st = own_path(&out->path, "leaf.pem", err);
    out->own = true;
    return st ? st : cohl_chain_read(&out->chain, out->path, err);
}

/* The path in the file "use", or NULL when there is none. */
static cohl_status chosen(char **out, cohl_error *err)
{
    char *path = NULL;
    *out = NULL;
    cohl_status st = own_path(&path, "use", err);
    if (!st && cohl_file_exists(path))
        st = cohl_file_read(out, NULL, path, 4096, err);
    free(path);
    return st;
}

cohl_status cohl_signer_open(cohl_signer *out, const char *path, cohl_error *err)
{
    char *other = NULL;
    cohl_status st = COHL_OK;
    *out = (cohl_signer){ 0 };
    if (!path && !(st = chosen(&other, err)))
        path = other;
    if (!st && !path) {
        st = open_own(out, err);
    } else if (!st) {
        out->path = strdup(path);
        st = out->path ? cohl_chain_read(&out->chain, path, err) : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    }
    if (!st) st = check(out, err);
    if (!st) warn_of_readers(out);
    free(other);
    if (st)
        cohl_signer_close(out);
    return st;
}

void cohl_signer_close(cohl_signer *signer)
{
    cohl_chain_free(&signer->chain);
    free(signer->path);
    *signer = (cohl_signer){ 0 };
}

cohl_status cohl_signer_root(char **out, cohl_error *err) { return own_path(out, "root.pem", err); }

char *cohl_signer_root_there(void)
{
    char *path = NULL;
    if (cohl_home_path(&path, "signer/root.pem", NULL) || !cohl_file_exists(path)) {
        free(path);
        return NULL;
    }
    return path;
}

/* ---- rotate, use --------------------------------------------------------------- */

/* leaf.pem -> old/SERIAL.pem */
static cohl_status keep_old(const char *folder, X509 *leaf, cohl_error *err)
{
    cohl_certificate_words words = cohl_certificate_about(leaf);
    char *old = cohl_path_join(folder, "old"), *name = NULL;
    cohl_status st = old && asprintf(&name, "%s.pem", words.serial) > 0 ? cohl_folder_make(old, err)
                         : cohl_fail(err, COHL_ERR_MEMORY, "no memory for a name");
    if (!st)
        st = write_pem(old, name, leaf, NULL, err);
    free(old);
    free(name);
    return st;
}

cohl_status cohl_signer_rotate(const char *algorithm, cohl_error *err)
{
    cohl_signer before = { 0 };
    cohl_chain root = { 0 };
    char *folder = NULL, *path = NULL, *key = NULL;
    cohl_status st;
    if (algorithm && strcmp(algorithm, "ed25519") && strcmp(algorithm, "es256"))
        return cohl_fail(err, COHL_ERR_ARGUMENT, "the algorithm \"%.40s\" is not known, expected ed25519 or es256", algorithm);
    if ((st = own_folder(&folder, err)))                                      goto done;
    if ((st = own_path(&path, "root.pem", err)))                              goto done;
    if ((st = own_path(&key, "root.key", err)))                               goto done;
    if ((st = cohl_chain_read(&root, path, err)))                             goto done;
    if ((st = cohl_key_read(&root.key, key, err)))                            goto done;
    if ((st = open_own(&before, err)))                                        goto done;
    if ((st = keep_old(folder, before.chain.certificate[0], err)))            goto done;
    st = write_leaf(folder, algorithm ? algorithm : cohl_cose_alg_of(before.chain.key)->name, root.certificate[0], root.key,
                    err);
done:
    cohl_chain_free(&root);
    cohl_signer_close(&before);
    free(folder);
    free(path);
    free(key);
    return st;
}

cohl_status cohl_signer_use(const char *path, cohl_error *err)
{
    char *file = NULL, *whole = NULL;
    cohl_signer signer = { 0 };
    cohl_status st = own_path(&file, "use", err);
    if (!st && !path && unlink(file) && errno != ENOENT)
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot remove: %s", file, strerror(errno));
    if (!st && path && !(whole = realpath(path, NULL)))
        st = cohl_fail(err, COHL_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (!st && path) st = cohl_signer_open(&signer, whole, err);
    if (!st && path) st = cohl_file_write(file, whole, strlen(whole), err);
    cohl_signer_close(&signer);
    free(whole);
    free(file);
    return st;
}
