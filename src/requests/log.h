/* log.h - an append-only log whose entries hold each other.
 *
 * Each entry carries the digest of the one before:
 *
 *     digest = SHA-256(previous "\n" at "\n" case "\n" event "\n" body "\n")
 *
 * at in seconds since 1970, body JSON on one line, previous 64 zeros for the first. Who changes,
 * removes or moves an entry breaks a link that cohl_case_log_audit names. Who may write the whole file
 * could also compute a new chain: against that stands the receipt, number and digest of an
 * entry, which is given out when it is made and which the audit finds again or misses. */
#ifndef COHL_REQUESTS_LOG_H
#define COHL_REQUESTS_LOG_H

#include <jansson.h>

#include "base/digest.h"
#include "store/store.h"

extern const cohl_store_room cohl_case_log_room;

/* An entry's place and digest; as text "17:ab12...", which `audit --receipt` reads. */
typedef struct cohl_receipt {
    int64_t entry;
    char    digest[COHL_DIGEST_HEX];
} cohl_receipt;

/* Add an entry, inside the caller's transaction. body is dumped as it is; at in seconds since 1970. */
cohl_status cohl_case_log_add(cohl_receipt *out, cohl_store *store, int64_t at, int64_t case_number, const char *event,
                           const json_t *body, cohl_error *err);

/* What is wrong with the log, as sentences that name the entry: a JSON array, empty when nothing is.
 * receipts: that must be found, may be NULL when receipt_count is 0. */
cohl_status cohl_case_log_audit(json_t **out, cohl_store *store, const cohl_receipt *receipt, int receipt_count,
                             cohl_error *err);

/* All entries of a case (0: of all) as JSON, in order: entry, at, case, event, body, digest, previous. */
cohl_status cohl_case_log_json(json_t **out, cohl_store *store, int64_t case_number, cohl_error *err);

/* "17:DIGEST" to a receipt. COHL_ERR_ARGUMENT: it is not one. */
cohl_status cohl_receipt_read(cohl_receipt *out, const char *text, cohl_error *err);

#endif
