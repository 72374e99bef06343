/* case.h - what people ask of films that are out: taken in, found, decided, carried out.
 *
 *     cohl_store *store;
 *     cohl_case_intake in = { .kind = COHL_CASE_LIKENESS, .about = "my face, without my consent", .file = "clip.mp4" };
 *     cohl_case_open(&store, NULL, err);
 *     st = cohl_case_receive(&made, store, &in, now, err);                 made.number, made.receipt
 *     st = cohl_case_acknowledge(&receipt, store, made.number, NULL, now, err);
 *     st = cohl_case_decide(&receipt, store, made.number, &decision, now, err);
 *     st = cohl_case_finish(&receipt, store, made.number, NULL, now, err);
 *
 * A case goes received -> acknowledged -> decided -> done. Each step is one transaction: the log's
 * entry (log.h), the state and the effects stand together or not at all, and what was confirmed
 * stays whatever kills the program. A decision may be taken anew: its effects replace the former's.
 *
 * Effects: films are blocked (not made again, not used: ledger/films.h), their descendants are
 * listed, words go into the operator's policy pack "requests", a picture onto the list of protected ones. */
#ifndef COHL_REQUESTS_CASE_H
#define COHL_REQUESTS_CASE_H

#include "ledger/films.h"
#include "requests/log.h"

extern const cohl_store_room cohl_case_room;

/* The store at path with the rooms of films, settings and requests; NULL: the installation's own. */
cohl_status cohl_case_open(cohl_store **out, const char *path, cohl_error *err);

typedef enum cohl_case_kind {
    COHL_CASE_LIKENESS, COHL_CASE_COPYRIGHT, COHL_CASE_TRAINING, COHL_CASE_OTHER, COHL_CASE_KIND_COUNT
} cohl_case_kind;

typedef enum cohl_case_state {
    COHL_CASE_RECEIVED, COHL_CASE_ACKNOWLEDGED, COHL_CASE_DECIDED, COHL_CASE_DONE
} cohl_case_state;

const char *cohl_case_kind_name(cohl_case_kind kind);        /* "likeness", "copyright", "training", "other" */
const char *cohl_case_kind_about(cohl_case_kind kind);       /* a line for help */
const char *cohl_case_state_name(cohl_case_state state);     /* "received", ... */

/* ---- taken in ------------------------------------------------------------ */

/* At least one of file, identifier, about. Texts at most COHL_CASE_TEXT_MAX bytes of UTF-8. */
enum { COHL_CASE_TEXT_MAX = 16384 };

typedef struct cohl_case_intake {
    cohl_case_kind kind;
    const char    *file;         /* a film or picture that shows it; NULL                          */
    const char    *identifier;   /* "urn:c2pa:...", a mark's 10 hex digits, a SHA-256, a film's number; NULL */
    const char    *about;        /* what is asked, in the words of who asks; NULL                  */
    const char    *from;         /* how to reach who asks; kept apart from the log and may be forgotten; NULL */
    const char    *answer;       /* JSON that is kept with it: the register's answer, say; NULL    */
} cohl_case_intake;

typedef struct cohl_case_made {
    int64_t      number;
    cohl_receipt receipt;
    int          found;          /* films of this installation it may be about */
} cohl_case_made;

/* COHL_ERR_ARGUMENT  nothing says what it is about; the identifier is none of the four
 * COHL_ERR_IO        the file cannot be read */
cohl_status cohl_case_receive(cohl_case_made *out, cohl_store *store, const cohl_case_intake *intake, int64_t now,
                              cohl_error *err);

/* Films that a file or an identifier is about, by each thing that is left of them (find.c); free with
 * cohl_film_hits_free. evidence: JSON of what was read from the file, new reference. */
cohl_status cohl_case_find_file(cohl_film_hits *out, json_t **evidence, cohl_store *store, const char *path,
                                cohl_error *err);
cohl_status cohl_case_find_identifier(cohl_film_hits *out, cohl_store *store, const char *identifier, cohl_error *err);
/* Films whose title or prompt has every word of the text; the newest 20. */
cohl_status cohl_case_find_words(cohl_film_hits *out, cohl_store *store, const char *text, cohl_error *err);

/* ---- carried on ---------------------------------------------------------- */

/* COHL_ERR_ARGUMENT: there is no such case, or it is not where this step begins. note may be NULL. */
cohl_status cohl_case_acknowledge(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                                  cohl_error *err);

typedef struct cohl_case_decision {
    bool           accepted;
    const char    *why;              /* required */
    const int64_t *block;            /* films to block; NULL with block_count -1: all that were found */
    int            block_count;
    bool           descendants;      /* and all that were made from them */
    const char    *words;            /* for the policy pack, separated by commas; NULL: none */
    const char    *picture;          /* a file whose picture is protected from then on (protect/list.h); NULL */
} cohl_case_decision;

cohl_status cohl_case_decide(cohl_receipt *out, cohl_store *store, int64_t number, const cohl_case_decision *decision,
                             int64_t now, cohl_error *err);
cohl_status cohl_case_finish(cohl_receipt *out, cohl_store *store, int64_t number, const char *note, int64_t now,
                             cohl_error *err);
/* Forget how to reach who asked. */
cohl_status cohl_case_forget(cohl_receipt *out, cohl_store *store, int64_t number, int64_t now, cohl_error *err);

/* ---- effects ------------------------------------------------------------- */

/* Write the policy pack of all words that decisions added, or remove it when there are none. folder:
 * the operator's packs; NULL: "policy" in the user's folder. Every step that may change words is
 * followed by it, and it may be called at any time: the store is what counts. */
cohl_status cohl_case_write_pack(cohl_store *store, const char *folder, cohl_error *err);

/* ---- told ---------------------------------------------------------------- */

/* One case with its log; open cases (all: every one), the next that is due first. New references. */
cohl_status cohl_case_json(json_t **out, cohl_store *store, int64_t number, int64_t now, cohl_error *err);
cohl_status cohl_case_list(json_t **out, cohl_store *store, bool all, int64_t now, cohl_error *err);

/* What is wrong: of the log (cohl_case_log_audit), of states that do not follow from it, of effects that
 * do not hold, of the pack in `folder` (as above). Sentences; an empty array when nothing is. */
cohl_status cohl_case_audit(json_t **out, cohl_store *store, const cohl_receipt *receipt, int receipt_count,
                            const char *folder, cohl_error *err);

#endif
