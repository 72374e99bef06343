/* signer.h - whose key signs: the installation's own, or an operator's.
 *
 * The first use makes the installation's own root and a certificate that signs, in the folder
 * "signer" of the user's own files (base/home.h):
 *
 *     root.pem  root.key      the root, who vouches for this installation's signers
 *     leaf.pem                the signer: its certificate and its key, so that both change at once
 *     old/                    signers of before, certificates only
 *     use                     a file of an operator's key and chain, when that is to sign
 *
 * Keys are Ed25519 (or ES256 by choice), files of mode 0600. No one else trusts such a root by
 * itself: who wants that takes a certificate from an authority on the C2PA trust list. */
#ifndef COHL_PROVENANCE_SIGNER_H
#define COHL_PROVENANCE_SIGNER_H

#include "provenance/certificate.h"

typedef struct cohl_signer {
    cohl_chain chain;             /* with its key                                        */
    char      *path;              /* of the file with the key                            */
    bool       own;               /* the installation's                                  */
    char       warning[256];      /* "" or a sentence: the key may be read by others ... */
} cohl_signer;

/* path: a PEM file with the private key and the chain, signer first; NULL: the one that was
 * chosen by cohl_signer_use, else the installation's own, made now if there is none.
 *
 * COHL_ERR_IO      the file or the folder cannot be opened or made
 * COHL_ERR_FORMAT  what it holds cannot sign credentials: the sentence says why (expired, of
 *                  wrong usage, signed by itself, chain out of order, another's key) */
cohl_status cohl_signer_open(cohl_signer *out, const char *path, cohl_error *err);
void cohl_signer_close(cohl_signer *signer);

/* Path of the installation's root, made now if there is none; free() it. */
cohl_status cohl_signer_root(char **out, cohl_error *err);

/* The same, or NULL when there is none yet: makes nothing. */
char *cohl_signer_root_there(void);

/* A new key and certificate under the same root; the certificate of before goes to old/.
 * algorithm: "ed25519" or "es256"; NULL as before. */
cohl_status cohl_signer_rotate(const char *algorithm, cohl_error *err);

/* Sign with this file from now on; NULL: with the installation's own again. It is opened first. */
cohl_status cohl_signer_use(const char *path, cohl_error *err);

#endif
