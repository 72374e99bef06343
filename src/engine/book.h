/* book.h - what a run leaves beside its film: its cost, its place in the ledger, its report.
 * For engine/ only.
 *
 * Nothing here reaches the film, and no failure here stops one: `said` keeps the first. */
#ifndef COHL_ENGINE_BOOK_H
#define COHL_ENGINE_BOOK_H

#include "base/digest.h"
#include "cohl/cohl.h"
#include "deliver/door.h"
#include "engine/consents.h"
#include "engine/engine.h"
#include "ledger/cost.h"

typedef struct engine_book {
    cohl_store  *ledger;                        /* NULL: none                            */
    cohl_tariff  tariff;
    cohl_meter  *meter;                         /* from open to cost                     */
    char         model_digest[COHL_DIGEST_HEX];
    engine_consents consents;                   /* that what is given needs, and has     */
    cohl_film_link link[4 + ENGINE_CONSENTS_MOST];   /* given pictures and films, consents */
    int          link_count;
    cohl_error   said;
} engine_book;

/* Opens the ledger and reads the tariff. */
void engine_book_open(engine_book *book, const cohl_engine *engine);
/* The request's pictures and films and their consents become links, the model its digest, and the meter begins. */
void engine_book_begin(engine_book *book, const cohl_engine *engine, const cohl_request *request);
/* COHL_ERR_REFUSED when this film, or what it would be made from, is blocked (ledger/films.h), or when the
 * ledger cannot be read and protects something (protect/list.h). */
cohl_status engine_book_check(const engine_book *book, const cohl_engine *engine, const char *recipe,
                              const cohl_request *request, cohl_error *err);
/* The meter ends: *out, and the cost as JSON in new memory, NULL when memory is out. */
char *engine_book_cost(engine_book *book, cohl_run_cost *out, double operations, double finished_seconds);
/* The cost goes to the film's row; the report to `path` (NULL: nowhere). */
void engine_book_write(engine_book *book, const cohl_run_report *report, const char *path, const char *film,
                       const char *recipe, const char *cost, const char *model);
void engine_book_close(engine_book *book);

/* joules, about, method, watts and money of so much work that nothing has measured. */
void engine_cost_estimate(cohl_run_cost *out, const cohl_tariff *tariff, double cpu_seconds, double operations);

#endif
