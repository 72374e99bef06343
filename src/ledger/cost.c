/* cost.c - what a film cost, told. */
#define _GNU_SOURCE
#include "ledger/cost.h"

#include <stdio.h>
#include <stdlib.h>

#include "ledger/settings.h"

cohl_status cohl_tariff_read(cohl_tariff *out, cohl_store *store, cohl_error *err)
{
    char *currency = NULL;
    cohl_status st = cohl_setting_number(&out->watts, store, "energy.watts", err);
    if (!st) st = cohl_setting_number(&out->price, store, "energy.price", err);
    if (!st) st = cohl_setting_text(&currency, store, "energy.currency", err);
    if (!st)
        snprintf(out->currency, sizeof out->currency, "%s", currency);
    free(currency);
    return st;
}

json_t *cohl_cost_json(const cohl_cost *c, const cohl_tariff *tariff, double finished_seconds)
{
    double money = cohl_tariff_money(tariff, c->joules), each = 1 / finished_seconds;
    json_t *json = json_pack("{s:f, s:f, s:I, s:f, s:f, s:f, s:f, s:s, s:f, s:s}",
                             "wall_seconds", c->wall_seconds, "cpu_seconds", c->cpu_seconds,
                             "peak_bytes", (json_int_t)c->peak_bytes, "operations", c->operations,
                             "joules", c->joules, "kwh", c->joules / 3.6e6, "gpu_joules", c->gpu_joules,
                             "method", c->method, "watts", c->watts, "about", c->about);
    json_t *second = json_pack("{s:f, s:f, s:f, s:f}", "wall_seconds", each * c->wall_seconds, "cpu_seconds",
                               each * c->cpu_seconds, "operations", each * c->operations, "joules", each * c->joules);
    bool priced = tariff->price > 0;
    json_object_set_new(json, "money", priced ? json_pack("{s:f, s:s, s:f}", "amount", money, "currency",
                                                          tariff->currency, "price_per_kwh", tariff->price)
                                              : json_null());
    json_object_set_new(second, "money", priced ? json_real(each * money) : json_null());
    json_object_set_new(json, "finished_seconds", json_real(finished_seconds));
    json_object_set_new(json, "per_finished_second", second);
    return json;
}
