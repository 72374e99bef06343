/* consent.h - who agreed to be shown: records of consent, given, looked up and revoked.
 *
 *     cohl_consent_given given = { .who = "Ann Example", .why = "the spring film", .print = &print };
 *     st = cohl_consent_give(id, store, &given, now, err);                 id: "consent-3f9a..."
 *     st = cohl_consents_load(&consents, store, now, err);                 those in force
 *     if (cohl_consents_find(id, &distance, consents, embedding)) ...      whose face is this?
 *     st = cohl_consent_revoke(store, id, "she changed her mind", now, err);
 *     st = cohl_ledger_linked(&film, &count, store, "consent", id, err);   the films made with it
 *
 * A picture or film that is given and shows a real face needs one, where the networks that see faces are
 * installed. Its id goes into the film's credentials and into the ledger. What is kept of the face are numbers, encrypted
 * (secret.h), until they are forgotten; the record itself stays, so that what was made under it can be told. */
#ifndef COHL_PROTECT_CONSENT_H
#define COHL_PROTECT_CONSENT_H

#include <jansson.h>

#include "protect/face_print.h"
#include "store/store.h"

extern const cohl_store_room cohl_consent_room;

enum { COHL_CONSENT_ID = 25 };         /* "consent-" and 16 hex digits, with the zero */

typedef struct cohl_consent_given {
    const char            *who;        /* agreed                                                  */
    const char            *why;        /* to what: in their words                                 */
    int64_t                until;      /* it holds until then, seconds since 1970; 0: for good     */
    const cohl_face_print *print;      /* of their face                                           */
} cohl_consent_given;

/* COHL_ERR_ARGUMENT  a text is missing, too long or not UTF-8; it would be over already */
cohl_status cohl_consent_give(char id[COHL_CONSENT_ID], cohl_store *store, const cohl_consent_given *given, int64_t now,
                              cohl_error *err);

/* The faces of the consents in force, decrypted when a face is first compared with them, wiped when freed. An entry that
 * cannot be read consents to nothing. For one thread at a time. */
typedef struct cohl_consents cohl_consents;
cohl_status cohl_consents_load(cohl_consents **out, cohl_store *store, int64_t now, cohl_error *err);
void        cohl_consents_free(cohl_consents *consents);

/* The one whose face is nearest and nearer than COHL_FACE_NEAR; false and id "" when there is none (consents may be
 * NULL). */
bool cohl_consents_find(char id[COHL_CONSENT_ID], double *distance, cohl_consents *consents,
                        const float numbers[COHL_FACE_NUMBERS]);

/* Is it in force: given, not over, not revoked? */
cohl_status cohl_consent_holds(bool *out, cohl_store *store, const char *id, int64_t now, cohl_error *err);

/* Consents that a film of this installation was made with, by a file's SHA-256: new memory, free(*id). *own: the
 * ledger knows the file. */
cohl_status cohl_consents_of_file(char (**id)[COHL_CONSENT_ID], int *count, bool *own, cohl_store *store,
                                  const char *digest, cohl_error *err);

/* COHL_ERR_ARGUMENT: there is no such consent; it is revoked already; the reason is missing. */
cohl_status cohl_consent_revoke(cohl_store *store, const char *id, const char *why, int64_t now, cohl_error *err);
/* Remove what is kept of the face. The record stays, and finds nothing any more. */
cohl_status cohl_consent_forget(cohl_store *store, const char *id, cohl_error *err);

/* id, who, why, given, until, state ("in force", "over", "revoked"), revoked, revoked_why, face (kept or not), films
 * (made with it). One, or all. New references. */
cohl_status cohl_consent_json(json_t **out, cohl_store *store, const char *id, int64_t now, cohl_error *err);
cohl_status cohl_consent_list(json_t **out, cohl_store *store, int64_t now, cohl_error *err);

#endif
