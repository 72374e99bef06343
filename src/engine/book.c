/* book.c - what a run leaves beside its film. */
#define _GNU_SOURCE
#include "base/json.h"
#include "engine/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ledger/models.h"
#include "protect/list.h"
#include "tensor/backend.h"

void engine_book_open(engine_book *book, const cohl_engine *engine)
{
    *book = (engine_book){ 0 };
    if (!engine->ledger || *engine->ledger)
        cohl_protect_open(&book->ledger, engine->ledger, &book->said);
    if (cohl_tariff_read(&book->tariff, book->ledger, book->said.status ? NULL : &book->said))
        cohl_tariff_read(&book->tariff, NULL, NULL);
}

/* The first film that is gone on from is C2PA's parent, the second a component, a picture an input. */
static void add_links(engine_book *book, const cohl_request *r)
{
    const cohl_film_link all[] = {
        { .relation = "parent", .digest = r->clip_sha256[0] }, { .relation = "component", .digest = r->clip_sha256[1] },
        { .relation = "input", .digest = r->image_sha256 }, { .relation = "input", .digest = r->last_image_sha256 } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].digest)
            book->link[book->link_count++] = all[i];
    for (int i = 0; i < book->consents.count; i++)
        book->link[book->link_count++] = (cohl_film_link){ .relation = "consent", .name = book->consents.id[i] };
}

void engine_book_begin(engine_book *book, const cohl_engine *engine, const cohl_request *request)
{
    cohl_error *err = book->said.status ? NULL : &book->said;
    cohl_meter_params params = cohl_meter_params_default();
    params.watts = book->tariff.watts, params.gpu = engine->weights.backend->on_gpu;
    add_links(book, request);
    cohl_ledger_model_digest(book->model_digest, book->ledger, engine->model->folder, err);
    cohl_meter_begin(&book->meter, &params, book->said.status ? NULL : err);
}

cohl_status engine_book_check(const engine_book *book, const cohl_engine *engine, const char *recipe,
                              const cohl_request *request, cohl_error *err)
{
    const char *digests[] = { request->clip_sha256[0], request->clip_sha256[1], request->image_sha256,
                              request->last_image_sha256 };
    if (!book->ledger)
        return book->said.status ? cohl_protect_unread(engine->ledger, err) : COHL_OK;
    cohl_status st = cohl_ledger_check(book->ledger, recipe, NULL, NULL, err);
    for (int i = 0; i < 4 && !st; i++)
        if (digests[i])
            st = cohl_ledger_check(book->ledger, NULL, digests[i], NULL, err);
    return st;
}

/* ---- cost ---------------------------------------------------------------- */

static void set_money(cohl_run_cost *out, const cohl_tariff *tariff)
{
    out->money = cohl_tariff_money(tariff, out->joules);
    out->price = tariff->price;
    snprintf(out->currency, sizeof out->currency, "%s", tariff->price > 0 ? tariff->currency : "");
}

void engine_cost_estimate(cohl_run_cost *out, const cohl_tariff *tariff, double cpu_seconds, double operations)
{
    *out = (cohl_run_cost){ .cpu_seconds = cpu_seconds, .operations = operations, .method = "estimate",
                            .watts = tariff->watts, .joules = tariff->watts * cpu_seconds };
    snprintf(out->about, sizeof out->about, "estimated: %.4g W for each second of a processor core", tariff->watts);
    set_money(out, tariff);
}

char *engine_book_cost(engine_book *book, cohl_run_cost *out, double operations, double finished_seconds)
{
    cohl_cost cost;
    cohl_meter_end(book->meter, &cost);
    book->meter = NULL;
    cost.operations = operations;
    *out = (cohl_run_cost){ .cpu_seconds = cost.cpu_seconds, .peak_bytes = cost.peak_bytes, .operations = operations,
                            .joules = cost.joules, .gpu_joules = cost.gpu_joules, .watts = cost.watts };
    snprintf(out->method, sizeof out->method, "%s", cost.method);
    snprintf(out->about, sizeof out->about, "%s", cost.about);
    set_money(out, &book->tariff);
    json_t *json = cohl_cost_json(&cost, &book->tariff, finished_seconds);
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(json);
    return text;
}

/* ---- beside the film ----------------------------------------------------- */

static void write_report(engine_book *book, const cohl_run_report *r, const char *path, const char *film,
                         const char *recipe, const char *cost, const char *model)
{
    const char *name = strrchr(film, '/');
    json_t *json = json_pack("{s:o, s:i, s:i, s:i, s:I, s:s, s:o, s:{s:s, s:s}, s:o, s:o}",
                             "film", cohl_json_name(name && name[1] ? name + 1 : film), "frames", r->frames, "steps", r->steps, "passes", r->passes, "bytes",
                             (json_int_t)r->bytes, "packets", r->packets, "recipe", json_loads(recipe, 0, NULL),
                             "model", "name", model, "digest", book->model_digest, "cost", json_loads(cost, 0, NULL),
                             "ledger_film", r->ledger_film ? json_integer(r->ledger_film) : json_null());
    char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    cohl_error *err = book->said.status ? NULL : &book->said;
    if (text)
        cohl_file_write(path, text, strlen(text), err);
    else
        cohl_fail(err, COHL_ERR_MEMORY, "%s: no memory for the report", path);
    free(text);
    json_decref(json);
}

void engine_book_write(engine_book *book, const cohl_run_report *report, const char *path, const char *film,
                       const char *recipe, const char *cost, const char *model)
{
    if (report->ledger_film)
        cohl_ledger_set_cost(book->ledger, report->ledger_film, cost, book->said.status ? NULL : &book->said);
    if (path && cost)
        write_report(book, report, path, film, recipe, cost, model);
}

void engine_book_close(engine_book *book)
{
    cohl_meter_end(book->meter, NULL);
    cohl_store_close(book->ledger);
    book->meter = NULL, book->ledger = NULL;
}
